# A host that was just set up: GRUB on BIOS, no libvirt and no QEMU, whose packages lie in a repository on its own disk. Beside
# it lie kernel and initial ramdisk of an inner guest that stays on, as an operator would have copied them there.

. "$here/grub-bios.sh"

finish_boot() {
  # The lists of the download are thrown away; those of the host's own repository are fetched while it installs its boot loader.
  add_grub_installer '/dev/vda && apt-get -q update'
  echo 'deb [trusted=yes] file:/srv/virtualization ./' > "$root/etc/apt/sources.list"
  mkdir -p -m 711 "$root/var/lib/libvirt" "$root/var/lib/libvirt/images"
  add_agent_guest
}

# The inner guest prints the PCI functions that it sees to the serial line, answers to libvirt through QEMU's guest agent, and
# ends when it is asked to: by the agent, or by its power button.
add_agent_guest() {
  guest=$work/guest
  mkdir -p "$guest/bin" "$guest/sbin" "$guest/lib" "$guest/lib64" "$guest/modules" "$guest/etc/acpi/PWRF"
  cp "$(command -v busybox)" "$guest/bin/busybox"
  add_guest_agent
  add_guest_modules
  for program in sbin/shutdown etc/acpi/PWRF/00000080; do
    printf '#!/bin/busybox sh\nexec /bin/busybox poweroff -f\n' > "$guest/$program"
    chmod +x "$guest/$program"
  done
  cat > "$guest/init" <<'INIT'
#!/bin/busybox sh
# Daemons end at once, behind the back of who started them, where they cannot write their log and their number.
/bin/busybox mkdir -p /proc /sys /dev /run /var/log
/bin/busybox ln -s /run /var/run
# The shell finds the programs of busybox through /proc.
/bin/busybox mount -t proc none /proc
mount -t sysfs none /sys
mount -t devtmpfs none /dev
for module in /modules/*; do
  insmod "$module"
done
echo GUEST-UP
for device in /sys/bus/pci/devices/*; do
  echo "$device" $(cat "$device/vendor" "$device/device" "$device/class")
done
echo GUEST-DONE
acpid
for port in $(grep -lx org.qemu.guest_agent.0 /sys/class/virtio-ports/*/name); do
  port=${port%/name}
  qemu-ga --method=virtio-serial --path="/dev/${port##*/}" --statedir=/run --daemonize
  until [ -s /run/qemu-ga.pid ]; do
    sleep 1
  done
  echo GUEST-AGENT
done
while :; do
  sleep 3600
done
INIT
  chmod +x "$guest/init"
  (cd "$guest" && find . | cpio --quiet -o -H newc) > "$root/var/lib/libvirt/images/agent-guest-initrd.cpio"
  rm -rf "$guest" "$root/srv/guest-agent"
}

# QEMU's guest agent with the libraries that it is linked to: its own, and those that the host has anyway.
add_guest_agent() {
  for package in "$root"/srv/guest-agent/*.deb; do
    dpkg-deb -x "$package" "$root/srv/guest-agent"
  done
  cp "$root/srv/guest-agent/usr/sbin/qemu-ga" "$guest/bin/"
  in_root env LD_LIBRARY_PATH=/srv/guest-agent/usr/lib/x86_64-linux-gnu ldd /srv/guest-agent/usr/sbin/qemu-ga > "$work/libraries"
  for library in $(awk '$2 == "=>" { print $3 } $1 ~ "^/" { print $1 }' "$work/libraries"); do
    cp -L "$root$library" "$guest/lib/"
  done
  mv "$guest/lib/ld-linux-x86-64.so.2" "$guest/lib64/"
}

# Modules of the host's kernel, which is the guest's too, in the order in which they load.
add_guest_modules() {
  version=$(ls "$root/lib/modules")
  for module in virtio_pci virtio_console e1000e button evdev; do
    in_root modprobe --set-version="$version" --show-depends "$module"
  done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' > "$work/modules"
  count=10
  for module in $(cat "$work/modules"); do
    cp "$root$module" "$guest/modules/$count-${module##*/}"
    count=$((count + 1))
  done
}

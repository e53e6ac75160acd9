#!/bin/sh
# Builds the disk of the lab host: Debian 12 with libvirt, booting through its own GRUB, ready for ssh as root.
#
# usage: build-image.sh FOLDER
# Leaves in FOLDER: base.qcow2 (the disk), id and id.pub (root's login key), host-key.pub (the machine's ssh key).
# Needs root, and the packages listed in tools/setup/system-packages.mjs under "lab".
set -eu

out=${1:?usage: build-image.sh FOLDER}
work=$out/work
root=$work/root

# Only what the lab's emulated machine needs to find its disk: unpacking a general initramfs costs a minute under emulation.
initramfs_modules='virtio_pci virtio_blk ext4 crc32c_generic'

# Kernel subtrees for hardware that the emulated machine does not have.
unused_modules='sound drivers/media drivers/net/wireless drivers/infiniband drivers/staging drivers/iio drivers/bluetooth
drivers/gpu/drm/amd drivers/gpu/drm/i915 drivers/gpu/drm/nouveau drivers/gpu/drm/radeon fs/ocfs2 fs/ceph fs/xfs fs/btrfs'

say() {
  echo "lab image: $*"
}

install_debian() {
  packages=linux-image-amd64,grub-pc,systemd-sysv,udev,dbus,openssh-server,iproute2,pciutils,kmod,initramfs-tools
  packages=$packages,libvirt-daemon-system,libvirt-clients,qemu-system-x86,seabios,sudo,procps,zstd
  set -- --variant=minbase --include="$packages" --aptopt='APT::Install-Recommends "false"'
  for tree in share/doc share/man share/locale share/info; do
    set -- "$@" --dpkgopt="path-exclude=/usr/$tree/*"
  done
  for tree in $unused_modules; do
    set -- "$@" --dpkgopt="path-exclude=/lib/modules/*/kernel/$tree/*"
  done
  # Before the kernel package runs its own initramfs generation, so that it runs once and in the small form.
  set -- "$@" --essential-hook='mkdir -p "$1/etc/initramfs-tools/conf.d" "$1/usr/share/initramfs-tools/modules.d"'
  set -- "$@" --essential-hook='echo MODULES=list > "$1/etc/initramfs-tools/conf.d/lab"'
  set -- "$@" --essential-hook="printf '%s\\n' $initramfs_modules > \"\$1/usr/share/initramfs-tools/modules.d/lab\""
  mmdebstrap "$@" bookworm "$root"
}

configure_host() {
  echo kvm-lab > "$root/etc/hostname"
  echo '127.0.0.1 localhost kvm-lab' > "$root/etc/hosts"
  echo '/dev/vda2 / ext4 defaults 0 1' > "$root/etc/fstab"
  printf '[Match]\nName=enp0s2\n[Network]\nDHCP=yes\n' > "$root/etc/systemd/network/10-lab.network"
  systemctl_enable systemd-networkd.service
  ssh-keygen -q -t ed25519 -N '' -C passthrough-lab -f "$out/id"
  mkdir -p -m 700 "$root/root/.ssh"
  cp "$out/id.pub" "$root/root/.ssh/authorized_keys"
  # A reverse lookup of the client's address has nobody to ask here, and would cost every login its time-out.
  echo 'UseDNS no' > "$root/etc/ssh/sshd_config.d/lab.conf"
  cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$out/host-key.pub"
  configure_grub
}

systemctl_enable() {
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
  ln -sf "/lib/systemd/system/$1" "$root/etc/systemd/system/multi-user.target.wants/$1"
}

configure_grub() {
  cat > "$root/etc/default/grub" <<'GRUB'
# the operator's own comment stays
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="console=ttyS0 intel_iommu=off"
GRUB_TERMINAL=serial
GRUB
}

# The inner guest: its init prints the PCI functions it sees to the serial line, then powers off.
add_inner_guest() {
  images=$root/var/lib/libvirt/images
  mkdir -p "$images" "$work/guest/bin"
  cp "$(command -v busybox)" "$work/guest/bin/busybox"
  cat > "$work/guest/init" <<'INIT'
#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys
/bin/busybox mount -t proc none /proc
/bin/busybox mount -t sysfs none /sys
echo GUEST-UP
for device in /sys/bus/pci/devices/*; do
  echo "$device" $(/bin/busybox cat "$device/vendor" "$device/device" "$device/class")
done
echo GUEST-DONE
/bin/busybox poweroff -f
INIT
  chmod +x "$work/guest/init"
  (cd "$work/guest" && find . | cpio --quiet -o -H newc) > "$images/guest-initrd.cpio"
  cp "$root"/boot/vmlinuz-* "$images/guest-vmlinuz"
  cat > "$root/root/guest.xml" <<'XML'
<domain type='qemu'>
  <name>guest</name>
  <memory unit='MiB'>128</memory>
  <vcpu>1</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>/var/lib/libvirt/images/guest-vmlinuz</kernel>
    <initrd>/var/lib/libvirt/images/guest-initrd.cpio</initrd>
    <cmdline>console=ttyS0 panic=1</cmdline>
  </os>
  <devices>
    <serial type='file'>
      <source path='/var/log/libvirt/qemu/guest-serial.log'/>
      <target port='0'/>
    </serial>
  </devices>
</domain>
XML
}

# Runs once inside the emulator, in place of init: GRUB can only be installed from a system that stands on its own disk.
add_boot_installer() {
  cat > "$root/install-boot-loader" <<'INSTALLER'
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw /
systemd-machine-id-setup
grub-install /dev/vda && update-grub && echo BOOT-LOADER-INSTALLED
rm -f /install-boot-loader
sync
mount -o remount,ro /
exec systemctl --force --force poweroff
INSTALLER
  chmod +x "$root/install-boot-loader"
}

make_disk() {
  disk=$work/disk.raw
  truncate -s 6G "$disk"
  sgdisk -n1:2048:+1M -t1:ef02 -n2:0:0 -t2:8300 "$disk" > "$work/sgdisk.log"
  first=$(sgdisk -i2 "$disk" | awk '/First sector/ { print $3 }')
  last=$(sgdisk -i2 "$disk" | awk '/Last sector/ { print $3 }')
  mke2fs -q -t ext4 -F -d "$root" -E "offset=$((first * 512))" "$disk" "$(((last - first + 1) / 2))k"
}

install_boot_loader() {
  timeout 600 qemu-system-x86_64 -accel tcg,thread=multi -machine q35 -cpu max -smp 2 -m 1024 \
    -display none -serial "file:$work/boot.log" -monitor none -nic none -no-reboot \
    -drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
    -kernel "$root"/boot/vmlinuz-* -initrd "$root"/boot/initrd.img-* \
    -append 'root=/dev/vda2 rw console=ttyS0 quiet panic=1 init=/install-boot-loader' < /dev/null
  grep -q BOOT-LOADER-INSTALLED "$work/boot.log" || {
    cat "$work/boot.log" >&2
    say "the boot loader was not installed; the emulator's serial log is above" >&2
    exit 1
  }
}

[ "$(id -u)" = 0 ] || { say "run as root: the file owners of the image come from the file system" >&2; exit 1; }
mkdir -p "$work"
say "1/4 installing Debian packages (about 2 minutes)"
install_debian
say "2/4 configuring the host and its inner guest"
configure_host
add_inner_guest
add_boot_installer
say "3/4 writing the disk"
make_disk
say "4/4 installing GRUB inside the emulator (about 1 minute)"
install_boot_loader
qemu-img convert -f raw -O qcow2 "$disk" "$out/base.qcow2"
rm -rf "$work"
say "done: $out/base.qcow2"

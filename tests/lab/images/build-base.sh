#!/bin/sh
# Builds what all lab hosts share: Debian 12 with libvirt and an inner guest, without a kernel and a boot loader, whose
# packages lie in it ready to be installed. So the images are made of one download.
#
# usage: build-base.sh FOLDER
# Leaves in FOLDER: root.tar (the file system), id and id.pub (root's login key), host-key.pub (the machines' ssh key).
# Needs root, and the packages listed in tools/setup/system-packages.mjs under "lab".
set -eu

out=${1:?usage: build-base.sh FOLDER}
root=$out/root

# Kernel subtrees for hardware that the emulated machine does not have.
unused_modules='sound drivers/media drivers/net/wireless drivers/infiniband drivers/staging drivers/iio drivers/bluetooth
drivers/gpu/drm/amd drivers/gpu/drm/i915 drivers/gpu/drm/nouveau drivers/gpu/drm/radeon fs/ocfs2 fs/ceph fs/xfs fs/btrfs'

say() {
  echo "lab base: $*"
}

install_debian() {
  packages=systemd-sysv,udev,dbus,openssh-server,iproute2,pciutils,kmod,sudo,procps,zstd
  packages=$packages,libvirt-daemon-system,libvirt-clients,qemu-system-x86,seabios
  set -- --variant=minbase --include="$packages" --aptopt='APT::Install-Recommends "false"'
  for tree in share/doc share/man share/locale share/info; do
    set -- "$@" --dpkgopt="path-exclude=/usr/$tree/*"
  done
  for tree in $unused_modules; do
    set -- "$@" --dpkgopt="path-exclude=/lib/modules/*/kernel/$tree/*"
  done
  # The images install offline: their packages and the lists that name them stay.
  set -- "$@" --skip=cleanup/apt --customize-hook='rm -f "$1"/var/cache/apt/archives/*.deb'
  for choice in 'initramfs-tools grub-pc' 'initramfs-tools grub-efi-amd64' 'dracut systemd-boot'; do
    set -- "$@" --customize-hook="APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG apt-get -q -y install --download-only $choice linux-image-amd64"
  done
  mmdebstrap "$@" bookworm "$root"
}

configure_host() {
  echo kvm-lab > "$root/etc/hostname"
  echo '127.0.0.1 localhost kvm-lab' > "$root/etc/hosts"
  printf '[Match]\nName=enp0s2\n[Network]\nDHCP=yes\n' > "$root/etc/systemd/network/10-lab.network"
  mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
  ln -sf /lib/systemd/system/systemd-networkd.service "$root/etc/systemd/system/multi-user.target.wants/"
  ssh-keygen -q -t ed25519 -N '' -C passthrough-lab -f "$out/id"
  mkdir -p -m 700 "$root/root/.ssh"
  cp "$out/id.pub" "$root/root/.ssh/authorized_keys"
  # A reverse lookup of the client's address has nobody to ask here, and would cost every login its time-out.
  echo 'UseDNS no' > "$root/etc/ssh/sshd_config.d/lab.conf"
  cp "$root/etc/ssh/ssh_host_ed25519_key.pub" "$out/host-key.pub"
}

# The inner guest: its init prints the PCI functions it sees to the serial line, then powers off. Its kernel is the host's.
add_inner_guest() {
  guest=$out/guest
  mkdir -p "$guest/bin" "$root/var/lib/libvirt/images"
  cp "$(command -v busybox)" "$guest/bin/busybox"
  cat > "$guest/init" <<'INIT'
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
  chmod +x "$guest/init"
  (cd "$guest" && find . | cpio --quiet -o -H newc) > "$root/var/lib/libvirt/images/guest-initrd.cpio"
  rm -rf "$guest"
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

[ "$(id -u)" = 0 ] || { say "run as root: the file owners of the image come from the file system" >&2; exit 1; }
say "1/2 installing Debian packages (about 2 minutes)"
install_debian
say "2/2 configuring the host and its inner guest"
configure_host
add_inner_guest
tar -C "$root" -cf "$out/root.tar" .
rm -rf "$root"
say "done: $out/root.tar"

#!/bin/sh
# Builds the disk of one kind of lab host: the shared base, with a kernel and a boot loader, ready for ssh as root.
#
# usage: build-image.sh IMAGE BASE FOLDER
# IMAGE names the file beside this one that says what is special; BASE is a folder that build-base.sh filled.
# Leaves in FOLDER: base.qcow2 (the disk), id and id.pub (root's login key), host-key.pub (the machine's ssh key).
# Needs root, and the packages listed in tools/setup/system-packages.mjs under "lab".
set -eu

usage='usage: build-image.sh IMAGE BASE FOLDER'
here=$(dirname "$0")
image=${1:?$usage}
base=${2:?$usage}
out=${3:?$usage}
work=$out/work
root=$work/root
disk=$work/disk.raw
root_uuid=$(cat /proc/sys/kernel/random/uuid)

say() {
  echo "lab image $image: $*"
}

# The image says: $packages; $first_partition, as sgdisk options; configure_boot, before the packages are there;
# finish_boot, once they are; write_boot, once the root file system is on the disk.
. "$here/boot.sh"
. "$here/$image.sh"

install_packages() {
  mkdir -p "$root"
  tar -C "$root" -xf "$base/root.tar"
  echo "UUID=$root_uuid / ext4 defaults 0 1" > "$root/etc/fstab"
  in_root systemd-machine-id-setup
  mask_idle_services
  configure_boot
  # All packages lie in the base already.
  in_root apt-get -q -y install --no-download $packages linux-image-amd64
  finish_boot
  cp "$root"/boot/vmlinuz-* "$root/var/lib/libvirt/images/guest-vmlinuz"
  in_root apt-get clean
  rm -rf "$root"/var/lib/apt/lists/*
}

# What looks for work at each boot and finds none here: under emulation that costs a boot half of its time.
mask_idle_services() {
  for unit in e2scrub_reap.service e2scrub_all.timer modprobe@drm.service apt-daily.timer apt-daily-upgrade.timer; do
    ln -s /dev/null "$root/etc/systemd/system/$unit"
  done
}

# Runs a command inside the new file system; the mounts are gone with the command.
in_root() {
  unshare --mount sh -ec 'root=$1; shift
    mount -t proc proc "$root/proc"; mount -t sysfs -o ro sysfs "$root/sys"; mount --bind /dev "$root/dev"
    exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive chroot "$root" "$@" </dev/null
  ' in-root "$root" "$@"
}

make_disk() {
  truncate -s 6G "$disk"
  sgdisk $first_partition -n2:0:0 -t2:8300 "$disk" > "$work/sgdisk.log"
  first=$(sector_of First 2)
  last=$(sector_of Last 2)
  mke2fs -q -t ext4 -F -U "$root_uuid" -d "$root" -E "offset=$((first * 512))" "$disk" "$(((last - first + 1) / 2))k"
}

# sector_of First|Last PARTITION
sector_of() {
  sgdisk -i"$2" "$disk" | awk -v which="$1" '$1 == which && $2 == "sector:" { print $3 }'
}

[ "$(id -u)" = 0 ] || { say "run as root: the file owners of the image come from the file system" >&2; exit 1; }
mkdir -p "$work"
say "1/3 installing $packages and a kernel"
install_packages
say "2/3 writing the disk"
make_disk
say "3/3 making it boot"
write_boot
qemu-img convert -f raw -O qcow2 "$disk" "$out/base.qcow2"
cp -p "$base/id" "$base/id.pub" "$base/host-key.pub" "$out/"
rm -rf "$work"
say "done: $out/base.qcow2"

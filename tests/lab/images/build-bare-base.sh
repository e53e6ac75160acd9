#!/bin/sh
# Builds what the bare lab host is made of: Debian 12 without libvirt and QEMU. Their packages lie in a repository on its disk, so
# that apt-get installs them offline, as on a host that was just set up. Names, keys and network are those of the other hosts.
#
# usage: build-bare-base.sh BASE FOLDER
# BASE is a folder that build-base.sh filled. Leaves the same files in FOLDER.
# Needs root, and the packages listed in tools/setup/system-packages.mjs under "lab".
set -eu

usage='usage: build-bare-base.sh BASE FOLDER'
base=${1:?$usage}
out=${2:?$usage}
root=$out/root
work=$out/work

# What a host may be asked to install.
virtualization='qemu-system-x86 qemu-utils libvirt-daemon-system libvirt-clients ovmf'

say() {
  echo "lab bare base: $*"
}

install_debian() {
  packages=systemd-sysv,udev,dbus,openssh-server,iproute2,pciutils,kmod,sudo,procps,zstd
  options=etc/dpkg/dpkg.cfg.d/99mmdebstrap
  mkdir -p "$work"
  # Which files of a package a lab host leaves out.
  tar -C "$work" -xf "$base/root.tar" "./$options"
  set -- --variant=minbase --include="$packages" --dpkgopt="$work/$options" --aptopt='APT::Install-Recommends "false"'
  # The image installs offline: its packages and the lists that name them stay.
  set -- "$@" --skip=cleanup/apt --customize-hook='rm -f "$1"/var/cache/apt/archives/*.deb'
  download='APT_CONFIG=$MMDEBSTRAP_APT_CONFIG apt-get -q -y install --download-only'
  set -- "$@" --customize-hook="$download initramfs-tools grub-pc linux-image-amd64"
  # What the host installs, and what its guest runs.
  for folder in virtualization guest-agent; do
    set -- "$@" --customize-hook="mkdir -p \"\$1\"/srv/$folder/partial"
  done
  set -- "$@" --customize-hook="$download -o Dir::Cache::archives=\"\$1\"/srv/virtualization $virtualization"
  set -- "$@" --customize-hook="$download -o Dir::Cache::archives=\"\$1\"/srv/guest-agent qemu-guest-agent"
  mmdebstrap "$@" bookworm "$root"
}

# An index makes a repository of a folder of packages.
make_repository() {
  rm -rf "$root/srv/virtualization/partial" "$root/srv/virtualization/lock"
  (cd "$root/srv/virtualization" && dpkg-scanpackages --multiversion . > Packages) 2> "$work/index.log"
}

configure_host() {
  tar -C "$root" -xf "$base/root.tar" --wildcards ./etc/hostname ./etc/hosts './etc/systemd/network/*' \
    './etc/systemd/system/multi-user.target.wants/systemd-networkd.service' './root/.ssh/*' \
    './etc/ssh/ssh_host_*' './etc/ssh/sshd_config.d/*'
  cp -p "$base/id" "$base/id.pub" "$base/host-key.pub" "$out/"
}

[ "$(id -u)" = 0 ] || { say "run as root: the file owners of the image come from the file system" >&2; exit 1; }
say "1/2 installing Debian packages and downloading others (about 2 minutes)"
install_debian
say "2/2 making the repository and configuring the host"
make_repository
configure_host
tar -C "$root" -cf "$out/root.tar" .
rm -rf "$root" "$work"
say "done: $out/root.tar"

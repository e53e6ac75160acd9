#!/bin/sh
# update-initramfs -u [-k RELEASE]: builds the image of a kernel, the newest by default, and renames it.
release=
while [ $# -gt 0 ]; do
  case $1 in -k) shift; release=$1 ;; esac
  shift
done
cd "$PASSTHROUGH_ROOT" || exit 1
for image in boot/initrd.img-*; do
  case $image in *.passthrough-*) continue ;; esac
  newest=$(printf '%s\n%s\n' "${newest-}" "${image#boot/initrd.img-}" | sort -V | tail -n 1)
done
: "${release:=$newest}"
mkinitramfs -o "/boot/initrd.img-$release.new" "$release" || exit 1
mv -f "boot/initrd.img-$release.new" "boot/initrd.img-$release"

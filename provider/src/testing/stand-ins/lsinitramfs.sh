#!/bin/sh
# Lists the files of an initial ramdisk, one a line, as lsinitramfs of initramfs-tools does.
case ${1-} in "$PASSTHROUGH_ROOT"/*) image=$1 ;; *) image=$PASSTHROUGH_ROOT${1-} ;; esac
read -r head <"$image" || exit 1
case $head in 'initial ramdisk of '*) ;; *) echo 'cpio: premature end of archive' >&2; exit 1 ;; esac
awk -F '\t' 'NR > 1 { print $1 }' "$image"

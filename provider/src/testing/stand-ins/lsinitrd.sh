#!/bin/sh
# Describes an initial ramdisk and lists its files as `ls -l` does, as dracut's lsinitrd prints them.
case ${1-} in "$PASSTHROUGH_ROOT"/*) image=$1 ;; *) image=$PASSTHROUGH_ROOT${1-} ;; esac
[ -f "$image" ] || { echo "No <initramfs file> specified and the default image '$image' cannot be accessed!" >&2; exit 1; }
read -r head <"$image"
line='========================================================================'
printf 'Image: %s: 1M\n%s\n' "$image" "$line"
case $head in 'initial ramdisk of '*) ;; *) echo 'cpio: premature end of archive' >&2; exit 1 ;; esac
printf 'Version: dracut-059-16.fc40\n\nArguments: -f --kver %s\n\ndracut modules:\nsystemd\nbash\n%s\n' "${head##* }" "$line"
echo 'drwxr-xr-x   1 root     root            0 Apr  3  2024 .'
echo 'lrwxrwxrwx   1 root     root            7 Apr  3  2024 bin -> usr/bin'
awk -F '\t' 'NR > 1 { print "-rw-r--r--   1 root     root          100 Apr  3  2024 " $1 }' "$image"
echo "$line"

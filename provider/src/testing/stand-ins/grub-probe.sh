#!/bin/sh
# Says on what kind of file system, and on what layers, the boot folder lies.
target=fs
for word; do case $word in --target=*) target=${word#--target=} ;; esac; done
. "$SIMULATED_HOST/machine.sh"
case $target in
fs) echo "$BOOT_FILE_SYSTEM" ;;
abstraction) echo "$BOOT_ABSTRACTION" ;;
fs_uuid) echo "${ROOT_ARGUMENT#UUID=}" ;;
device) echo "$BOOT_DEVICE" ;;
*) echo "grub-probe: error: unknown target $target." >&2; exit 1 ;;
esac

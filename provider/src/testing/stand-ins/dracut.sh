#!/bin/sh
# dracut [--force] [IMAGE [RELEASE]]: reads /etc/dracut.conf.d as bash does, where `+=` joins texts without a blank
# (dracut.conf(5) warns of it), installs items that exist and complains of others (dracut-install), and loads forced
# drivers by a file in etc/cmdline.d (dracut.sh).
force=no
while [ $# -gt 0 ]; do
  case $1 in
  -f | --force) force=yes ;;
  -*) ;;
  *) break ;;
  esac
  shift
done
[ "$SIMULATED_USER" = root ] || { echo 'dracut: not root' >&2; exit 1; }
release=${2:-$(uname -r)}
out=${1:-/boot/initramfs-$release.img}
case $out in "$PASSTHROUGH_ROOT"/*) ;; *) out=$PASSTHROUGH_ROOT$out ;; esac
if [ -e "$out" ] && [ "$force" = no ]; then
  echo "dracut: Will not override existing initramfs ($out) without --force" >&2
  exit 1
fi
. "$SIMULATED_HOST/machine.sh"
PATH=$SIMULATED_PATH
cd "$PASSTHROUGH_ROOT" || exit 1
[ -d "lib/modules/$release" ] || { echo "dracut: Cannot find module directory /lib/modules/$release/" >&2; exit 1; }
folder=$(mktemp -d "$PASSTHROUGH_ROOT/tmp/dracut.XXXXXX") || exit 1
trap 'rm -rf "$folder"' EXIT
umask 022
words=$(bash -c 'for file in etc/dracut.conf.d/*.conf; do [ -e "$file" ] && . "./$file"; done
  echo "drivers $add_drivers $force_drivers"; echo "forced $force_drivers"; echo "items $install_items"')
mkdir -p "$folder/usr/lib/modules/$release/kernel/drivers" "$folder/etc/cmdline.d" "$folder/usr/lib/udev/rules.d" || exit 1
: >"$folder/usr/lib/udev/rules.d/80-drivers.rules"
for module in $EARLY_MODULES $(printf '%s\n' "$words" | sed -n 's/^drivers //p'); do
  : >"$folder/usr/lib/modules/$release/kernel/drivers/$module.ko"
done
for module in $(printf '%s\n' "$words" | sed -n 's/^forced //p'); do
  echo "rd.driver.pre=$module" >>"$folder/etc/cmdline.d/20-force_drivers.conf"
done
for item in $(printf '%s\n' "$words" | sed -n 's/^items //p'); do
  if [ -e "${item#/}" ]; then
    mkdir -p "$folder/$(dirname "${item#/}")" && cp -p "${item#/}" "$folder/${item#/}"
  else
    echo "dracut-install: ERROR: installing '$item'" >&2
  fi
done
"$SIMULATED_HOST/lib/pack-ramdisk" "$release" "$folder" "$out"

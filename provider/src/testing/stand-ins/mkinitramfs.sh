#!/bin/sh
# Builds an initial ramdisk as Debian 12's initramfs-tools does: modules of the configuration, all rules of the operator
# (hooks/udev of its udev package), and what executable hooks add; a hook that fails ends it.
out=
while [ $# -gt 1 ]; do
  case $1 in
  -o) shift; out=$1 ;;
  -*) ;;
  esac
  shift
done
release=$1
[ "$SIMULATED_USER" = root ] || { echo 'W: mkinitramfs: not root' >&2; exit 1; }
case $out in "$PASSTHROUGH_ROOT"/*) ;; *) out=$PASSTHROUGH_ROOT$out ;; esac
. "$SIMULATED_HOST/machine.sh"
PATH=$SIMULATED_PATH
cd "$PASSTHROUGH_ROOT" || exit 1
[ -d "lib/modules/$release" ] || { echo "W: missing /lib/modules/$release" >&2; exit 1; }
DESTDIR=$(mktemp -d "$PASSTHROUGH_ROOT/tmp/mkinitramfs_XXXXXX") || exit 1
export DESTDIR
trap 'rm -rf "$DESTDIR"' EXIT
umask 022
mkdir -p "$DESTDIR/usr/lib/udev/rules.d" "$DESTDIR/conf" || exit 1
: >"$DESTDIR/usr/lib/udev/rules.d/80-drivers.rules"

manual_add_modules() {
  mkdir -p "$DESTDIR/usr/lib/modules/$release/kernel/drivers"
  for module; do : >"$DESTDIR/usr/lib/modules/$release/kernel/drivers/$module.ko"; done
}
force_load() {
  manual_add_modules "$1"
  printf '%s\n' "$*" >>"$DESTDIR/conf/modules"
}

# A test that wants a poorer configuration names its modules here, as MODULES=list does.
if [ -e etc/initramfs-tools/only ]; then EARLY_MODULES=$(cat etc/initramfs-tools/only); fi
manual_add_modules $EARLY_MODULES $(sed 's/#.*//' etc/initramfs-tools/modules 2>/dev/null)
for rules in etc/udev/rules.d/*.rules; do
  if [ -e "$rules" ]; then cp -p "$rules" "$DESTDIR/usr/lib/udev/rules.d/"; fi
done
for hook in etc/initramfs-tools/hooks/*; do
  case ${hook##*/} in *[![:alnum:]._-]*) continue ;; esac
  [ -f "$hook" ] && [ -x "$hook" ] || continue
  # True paths become paths of this host; a hook calls our functions, since it runs in this shell.
  text=$(sed -e "s#\([[:space:]\"]\)/etc/#\1$PASSTHROUGH_ROOT/etc/#g" -e '/^\. .*hook-functions$/d' "$hook")
  (set --; set -e; eval "$text") || { echo "E: /$hook failed with return $?." >&2; exit 1; }
done
"$SIMULATED_HOST/lib/pack-ramdisk" "$release" "$DESTDIR" "$out"

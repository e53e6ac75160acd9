#!/bin/sh
# Generates the boot menu from /etc/default/grub as GRUB's generator does: sources the settings, lists every kernel
# newest first with a submenu and recovery entries, checks the result, and copies it over the target. What it does to
# boot loader entries and grubenv follows util/grub.d/10_linux.in of rhboot/grub2, by branch: rhel-8-main writes
# kernelopts, fedora-* every entry, rhel-9-main entries only with --update-bls-cmdline. Only Debian reads drop-ins.
me=${0##*/}
target=
bls=yes
while [ $# -gt 0 ]; do
  case $1 in
  -o) shift; target=$1 ;;
  -o*) target=${1#-o} ;;
  --output=*) target=${1#*=} ;;
  --no-grubenv-update) bls=no ;;
  --update-bls-cmdline) bls=asked ;;
  *) echo "Unrecognized option \`$1'" >&2; exit 1 ;;
  esac
  shift
done
[ "$SIMULATED_USER" = root ] || { echo "$me: You must run this as root" >&2; exit 1; }
cd "$PASSTHROUGH_ROOT/" || exit 1
case $target in
'' | "$PASSTHROUGH_ROOT"/*) ;;
/*) target=$PASSTHROUGH_ROOT$target ;;
*) target=$OLDPWD/$target ;;
esac
PATH=$SIMULATED_PATH
. "$SIMULATED_HOST/machine.sh"
# Settings may read true paths, such as /etc/system-release, that this machine lacks: so failures count from here on only.
if [ -f etc/default/grub ]; then . ./etc/default/grub; fi
if [ "$LOADER" = debian-grub ]; then
  for extra in etc/default/grub.d/*.cfg; do
    if [ -e "$extra" ]; then . "./$extra"; fi
  done
fi
set -e
. "$SIMULATED_HOST/lib/menu"

echo 'Generating grub configuration file ...' >&2
if [ -z "$target" ]; then
  render_menu
  echo done >&2
  exit 0
fi
rm -f "$target.new"
render_menu >"$target.new"
chmod 600 "$target.new"
if ! "$SIMULATED_HOST/bin/$CHECKER" "$target.new"; then
  echo "Syntax errors are detected in generated GRUB config file." >&2
  echo "Ensure that there are no errors in /etc/default/grub and /etc/grub.d/* files; $target.new is left as it is." >&2
  exit 1
fi
cat "$target.new" >"$target"
rm -f "$target.new"
case $LOADER-$bls-${GRUB_ENABLE_BLSCFG-} in
fedora-bls-yes-true | *-bls-asked-true) update_entries ;;
rhel8-bls-yes-true) "$SIMULATED_HOST/bin/$EDITENV" - set "kernelopts=root=$ROOT_ARGUMENT ro ${GRUB_CMDLINE_LINUX-} ${GRUB_CMDLINE_LINUX_DEFAULT-}" ;;
rhel-bls-yes-true) [ -e etc/kernel/cmdline ] || update_entries ;;
esac
echo done >&2

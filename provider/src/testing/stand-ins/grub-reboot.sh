#!/bin/sh
# grub-reboot and grub-set-default: note an entry for the next boot, or for every boot, in the environment block.
entry=
for word; do case $word in -*) ;; *) entry=$word ;; esac; done
[ -n "$entry" ] || { echo "More than one menu entry?" >&2; exit 1; }
case ${0##*/} in *set-default) key=saved_entry ;; *) key=next_entry ;; esac
. "$SIMULATED_HOST/machine.sh"
exec "$SIMULATED_HOST/bin/$EDITENV" - set "$key=$entry"

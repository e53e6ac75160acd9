#!/bin/sh
# The kernel that was booted, as /run of the simulated host remembers it.
IFS= read -r release <"$PASSTHROUGH_ROOT/proc/sys/kernel/osrelease"
IFS= read -r host <"$PASSTHROUGH_ROOT/proc/sys/kernel/hostname"
case ${1--s} in
-r) echo "$release" ;;
-n) echo "$host" ;;
-m | -p | -i) echo x86_64 ;;
-s) echo Linux ;;
-a) echo "Linux $host $release #1 SMP x86_64 GNU/Linux" ;;
*) echo "uname: unsupported option '$1'" >&2; exit 1 ;;
esac

#!/bin/sh
# The kernel's files below sys/bus/pci and the device tree obey the kernel; every other file goes to the real tee.
for last; do :; done
case ${last-} in
/*) place=$last ;;
*) place=$PWD/${last-} ;;
esac
case $place in
*/sys/bus/pci/* | */sys/devices/*) ;;
*) PATH=$SIMULATED_PATH exec tee "$@" ;;
esac
value=
IFS= read -r value
printf '%s\n' "$value"
exec "$SIMULATED_HOST/lib/sysfs" "$last" "$value"

#!/bin/sh
# usage: pack-ramdisk RELEASE FOLDER IMAGE: writes an initial ramdisk, a head and a line for each file with its bytes.
PATH=$SIMULATED_PATH
{
  echo "initial ramdisk of $1"
  cd "$2" && find . -type f | LC_ALL=C sort | while read -r file; do
    printf '%s\t%s\n' "${file#./}" "$(base64 <"$file" | tr -d '\n')"
  done
} >"$3"

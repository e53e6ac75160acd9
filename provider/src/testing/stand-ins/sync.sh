#!/bin/sh
# Nothing to do: a power cut on the simulated host keeps every completed write.
for word; do
  case $word in -*) ;; *) [ -e "$word" ] || { echo "sync: error opening '$word': No such file or directory" >&2; exit 1; } ;; esac
done
exit 0

#!/bin/sh
# Hands a call over to the simulated kernel and daemons, which live in the process that runs the tests.
# The name that this file was called by says what is asked.
PATH=$SIMULATED_PATH
calls=$SIMULATED_HOST/calls
mine=$calls/$$
# A tool that was killed leaves its pipe, and numbers of processes come again.
rm -f "$mine".*
mkfifo "$mine.reply" || exit 1
exec 3<>"$mine.reply"
for word; do
  shift
  case $word in
  /dev/stdin | /dev/fd/* | /proc/self/fd/*) cat "$word" >"$mine.in" && word=$mine.in ;;
  esac
  set -- "$@" "$word"
done
# One printf is one write to the queue, so calls side by side do not mix.
printf '%s\037' "$#" "$$" "$PWD" "${0##*/}" "$@" >"$calls/requests"
IFS= read -r status <&3
if [ -s "$mine.out" ]; then cat "$mine.out"; fi
if [ -s "$mine.err" ]; then cat "$mine.err" >&2; fi
rm -f "$mine".*
exit "$status"

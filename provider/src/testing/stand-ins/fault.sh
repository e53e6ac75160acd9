#!/bin/sh
# Stands before a tool that a test has told to fail or to hang; 254 means that the fault is not due, so the tool runs.
name=${0##*/}
"$SIMULATED_HOST/lib/fault" "$name" "$@" </dev/null
status=$?
[ "$status" -eq 254 ] || exit "$status"
exec "$SIMULATED_HOST/real/$name" "$@"

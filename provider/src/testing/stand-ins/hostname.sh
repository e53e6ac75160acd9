#!/bin/sh
read -r host <"$PASSTHROUGH_ROOT/proc/sys/kernel/hostname" && echo "$host"

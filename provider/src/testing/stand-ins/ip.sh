#!/bin/sh
# Answers `ip -o addr show` and `ip -o route show` in the forms that scripts read, from two prepared files.
family=.
while [ $# -gt 0 ]; do
  case $1 in
  -o | -oneline | -br) ;;
  -4) family='inet ' ;;
  -6) family='inet6' ;;
  *) break ;;
  esac
  shift
done
object=${1-}
shift 2>/dev/null
case $object in
a | addr | address) file=$SIMULATED_HOST/ip-addresses ;;
r | route) file=$SIMULATED_HOST/ip-routes ;;
*) echo "Object \"$object\" is unknown, try \"ip help\"." >&2; exit 1 ;;
esac
case " $* " in *" default "*) wanted='^default' ;; *) wanted=$family ;; esac
case "$object-$family" in r*-inet6) exit 0 ;; esac
PATH=$SIMULATED_PATH exec sed -n "/$wanted/p" "$file"

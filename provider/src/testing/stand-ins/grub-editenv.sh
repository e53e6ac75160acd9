#!/bin/sh
# Reads and writes GRUB's environment block as grub-core/lib/envblk.c does: a file of 1024 bytes, padded with `#`, whose
# comments and other lines stay where they are. What does not fit is refused.
file=${1-}
action=${2-}
shift 2 2>/dev/null
case $file in
-) cd "$PASSTHROUGH_ROOT" && . "$SIMULATED_HOST/machine.sh" && file=$GRUB_FOLDER/grubenv ;;
"$PASSTHROUGH_ROOT"/*) ;;
/*) file=$PASSTHROUGH_ROOT$file ;;
esac
PATH=$SIMULATED_PATH

# Everything but the padding, which is a last line without an end.
body() {
  if [ -e "$file" ]; then sed -e '$ { /^#*$/d' -e '}' "$file"; else echo '# GRUB Environment Block'; fi
}
write() {
  text=$(cat; printf x)
  text=${text%x}
  [ "${#text}" -le 1024 ] || { echo 'error: environment block too small.' >&2; return 1; }
  { printf '%s' "$text"; printf '%*s' "$((1024 - ${#text}))" '' | tr ' ' '#'; } >"$file"
}

case $action in
create) echo '# GRUB Environment Block' | write ;;
list) body | sed -e '/^#/d' -e 's/\\\(.\)/\1/g' ;;
set)
  for word; do
    value=$(printf '%s' "${word#*=}" | sed 's/\\/\\\\/g')
    body | NAME=${word%%=*} VALUE=$value awk '
      !done && index($0, ENVIRON["NAME"] "=") == 1 { print ENVIRON["NAME"] "=" ENVIRON["VALUE"]; done = 1; next }
      { print }
      END { if (!done) print ENVIRON["NAME"] "=" ENVIRON["VALUE"] }' | write || exit 1
  done
  ;;
unset)
  for word; do
    body | NAME=$word awk 'index($0, ENVIRON["NAME"] "=") != 1' | write || exit 1
  done
  ;;
*) echo "Unknown command \`$action'." >&2; exit 1 ;;
esac

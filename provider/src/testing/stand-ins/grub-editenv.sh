#!/bin/sh
# Reads and writes GRUB's environment block: a file of 1024 bytes, padded with `#`.
file=${1-}
action=${2-}
shift 2 2>/dev/null
case $file in
-) cd "$PASSTHROUGH_ROOT" && . "$SIMULATED_HOST/machine.sh" && file=$GRUB_FOLDER/grubenv ;;
"$PASSTHROUGH_ROOT"/*) ;;
/*) file=$PASSTHROUGH_ROOT$file ;;
esac
PATH=$SIMULATED_PATH

render() {
  awk 'BEGIN { text = "# GRUB Environment Block\n" } { text = text $0 "\n" } END { printf "%s", text; for (n = length(text); n < 1024; n++) printf "#" }'
}
settings() {
  if [ -e "$file" ]; then sed -e '/^#/d' "$file"; fi
}

case $action in
create) render </dev/null >"$file" ;;
list) settings ;;
set)
  text=$(settings)
  for word; do
    text=$(printf '%s\n' "$text" | NAME=${word%%=*} awk 'index($0, ENVIRON["NAME"] "=") != 1 && $0 != ""'; printf '%s\n' "$word")
  done
  printf '%s\n' "$text" | sed -e '/^$/d' | render >"$file.tmp" && cat "$file.tmp" >"$file" && rm -f "$file.tmp"
  ;;
unset)
  text=$(settings)
  for word; do text=$(printf '%s\n' "$text" | NAME=$word awk 'index($0, ENVIRON["NAME"] "=") != 1'); done
  printf '%s\n' "$text" | sed -e '/^$/d' | render >"$file.tmp" && cat "$file.tmp" >"$file" && rm -f "$file.tmp"
  ;;
*) echo "Unknown command \`$action'." >&2; exit 1 ;;
esac

#!/bin/sh
# grubby of the Fedora family (grubby-bls of el8 and el9), with the habits for which we do not call it: every line that
# begins with GRUB_CMDLINE_LINUX becomes one GRUB_CMDLINE_LINUX, a key that is added drops all other values of the key, and
# a key that is removed is a regular expression.
kernel=
args=
removed=
info=
for word; do
  case $word in
  --update-kernel=*) kernel=${word#*=} ;;
  --args=*) args=${word#*=} ;;
  --remove-args=*) removed=${word#*=} ;;
  --info=*) info=${word#*=} ;;
  *) echo "grubby: unknown option $word" >&2; exit 1 ;;
  esac
done
cd "$PASSTHROUGH_ROOT/" || exit 1
. "$SIMULATED_HOST/machine.sh"
editenv=$SIMULATED_HOST/bin/$EDITENV
PATH=$SIMULATED_PATH

# Words of standard input with the changes.
edit_words() {
  ARGS=$args REMOVED=$removed awk '
    BEGIN { na = split(ENVIRON["ARGS"], add, " "); nr = split(ENVIRON["REMOVED"], del, " ") }
    {
      line = ""
      for (i = 1; i <= NF; i++) {
        gone = 0
        for (j = 1; j <= nr; j++) if ($i ~ ("^" del[j] (del[j] ~ /=/ ? "$" : "(=.*)?$"))) gone = 1
        for (j = 1; j <= na; j++) { key = add[j]; sub(/=.*/, "", key); if ($i ~ ("^" key "(=.*)?$")) gone = 1 }
        if (!gone) line = line (line == "" ? "" : " ") $i
      }
      for (j = 1; j <= na; j++) line = line (line == "" ? "" : " ") add[j]
      print line
    }'
}

if [ -n "$info" ]; then
  index=0
  for entry in $(ls boot/loader/entries/*.conf | sort -rV); do
    printf 'index=%s\nkernel="/boot%s"\nargs="%s"\nid="%s"\n' "$index" "$(sed -n 's/^linux //p' "$entry")" \
      "$(sed -n 's/^options //p' "$entry")" "$(basename "$entry" .conf)"
    index=$((index + 1))
  done
  exit 0
fi
[ "$kernel" = ALL ] || { echo 'grubby: only --update-kernel=ALL is known here' >&2; exit 1; }
old=$("$editenv" - list | sed -n 's/^kernelopts=//p')
[ -z "$old" ] || "$editenv" - set "kernelopts=$(printf '%s\n' "$old" | edit_words)"
for entry in boot/loader/entries/*.conf; do
  options=$(sed -n 's/^options //p' "$entry")
  case $options in *'$kernelopts'*) continue ;; esac
  OPTIONS=$(printf '%s\n' "$options" | edit_words) \
    awk '/^options[ \t]/ { print "options " ENVIRON["OPTIONS"]; next } { print }' "$entry" >"$entry.tmp" && mv -f "$entry.tmp" "$entry"
done
if [ -f etc/kernel/cmdline ]; then
  edit_words <etc/kernel/cmdline >etc/kernel/cmdline.tmp && mv -f etc/kernel/cmdline.tmp etc/kernel/cmdline
fi
words=$(sed -n 's/^GRUB_CMDLINE_LINUX="\(.*\)"$/\1/p' etc/default/grub | edit_words)
WORDS=$words awk '/^GRUB_CMDLINE_LINUX.*/ { print "GRUB_CMDLINE_LINUX=\"" ENVIRON["WORDS"] "\""; next } { print }' \
  etc/default/grub >etc/default/grub.tmp && mv -f etc/default/grub.tmp etc/default/grub

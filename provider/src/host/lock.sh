# Who holds the host's lock: its holder writes a line into it, which is only worth something while that process lives.

# pt_note_holder LABEL
pt_note_holder() { printf '%s %s %s\n' "$$" "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$1" >"$pt_state/lock" 2>/dev/null; }

# pt_describe_holder: in words, with a blank before them; nothing when it is not known.
pt_describe_holder() {
  pt_holder=
  { read -r pt_holder pt_since pt_label <"$pt_state/lock"; } 2>/dev/null
  case $pt_holder in '' | *[!0-9]*) return 0 ;; esac
  kill -0 "$pt_holder" 2>/dev/null || return 0
  printf ' (%s, process %s, since %s)' "$pt_label" "$pt_holder" "$pt_since"
}

# Steps of changes through the tools of rpm-ostree, Proxmox and mkinitcpio. Words are joined by blanks, in base64.

pt_decode() { printf '%s' "$1" | base64 -d; }

pt_encode() { printf '%s' "$*" | base64 | tr -d '\n'; }

# pt_lacks LINE PRESENT ABSENT: what is wrong with a command line; says nothing when it is right.
pt_lacks() {
  for pt_one in $2; do
    case " $1 " in *" $pt_one "*) ;; *) printf ' lacks %s' "$pt_one" ;; esac
  done
  for pt_one in $3; do
    case " $1 " in *" $pt_one "*) printf ' still has %s' "$pt_one" ;; esac
  done
}

# pt_set_arguments TOOL PRESENT ABSENT: rpm-ostree makes a deployment with another command line for the next boot, and
# keeps the booted one. What really changes is noted, so that it can be taken back to the word.
pt_set_arguments() {
  pt_step "set-arguments"
  pt_present=$(pt_decode "$2")
  pt_absent=$(pt_decode "$3")
  pt_await_idle "$1" || { pt_fail "rpm-ostree is busy for more than 120 s; see rpm-ostree status"; return 1; }
  pt_line=$(timeout 120 "$1" kargs 2>"$pt_errors") || { pt_fail "$1 kargs failed: $(pt_error_text)"; return 1; }
  pt_come=
  pt_gone=
  for pt_one in $pt_present; do
    case " $pt_line " in *" $pt_one "*) ;; *) pt_come="$pt_come $pt_one" ;; esac
  done
  for pt_one in $pt_absent; do
    case " $pt_line " in *" $pt_one "*) pt_gone="$pt_gone $pt_one" ;; esac
  done
  pt_undo="arguments:$1,$(pt_encode "$pt_gone"),$(pt_encode "$pt_come") $pt_undo"
  pt_change_arguments "$1" "$pt_come" "$pt_gone" || { pt_fail "$1 kargs failed: $(pt_error_text)"; return 1; }
  pt_step "check-arguments"
  pt_line=$(timeout 120 "$1" kargs 2>"$pt_errors") || { pt_fail "$1 kargs failed: $(pt_error_text)"; return 1; }
  pt_error=$(pt_lacks "$pt_line" "$pt_present" "$pt_absent")
  [ -z "$pt_error" ] || pt_fail "the pending deployment is not what was planned: it$pt_error"
}

# pt_change_arguments TOOL PRESENT ABSENT: status 77 says that there was nothing to do.
pt_change_arguments() {
  pt_tool=$1
  pt_come=$2
  pt_gone=$3
  set -- --unchanged-exit-77
  for pt_one in $pt_gone; do set -- "$@" "--delete-if-present=$pt_one"; done
  for pt_one in $pt_come; do set -- "$@" "--append-if-missing=$pt_one"; done
  [ "$#" -gt 1 ] || return 0
  timeout -k 10 900 "$pt_tool" kargs "$@" </dev/null >"$pt_errors" 2>&1
  case $? in 0 | 77) return 0 ;; *) return 1 ;; esac
}

pt_await_idle() {
  pt_waited=0
  until timeout 60 "$1" status 2>/dev/null | grep -q '^State: idle'; do
    [ "$pt_waited" -lt 60 ] || return 1
    sleep 2
    pt_waited=$((pt_waited + 1))
  done
}

pt_take_arguments_back() {
  pt_rest=${1#*,}
  pt_await_idle "${1%%,*}" &&
    pt_change_arguments "${1%%,*}" "$(pt_decode "${pt_rest%%,*}")" "$(pt_decode "${pt_rest#*,}")"
}

# pt_refresh_partitions TOOL LOADER PRESENT ABSENT: Proxmox's tool copies kernels and writes entries or a menu on every boot
# partition that it knows. It only warns of a partition that it skips, so each is looked at afterwards. To take the step back
# is to run the tool again once the settings are as they were, hence at the end.
pt_refresh_partitions() {
  pt_step "refresh-partitions"
  pt_undo="$pt_undo partitions:$1"
  pt_error=$(timeout -k 10 900 "$1" refresh 2>&1 </dev/null) ||
    { pt_fail "$1 refresh failed: $(printf '%s\n' "$pt_error" | tail -n 5)"; return 1; }
  pt_step "check-partitions"
  pt_found=run/passthrough-$nonce.partition
  pt_seen=0
  while read -r pt_partition || [ -n "$pt_partition" ]; do
    [ -e "dev/disk/by-uuid/$pt_partition" ] || continue
    pt_read_partition "$pt_partition" "$2" >"$pt_found" 2>"$pt_errors" ||
      { pt_fail "the boot partition $pt_partition could not be read: $(pt_error_text)"; return 1; }
    pt_error=$(pt_check_partition "$2" "$pt_found" "$(pt_decode "$3")" "$(pt_decode "$4")") ||
      { pt_fail "the boot partition $pt_partition would not boot what was planned: $pt_error"; return 1; }
    pt_seen=$((pt_seen + 1))
  done <etc/kernel/proxmox-boot-uuids
  [ "$pt_seen" -gt 0 ] || pt_fail "none of the boot partitions in /etc/kernel/proxmox-boot-uuids is there"
}

# A mount that only this command sees, as Proxmox's own tool makes it: it goes with the command, whatever happens.
pt_read_partition() {
  pt_folder=run/passthrough-$nonce.mount
  mkdir -p "$pt_folder" || return 1
  case $2 in grub) pt_wanted=grub/grub.cfg ;; *) pt_wanted='loader/entries/proxmox-*.conf' ;; esac
  # shellcheck disable=SC2016 # the inner shell expands
  timeout -k 10 120 unshare --mount sh -c '
    { mount -o ro "$1" "$2" || mount "$1" "$2"; } && cd "$2" && cat $3
    status=$?
    cd / && umount "$2"
    exit "$status"' sh "${PASSTHROUGH_ROOT:-}/dev/disk/by-uuid/$1" "${PASSTHROUGH_ROOT:-}/$pt_folder" "$pt_wanted"
  pt_status=$?
  rmdir "$pt_folder" 2>/dev/null
  return "$pt_status"
}

pt_check_partition() {
  if [ "$1" = grub ]; then
    pt_check_menu "$2" "$3" "$4"
    return
  fi
  pt_entries=0
  while read -r pt_key pt_line; do
    [ "$pt_key" = options ] || continue
    pt_entries=$((pt_entries + 1))
    pt_error=$(pt_lacks "$pt_line" "$3" "$4")
    [ -z "$pt_error" ] || { printf 'an entry%s' "$pt_error"; return 1; }
  done <"$2"
  [ "$pt_entries" -gt 0 ] || { echo "it has no entry for Linux"; return 1; }
}

# pt_build_unified TOOL PRESET NAME IMAGE PRESENT ABSENT: mkinitcpio builds a unified kernel image beside the old one, by a
# copy of its preset in which nothing but that image is named. The command line is read back from the new image.
pt_build_unified() {
  pt_step "build $4"
  pt_new=$4.passthrough-new
  pt_preset=run/passthrough-$nonce.preset
  rm -f "$pt_new"
  {
    grep -vE '^[[:space:]]*[A-Za-z0-9_]+_(image|uki|efi_image)=' "$2"
    printf "PRESETS=('%s')\n%s_uki=\"%s\"\n" "$3" "$3" "${PASSTHROUGH_ROOT:-}/$pt_new"
  } >"$pt_preset" || { pt_fail "could not write /$pt_preset"; return 1; }
  pt_error=$(timeout -k 10 1200 "$1" -p "${PASSTHROUGH_ROOT:-}/$pt_preset" 2>&1 </dev/null) ||
    { rm -f "$pt_new"; pt_fail "$1 failed: $(printf '%s\n' "$pt_error" | tail -n 5)"; return 1; }
  pt_step "check $4"
  pt_error=$(pt_check_unified "$pt_new" "$(pt_decode "$5")" "$(pt_decode "$6")") ||
    { rm -f "$pt_new"; pt_fail "the new image would not boot what was planned: $pt_error"; return 1; }
  pt_install "$pt_new" "$4" 2>"$pt_errors" ||
    { rm -f "$pt_new"; pt_fail "could not replace /$4: $(pt_error_text)"; return 1; }
}

pt_check_unified() {
  pt_places=$(pt_inspect_image "$1" 2>/dev/null)
  # shellcheck disable=SC2086 # three numbers
  set -- "$1" "$2" "$3" $pt_places
  [ "${6:-0}" -gt 0 ] || { echo "it holds no command line"; return 1; }
  pt_error=$(pt_lacks "$(pt_image_words "$1" "$5" "$6" | tr '\n' ' ')" "$2" "$3")
  [ -z "$pt_error" ] || { printf 'it%s' "$pt_error"; return 1; }
}

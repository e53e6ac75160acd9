# Guests in a change: a domain that comes and goes, its start and end, and what its own system says of its devices.
# A guest is asked to shut down and waited for; nothing here ever ends one by force.

# pt_expect_no_domain UUID NAME
pt_expect_no_domain() {
  pt_known=$(pt_virsh 30 list --all --uuid 2>&1) && pt_names=$(pt_virsh 30 list --all --name 2>&1) ||
    { pt_stale "libvirt has stopped to answer"; return 1; }
  printf '%s\n' "$pt_known" | grep -qxF "$1" || printf '%s\n' "$pt_names" | grep -qxF "$2" || return 0
  pt_stale "a domain $2 has come into being"
}

# pt_expect_active UUID yes|no
pt_expect_active() {
  case $(pt_state_of "$1") in
    '') pt_is_active= ;;
    'shut off') pt_is_active=no ;;
    *) pt_is_active=yes ;;
  esac
  [ "$pt_is_active" = "$2" ] || pt_stale "the domain $1 was started or stopped"
}

# pt_expect_readable BASE64: a path of the user's own choice.
pt_expect_readable() {
  pt_name=expectations
  pt_file=$(printf '%s' "$1" | base64 -d)
  [ -f ".$pt_file" ] && [ -s ".$pt_file" ] || pt_fail "the host has no file $pt_file, or it is empty"
}

# pt_apart WORDS: a note for taking back, whose parts stand between commas.
pt_apart() { printf '%s' "$1" | tr ',' ' '; }

# pt_holds UUID ADDRESS: whether the running domain has a device of the host. A libvirt that does not answer proves nothing.
pt_holds() {
  pt_live=$(pt_virsh 30 dumpxml "$1" 2>/dev/null) || return 0
  printf '%s\n' "$pt_live" | awk -v address="$2" -v q="'" '
    BEGIN {
      split(address, p, /[:.]/)
      wanted = "<address domain=" q "0x" p[1] q " bus=" q "0x" p[2] q " slot=" q "0x" p[3] q " function=" q "0x" p[4] q "/>"
    }
    /<hostdev / { inside = 1 }
    /<\/hostdev>/ { inside = 0 }
    /<source[ >]/ { source = 1 }
    /<\/source>/ { source = 0 }
    inside && source && index($0, wanted) { found = 1 }
    END { exit !found }'
}

# pt_let_go UUID ADDRESS FILE SECONDS: the guest is asked for the device; libvirt may return long before it has let go, or
# although it never will. Sets pt_error.
pt_let_go() {
  pt_error=
  pt_holds "$1" "$2" || return 0
  pt_error=$(pt_virsh 60 detach-device "$1" "$3" --live 2>&1)
  pt_status=$?
  pt_until=$(($(date +%s) + $4))
  while pt_holds "$1" "$2"; do
    [ "$pt_status" = 0 ] || { pt_error="virsh detach-device: $pt_error"; return 1; }
    if [ "$(date +%s)" -ge "$pt_until" ]; then
      pt_error="the guest did not let go of $2 within $4 s of being asked to; see what uses it there, or end that first"
      return 1
    fi
    sleep 0.5
  done
}

# pt_give_again UUID ADDRESS FILE: what the guest has let go of, or may let go of any moment.
pt_give_again() { pt_holds "$1" "$2" || pt_virsh 120 attach-device "$1" "$3" --live >/dev/null 2>&1; }

pt_live_file() {
  pt_xml=${PASSTHROUGH_ROOT:-}/run/passthrough-$nonce.$1
  pt_error=$(printf '%s' "$2" | base64 -d 2>&1 >"$pt_xml") || pt_fail "could not write $pt_xml: $pt_error"
}

# pt_attach_live UUID NAME ADDRESS BASE64 SECONDS: SECONDS are for the way back.
pt_attach_live() {
  pt_step "attach-live $2"
  pt_live_file "$2.live" "$4" || return 1
  pt_error=$(pt_virsh 120 attach-device "$1" "$pt_xml" --live 2>&1) ||
    { pt_fail "virsh attach-device: $pt_error"; return 1; }
  pt_undo="live-attached:$1,$3,$pt_xml,$5 $pt_undo"
  pt_holds "$1" "$3" || pt_fail "the running domain does not show $3 afterwards"
}

# pt_detach_live UUID NAME ADDRESS BASE64 SECONDS
pt_detach_live() {
  pt_step "detach-live $2"
  pt_live_file "$2.gone" "$4" || return 1
  pt_undo="live-detached:$1,$3,$pt_xml $pt_undo"
  pt_let_go "$1" "$3" "$pt_xml" "$5" || pt_fail "$pt_error"
}

# pt_define UUID NAME BASE64. The text may hold passwords: it lies in a file of ours until libvirt has it.
pt_define() {
  pt_step "define $2"
  pt_xml=${PASSTHROUGH_ROOT:-}/run/passthrough-$nonce.domain
  pt_error=$(printf '%s' "$3" | base64 -d 2>&1 >"$pt_xml") || { pt_fail "could not write $pt_xml: $pt_error"; return 1; }
  pt_error=$(pt_virsh 60 define "$pt_xml" 2>&1) || { pt_fail "virsh define: $pt_error"; return 1; }
  rm -f "$pt_xml"
  pt_undo="defined:$1 $pt_undo"
}

# pt_undefine UUID NAME OPTION: OPTION says what becomes of the file with the firmware's variables. Disks stay.
pt_undefine() {
  pt_step "undefine $2"
  pt_xml=${PASSTHROUGH_ROOT:-}/run/passthrough-$nonce.domain
  pt_error=$(pt_virsh 30 dumpxml --inactive --security-info "$1" 2>&1 >"$pt_xml") ||
    { pt_fail "virsh dumpxml: $pt_error"; return 1; }
  pt_error=$(pt_virsh 60 undefine "$1" "$3" 2>&1) || { pt_fail "virsh undefine: $pt_error"; return 1; }
  pt_undo="undefined:$pt_xml $pt_undo"
}

# pt_end_guest UUID NAME SECONDS
pt_end_guest() {
  pt_undo="running:$1 $pt_undo"
  pt_shut_down "$1 $2" "$3" && return 0
  pt_fail "$(printf '%s' "$pt_stuck" | tr '\t' ' '); shut it down from inside or give it longer with shutdownTimeoutSeconds, and see that a system runs in it that obeys"
}

# pt_start_guest UUID NAME SECONDS: SECONDS are for its end, should the start have to be taken back.
pt_start_guest() {
  pt_step "start $2"
  [ "$(pt_state_of "$1")" != running ] || return 0
  pt_error=$(pt_virsh 300 start "$1" 2>&1) || [ "$(pt_state_of "$1")" = running ] ||
    { pt_fail "virsh start: $pt_error"; return 1; }
  pt_undo="started:$1,$3 $pt_undo"
}

pt_agent() { pt_virsh 30 qemu-agent-command "$pt_guest" "$1" --timeout 10 2>&1; }

# pt_ask_guest UUID NAME SECONDS ID…: has the guest's agent list its PCI devices, until it lists all of the ids, which are
# vendor and device in one word. Nothing is run in the guest: the list is a file of Linux, or the agent's own on Windows.
pt_ask_guest() {
  pt_step "ask $2"
  pt_guest=$1
  pt_until=$(($(date +%s) + $3))
  shift 3
  until pt_hear_guest "$@" || [ "$(date +%s)" -ge "$pt_until" ]; do sleep 0.5; done
  pt_section guest "$pt_guest"
  printf '%s\n' "$pt_said" 2>/dev/null
  # Nobody may be listening any more; the change goes on to its end all the same.
  return 0
}

# Sets pt_said; fails while another answer may still come.
pt_hear_guest() {
  pt_channel=$(pt_virsh 30 dumpxml "$pt_guest" 2>/dev/null |
    sed -n "/<target type='virtio' name='org.qemu.guest_agent.0'/s/.* state='\([a-z]*\)'.*/\1/p")
  case $pt_channel in
    '') pt_said=no-channel; return 0 ;;
    connected) ;;
    *) pt_said=disconnected; return 1 ;;
  esac
  pt_refusal=$(pt_agent '{"execute":"guest-file-open","arguments":{"path":"/proc/bus/pci/devices","mode":"r"}}')
  pt_handle=$(printf '%s\n' "$pt_refusal" | sed -n 's/^{"return": *\([0-9]*\)}$/\1/p')
  if [ -n "$pt_handle" ]; then
    pt_heard=$(pt_agent "{\"execute\":\"guest-file-read\",\"arguments\":{\"handle\":$pt_handle,\"count\":65536}}")
    pt_agent "{\"execute\":\"guest-file-close\",\"arguments\":{\"handle\":$pt_handle}}" >/dev/null
    pt_heard=$(printf '%s\n' "$pt_heard" | sed -n 's/.*"buf-b64": *"\([^"]*\)".*/\1/p')
    pt_said="linux $pt_heard"
    printf '%s' "$pt_heard" | base64 -d 2>/dev/null | pt_lists_all "$@"
    return
  fi
  if pt_heard=$(pt_agent '{"execute":"guest-get-devices"}'); then
    pt_said="windows $pt_heard"
    printf '%s\n' "$pt_heard" | pt_write_plainly | pt_lists_all "$@"
    return
  fi
  pt_said="refused $(printf '%s' "$pt_refusal" | tr '\n' ' ')"
  pt_agent '{"execute":"guest-ping"}' >/dev/null
}

# The second word of each line is a vendor and a device.
pt_lists_all() {
  awk -v wanted="$*" '
    { have[$2]++ }
    END { n = split(wanted, w, " "); for (i = 1; i <= n; i++) if (have[w[i]]-- < 1) exit 1 }'
}

# The same form from the agent on Windows, whose numbers are decimal and in any order.
pt_write_plainly() {
  tr '{}' '\n\n' | awk '
    /"vendor-id"/ && /"device-id"/ {
      vendor = $0; sub(/.*"vendor-id": */, "", vendor); device = $0; sub(/.*"device-id": */, "", device)
      printf "- %04x%04x\n", vendor + 0, device + 0
    }'
}

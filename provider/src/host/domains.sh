# Domains around a reboot: shut down by their own systems before it, started again after it. What has to be started is
# noted on the host before the first is shut down. A line of the note is "UUID NAME".

pt_domain_record=$pt_state/records/domains-to-start

pt_state_of() { pt_virsh 30 domstate "$1" 2>/dev/null; }

# pt_note_domains LINES: replaces the note; without lines there is none.
pt_note_domains() {
  if [ -z "$1" ]; then
    rm -f "$pt_domain_record"
    return
  fi
  mkdir -p "$pt_state/records" && printf '%s\n' "$1" >"$pt_domain_record.new" && pt_sync_path "$pt_domain_record.new" &&
    mv -f "$pt_domain_record.new" "$pt_domain_record" && pt_sync_path "$pt_state/records"
}

# pt_running_of LINES: those of the lines whose domain runs.
pt_running_of() {
  while read -r pt_uuid pt_domain; do
    [ -z "$pt_uuid" ] || [ "$(pt_state_of "$pt_uuid")" != running ] || printf '%s %s\n' "$pt_uuid" "$pt_domain"
  done <<END
$1
END
}

# pt_shut_down LINES SECONDS: one after another. Sets pt_down, newest first, and pt_stuck when one does not end in time.
pt_shut_down() {
  pt_down=
  pt_stuck=
  while read -r pt_uuid pt_domain; do
    [ -n "$pt_uuid" ] || continue
    pt_step "shut-down $pt_domain"
    if ! pt_error=$(pt_virsh 30 shutdown "$pt_uuid" 2>&1) && [ "$(pt_state_of "$pt_uuid")" = running ]; then
      pt_stuck="$pt_domain	could not be asked to shut down: $pt_error"
      return 1
    fi
    pt_until=$(($(date +%s) + $2))
    while [ "$(pt_state_of "$pt_uuid")" != "shut off" ]; do
      if [ "$(date +%s)" -ge "$pt_until" ]; then
        pt_stuck="$pt_domain	did not shut down within $2 s of being asked to"
        return 1
      fi
      sleep 0.5
    done
    pt_down="$pt_uuid $pt_domain
$pt_down"
  done <<END
$1
END
}

# pt_start LINES: starts what does not run, all that can be; pt_failed gets the lines of those that cannot, pt_error why.
# What libvirt has started by itself or someone has removed needs nothing.
pt_start() {
  pt_failed=
  pt_errors_said=
  while read -r pt_uuid pt_domain; do
    [ -n "$pt_uuid" ] || continue
    case $(pt_state_of "$pt_uuid") in running | paused | '') continue ;; esac
    pt_error=$(pt_virsh 120 start "$pt_uuid" 2>&1) && continue
    [ "$(pt_state_of "$pt_uuid")" != running ] || continue
    pt_failed="$pt_failed$pt_uuid $pt_domain
"
    pt_errors_said="$pt_errors_said${pt_errors_said:+; }$pt_domain could not be started: $pt_error"
  done <<END
$1
END
  [ -z "$pt_failed" ]
}

# pt_start_domains BASE64: a domain that does not start is no reason to take other steps back: it stays in the note.
pt_start_domains() {
  pt_step start-domains
  pt_wanted=$(printf '%s' "$1" | base64 -d)
  if pt_await_libvirt; then
    pt_start "$pt_wanted"
  else
    pt_failed="$pt_wanted
"
    pt_errors_said="libvirt does not answer: $pt_error"
  fi
  pt_note_domains "${pt_failed%?}" || pt_log "could not write /$pt_domain_record"
  [ -n "$pt_failed" ] || return 0
  pt_log "$pt_errors_said"
  pt_section not-started
  printf '%s\n' "$pt_errors_said" 2>/dev/null
}

# After a boot it may take a while.
pt_await_libvirt() {
  pt_until=$(($(date +%s) + 120))
  until pt_error=$(pt_virsh 30 list --uuid 2>&1); do
    [ "$(date +%s)" -lt "$pt_until" ] || return 1
    sleep 1
  done
}

# The reboot: under the host's lock, after another look at what it would disturb, since the preview is minutes old.

# pt_blockers: what forbids it now; pt_users and pt_inhibiting are "refuse" or "ignore".
pt_blockers() {
  pt_package_managers
  [ "$pt_users" = ignore ] || pt_sessions
  [ "$pt_inhibiting" = ignore ] || pt_inhibitors
}

# pt_other_domains LINES: what is active beyond them.
pt_other_domains() {
  command -v virsh >/dev/null 2>&1 || return 0
  for pt_uuid in $(pt_virsh 30 list --uuid 2>/dev/null); do
    case $1 in *"$pt_uuid "*) ;; *) printf 'domain\t%s\n' "$(pt_virsh 30 domname "$pt_uuid" 2>/dev/null)" ;; esac
  done
}

pt_refuse_reboot() {
  pt_log "not rebooted: $1"
  pt_section "$1"
  printf '%s\n' "$2" 2>/dev/null
  pt_finish refused
}

# pt_start_again LINES-BEFORE: back to what ran; the note keeps what was in it and what could not be started.
pt_start_again() {
  pt_step start-again
  pt_start "$pt_down"
  pt_note_domains "$1${1:+${pt_failed:+
}}${pt_failed%?}"
}

# pt_reboot BOOT-ID SECONDS DOMAIN-LINES
pt_reboot() {
  read -r pt_boot_id <proc/sys/kernel/random/boot_id
  [ "$pt_boot_id" = "$1" ] || { pt_finish already; return 0; }
  pt_running=
  [ -z "$3" ] || pt_running=$(pt_running_of "$3")
  pt_found=$(pt_blockers; pt_other_domains "$pt_running")
  [ -z "$pt_found" ] || { pt_refuse_reboot busy "$pt_found"; return 0; }
  pt_noted=
  [ ! -r "$pt_domain_record" ] || pt_noted=$(cat "$pt_domain_record")
  if [ -n "$pt_running" ]; then
    pt_note_domains "$pt_noted${pt_noted:+
}$pt_running" || { pt_fail "could not write /$pt_domain_record; is the disk full?"; return 1; }
    if ! pt_shut_down "$pt_running" "$2"; then
      pt_start_again "$pt_noted"
      pt_refuse_reboot stuck "$pt_stuck
$pt_down${pt_errors_said:+failed	$pt_errors_said}"
      return 0
    fi
    # That may have taken minutes.
    pt_found=$(pt_blockers; pt_other_domains '')
    if [ -n "$pt_found" ]; then
      pt_start_again "$pt_noted"
      pt_refuse_reboot busy "$pt_found"
      return 0
    fi
  fi
  pt_step reboot
  sync
  # A second later, so that this command can end well; it keeps the lock. -i: inhibitors have had their say.
  { sleep 1; systemctl reboot -i || shutdown -r now || reboot; } </dev/null >/dev/null 2>&1 &
  pt_finish rebooting
}

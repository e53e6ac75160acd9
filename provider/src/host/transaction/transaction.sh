# The vocabulary of changes: every write to a host goes through these functions, under the host's lock.
# POSIX sh, coreutils, util-linux, grep, awk, sed. Arguments are words without blanks, or base64.
# Each step reports itself, is written to the journal, and knows how it is taken back; a step that fails takes back all
# before it. The connection may drop at any time: the script goes on to its end without it.

pt_state=var/lib/passthrough
pt_undo=
pt_done=

pt_section() { printf '@@%s %s\n' "$nonce" "$*" 2>/dev/null; }

pt_log() { printf '%s %s %s\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$nonce" "$*" >>"$pt_state/journal" 2>/dev/null; }

# Announces a step. The hook exists on simulated hosts only: tests cut the power there.
pt_step() {
  pt_name=$*
  pt_section step "$pt_name"
  pt_log "step $pt_name"
  [ -z "${PASSTHROUGH_STEP_HOOK:-}" ] || "$PASSTHROUGH_STEP_HOOK" "$pt_name"
}

pt_finish() {
  pt_log "$1"
  rm -f run/passthrough-"$nonce".*
  pt_section result "$1"
  pt_done=1
  exec 9>&-
}

# Takes back every step so far, newest first, and reports why.
pt_fail() {
  [ -z "$pt_done" ] || return 1
  pt_log "failed at $pt_name: $1"
  pt_section failed "$pt_name"
  printf '%s\n' "$1" 2>/dev/null
  pt_outcome=rolled-back
  for pt_word in $pt_undo; do
    pt_take_back "$pt_word" || pt_outcome=broken
  done
  pt_finish "$pt_outcome"
  return 1
}

pt_take_back() {
  pt_log "taking back $1"
  case $1 in
    file:*) pt_restore_file "${1#file:}" ;;
    new:*) rm -f "${1#new:}" && pt_sync_path "$(dirname "${1#new:}")" ;;
    driver:*)
      pt_rest=${1#driver:}
      pt_give_back "${pt_rest%%,*}" "${pt_rest#*,}" 60
      ;;
    attached:*) pt_take_out $(pt_apart "${1#attached:}") ;;
    vfs:*) pt_take_vfs_back "${1#vfs:}" ;;
    packages:*) pt_take_packages_back ;;
    removed:*) pt_bring_again ;;
    enabled:*) timeout 60 systemctl disable "${1#enabled:}" >/dev/null 2>&1 ;;
    started:*) timeout 120 systemctl stop "${1#started:}" >/dev/null 2>&1 ;;
    disabled:*) timeout 60 systemctl enable "${1#disabled:}" >/dev/null 2>&1 ;;
    stopped:*) timeout 120 systemctl start "${1#stopped:}" >/dev/null 2>&1 ;;
    choice:*) "${1#choice:}" set-oneshot '' ;;
    arguments:*) pt_take_arguments_back "${1#arguments:}" ;;
    partitions:*) timeout -k 10 900 "${1#partitions:}" refresh >/dev/null 2>&1 </dev/null ;;
    detached:*)
      pt_rest=${1#detached:}
      pt_virsh 60 attach-device "${pt_rest%%,*}" "${pt_rest#*,}" --config >/dev/null 2>&1
      ;;
    live-attached:*) pt_let_go $(pt_apart "${1#live-attached:}") ;;
    live-detached:*) pt_give_again $(pt_apart "${1#live-detached:}") ;;
    defined:*) pt_virsh 60 undefine "${1#defined:}" --nvram >/dev/null 2>&1 ;;
    undefined:*) pt_virsh 60 define "${1#undefined:}" >/dev/null 2>&1 ;;
    running:*) pt_start "${1#running:} guest" ;;
    started:*)
      pt_rest=${1#started:}
      pt_shut_down "${pt_rest%%,*} guest" "${pt_rest#*,}"
      ;;
  esac
}

# pt_begin LABEL: the lock, the journal, the clean-up of what an interrupted change left behind.
pt_begin() {
  [ -n "${PASSTHROUGH_ROOT:-}" ] || PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
  LC_ALL=C
  export PATH LC_ALL
  umask 077
  trap '' HUP INT PIPE
  trap 'pt_fail "ended by a signal"' TERM
  pt_name=begin
  cd "${PASSTHROUGH_ROOT:-}/" || return 1
  pt_section begin
  pt_name=lock
  command -v flock >/dev/null 2>&1 || { pt_fail "flock is missing; install util-linux"; return 1; }
  pt_error=$(mkdir -p "$pt_state" run 2>&1 && touch "$pt_state/lock" 2>&1) || { pt_fail "$pt_error"; return 1; }
  pt_errors=run/passthrough-$nonce.errors
  pt_answer=run/passthrough-$nonce.answer
  exec 9>>"$pt_state/lock" || { pt_fail "cannot open the lock /$pt_state/lock"; return 1; }
  flock -w 90 9 ||
    { pt_has_waited=1; pt_fail "another change$(pt_describe_holder) has held the lock /$pt_state/lock for more than 90 s"; return 1; }
  pt_note_holder "$1"
  # What interrupted changes left here is nobody's while the lock is ours.
  rm -f run/passthrough-*
  pt_log "begin $1"
  pt_step lock
}

pt_stale() {
  pt_log "stale: $1"
  pt_section stale
  printf '%s\n' "$1" 2>/dev/null
  pt_finish stale
  return 1
}

# pt_expect_boot BOOT_ID
pt_expect_boot() {
  read -r pt_boot_id <proc/sys/kernel/random/boot_id
  [ "$pt_boot_id" = "$1" ] || pt_stale "the host was rebooted"
}

# pt_expect_file PATH SHA256, or "-" for a file that must not be there
pt_expect_file() {
  if [ "$2" = - ]; then
    [ ! -e "$1" ] || pt_stale "/$1 has come into being"
    return
  fi
  pt_hash=$(sha256sum "$1" 2>/dev/null)
  [ "${pt_hash%% *}" = "$2" ] || pt_stale "/$1 has changed"
}

# A package manager at work may be writing the kernels, hooks and settings that a generator reads.
pt_expect_no_package_manager() {
  pt_found=$(pt_package_managers)
  [ -n "$pt_found" ] || return 0
  pt_log "busy: $pt_found"
  pt_section busy
  printf '%s\n' "$pt_found" 2>/dev/null
  pt_finish busy
  return 1
}

pt_driver_of() {
  pt_link=$(readlink "sys/bus/pci/devices/$1/driver") || pt_link=-
  pt_driver=${pt_link##*/}
}

# pt_expect_device ADDRESS VENDOR:DEVICE DRIVER, "-" for none
pt_expect_device() {
  pt_vendor=
  pt_device=
  { read -r pt_vendor <"sys/bus/pci/devices/$1/vendor" && read -r pt_device <"sys/bus/pci/devices/$1/device"; } 2>/dev/null
  [ "${pt_vendor#0x}:${pt_device#0x}" = "$2" ] || { pt_stale "$1 is no longer $2"; return 1; }
  pt_driver_of "$1"
  [ "$pt_driver" = "$3" ] || pt_stale "the driver of $1 is now $pt_driver, not $3"
}

# pt_expect_domain UUID SHA256-OF-INACTIVE-XML
pt_expect_domain() {
  pt_hash=$(pt_virsh 30 dumpxml --inactive "$1" 2>/dev/null | sha256sum)
  [ "${pt_hash%% *}" = "$2" ] || pt_stale "the configuration of domain $1 has changed"
}

pt_sync_path() { sync "$1" 2>/dev/null || sync; }

# pt_save PATH: keeps the original bytes for the operator, once for each content.
pt_save() {
  pt_hash=$(sha256sum "$1") || return 1
  pt_hash=${pt_hash%% *}
  [ -e "$pt_state/originals/$pt_hash" ] && return 0
  mkdir -p "$pt_state/originals" && cp -p "$1" "$pt_state/originals/$pt_hash.new" &&
    mv -f "$pt_state/originals/$pt_hash.new" "$pt_state/originals/$pt_hash" && pt_log "saved /$1 as originals/$pt_hash"
}

# pt_settle PATH: brings a boot loader's file to where it reads it. It replays no journal, and what is synced file by file may
# be in the journal alone: a name there could lead to a file that is still empty. Syncing the whole file system writes
# ext4, btrfs and FAT in place. XFS does so when it is frozen; one program freezes and thaws, so that it cannot stay frozen.
pt_settle() {
  pt_sync_path "$1"
  case $1 in
    boot | boot/* | efi | efi/*) ;;
    *) return 0 ;;
  esac
  sync -f "$1" 2>/dev/null || sync
  [ "$(stat -f -c %T "$1" 2>/dev/null)" = xfs ] || return 0
  xfs_io -x -c freeze -c thaw "$(stat -c %m "$1")" >/dev/null 2>&1 || pt_log "xfs_io could not empty the journal below /$1"
}

# pt_install NEW PATH: a hard link to the old file first, then the rename. After a power cut a boot loader may still find the
# old name's entry, and the link keeps the blocks behind it. FAT has no links; there a copy serves.
pt_install() {
  pt_settle "$1"
  if [ -e "$2" ]; then
    rm -f "$2.passthrough-old"
    ln "$2" "$2.passthrough-old" 2>/dev/null || cp -p "$2" "$2.passthrough-old" || return 1
    pt_sync_path "$2.passthrough-old"
    pt_undo="file:$2 $pt_undo"
  else
    pt_undo="new:$2 $pt_undo"
  fi
  pt_sync_path "$(dirname "$2")"
  pt_step "rename $2"
  pt_take_place "$1" "$2"
}

# pt_take_place NEW PATH: a rename, until it is on the disk. FAT keeps the place of a file's blocks in its folder, and Linux
# writes that with the file, not with the folder: both are synced, the folder first, so that two names never share blocks. The
# blocks of the file before it are free for others once nobody has it open; that must not be on the disk first.
pt_take_place() {
  pt_held=$2
  [ -e "$pt_held" ] || pt_held=/dev/null
  {
    mv -f "$1" "$2" && pt_sync_path "$(dirname "$2")" && pt_settle "$2"
  } 8<"$pt_held"
}

pt_restore_file() {
  [ -e "$1.passthrough-old" ] || return 1
  rm -f "$1.passthrough-new"
  if cmp -s "$1.passthrough-old" "$1"; then
    rm -f "$1.passthrough-old"
  else
    pt_settle "$1.passthrough-old" && pt_take_place "$1.passthrough-old" "$1"
  fi && pt_sync_path "$(dirname "$1")"
}

# pt_write PATH SHA256 BASE64 [MODE]: replaces a file as a whole, or makes it.
pt_write() {
  pt_step "write $1"
  pt_new=$1.passthrough-new
  pt_prepare "$1" && printf '%s' "$3" | base64 -d >"$pt_new" 2>>"$pt_errors" ||
    { rm -f "$pt_new"; pt_fail "could not write /$pt_new: $(pt_error_text)"; return 1; }
  pt_hash=$(sha256sum "$pt_new")
  [ "${pt_hash%% *}" = "$2" ] ||
    { rm -f "$pt_new"; pt_fail "could not write /$pt_new: other bytes are on the disk; is it full?"; return 1; }
  [ -z "${4:-}" ] || chmod "$4" "$pt_new"
  pt_install "$pt_new" "$1" 2>"$pt_errors" ||
    { rm -f "$pt_new"; pt_fail "could not replace /$1: $(pt_error_text)"; return 1; }
}

# A new file beside the old one, with its owner, mode and label.
pt_prepare() {
  {
    mkdir -p "$(dirname "$1")" && rm -f "$pt_new" || return 1
    if [ -e "$1" ]; then
      pt_save "$1" && cp -p "$1" "$pt_new"
    else
      # Not ":", whose failed redirection would end the shell (POSIX, special built-ins).
      true >"$pt_new" && chmod 644 "$pt_new"
    fi
  } 2>"$pt_errors"
}

# On a full disk not even the reason may have found a place.
pt_error_text() {
  pt_text=$(tail -n 5 "$pt_errors" 2>/dev/null)
  printf '%s' "${pt_text:-no reason could be noted; is the disk full?}"
}

# pt_clean PATH: what an interrupted change left behind; the names are our own.
pt_clean() {
  case $1 in
    *.passthrough-old | *.passthrough-new | *.passthrough-new.new) ;;
    *) pt_fail "/$1 is not ours"; return 1 ;;
  esac
  pt_step "clean $1"
  rm -f "$1" && pt_sync_path "$(dirname "$1")"
}

# pt_set_variable TOOL PATH NAME BEFORE AFTER: a variable of GRUB's environment block, values in base64. The boot loader's
# tool empties the file before it writes it, so it works on a copy, which then takes the block's place as a whole.
pt_set_variable() {
  pt_step "set $3 in $2"
  pt_new=$2.passthrough-new
  pt_before=$(printf '%s' "$4" | base64 -d)
  pt_after=$(printf '%s' "$5" | base64 -d)
  pt_listed=$("$1" "${PASSTHROUGH_ROOT:-}/$2" list 2>&1) || { pt_fail "$1 failed: $pt_listed"; return 1; }
  [ "$(printf '%s\n' "$pt_listed" | sed -n "s/^$3=//p")" = "$pt_before" ] ||
    { pt_fail "$3 in /$2 has changed since it was read; run again"; return 1; }
  pt_prepare "$2" || { rm -f "$pt_new"; pt_fail "could not write /$pt_new: $(pt_error_text)"; return 1; }
  pt_error=$("$1" "${PASSTHROUGH_ROOT:-}/$pt_new" set "$3=$pt_after" 2>&1) ||
    { rm -f "$pt_new"; pt_fail "$1 failed: $pt_error"; return 1; }
  pt_error=$(pt_check_variable "$@") ||
    { rm -f "$pt_new"; pt_fail "the new /$2 is not what was planned: $pt_error"; return 1; }
  pt_install "$pt_new" "$2" 2>"$pt_errors" ||
    { rm -f "$pt_new"; pt_fail "could not replace /$2: $(pt_error_text)"; return 1; }
}

# Reads the copy back: the size of the block, the new value, and every other variable as it was.
pt_check_variable() {
  [ "$(wc -c <"$pt_new")" -eq "$(wc -c <"$2")" ] || { echo "its size has changed; is the disk full?"; return 1; }
  pt_read=$("$1" "${PASSTHROUGH_ROOT:-}/$pt_new" list 2>&1) || { echo "$pt_read"; return 1; }
  [ "$(printf '%s\n' "$pt_read" | sed -n "s/^$3=//p")" = "$pt_after" ] || { echo "$3 has another value"; return 1; }
  [ "$(printf '%s\n' "$pt_read" | sed "/^$3=/d")" = "$(printf '%s\n' "$pt_listed" | sed "/^$3=/d")" ] ||
    { echo "other variables have changed"; return 1; }
}

# pt_remove PATH: a file of ours; a link keeps it until all is done, as with a rename.
pt_remove() {
  pt_step "remove $1"
  [ -e "$1" ] || return 0
  { pt_save "$1" && rm -f "$1.passthrough-old" &&
    { ln "$1" "$1.passthrough-old" 2>/dev/null || cp -p "$1" "$1.passthrough-old"; } &&
    pt_undo="file:$1 $pt_undo" &&
    { rm -f "$1" && pt_settle "$(dirname "$1")"; } 8<"$1"; } 2>"$pt_errors" ||
    { pt_fail "could not remove /$1: $(pt_error_text)"; return 1; }
}

# pt_edit_block TOOL PATH WORD…: GRUB's environment block, changed by its own tool in a copy, since the tool empties a file
# before it writes it. The permanent choice of an entry may stand there too. A link stays one: RHEL 8 has one on some hosts.
pt_edit_block() {
  pt_editor=$1 pt_block=$2
  shift 2
  if [ -L "$pt_block" ]; then
    "$pt_editor" "${PASSTHROUGH_ROOT:-}/$pt_block" "$@" >"$pt_errors" 2>&1 && pt_settle "$pt_block"
    return
  fi
  pt_new=$pt_block.passthrough-new
  rm -f "$pt_new"
  # Of a file that is not there the tool makes a block by itself; of an empty one it does not.
  [ ! -e "$pt_block" ] || pt_prepare "$pt_block" || return 1
  "$pt_editor" "${PASSTHROUGH_ROOT:-}/$pt_new" "$@" >"$pt_errors" 2>&1 && pt_install "$pt_new" "$pt_block" 2>"$pt_errors" ||
    { rm -f "$pt_new"; return 1; }
}

# pt_boot_once LOADER TOOL PROBE PATH ENTRY: the choice of the next boot only. GRUB clears it by writing to its environment
# block, which it cannot do through LVM, RAID or a file system that moves blocks: there the choice would stay for ever.
pt_boot_once() {
  pt_step "boot-once $5"
  if [ "$1" = grub ]; then
    pt_found=$("$3" --target=abstraction "${PASSTHROUGH_ROOT:-}/$(dirname "$4")" 2>&1) &&
      pt_kind=$("$3" --target=fs "${PASSTHROUGH_ROOT:-}/$(dirname "$4")" 2>&1) ||
      { pt_fail "$3 failed: $pt_found ${pt_kind:-}"; return 1; }
    case $pt_found$pt_kind in
      *lvm* | *diskfilter* | *mdraid* | *btrfs* | *zfs*)
        pt_fail "GRUB cannot clear a one-shot choice on $pt_found$pt_kind"
        return 1
        ;;
    esac
    pt_edit_block "$2" "$4" set next_entry="$5" || { pt_fail "could not choose $5 in /$4: $(pt_error_text)"; return 1; }
    "$2" "${PASSTHROUGH_ROOT:-}/$4" list | grep -qx "next_entry=$5" || pt_fail "$2 did not keep the choice in /$4"
  else
    pt_undo="choice:$2 $pt_undo"
    pt_error=$("$2" set-oneshot "$5" 2>&1) || pt_fail "$2: $pt_error"
  fi
}

# pt_confirm_trial UNIT: this boot is kept; the unit must not restart the host while the permanent files are written.
pt_confirm_trial() {
  pt_step "confirm-trial"
  pt_error=$(timeout 60 systemctl stop "$1" 2>&1)
  case $(systemctl is-active "$1" 2>/dev/null) in
    active | activating | deactivating) pt_fail "$1 still runs after it was told to stop: $pt_error" ;;
  esac
}

# pt_clear_boot_once LOADER TOOL PROBE PATH
pt_clear_boot_once() {
  pt_step "clear-boot-once"
  pt_error=
  if [ "$1" = grub ]; then
    [ ! -e "$4" ] || pt_edit_block "$2" "$4" unset next_entry
  else
    pt_error=$("$2" set-oneshot '' 2>&1)
  fi || pt_fail "could not clear the choice of the next boot: ${pt_error:-$(pt_error_text)}"
}

# pt_record NAME BASE64: what is needed to take this change back, should the answer to it be lost.
pt_record() {
  pt_step "record $1"
  pt_record_path=$pt_state/records/$1
  {
    mkdir -p "$pt_state/records" && printf '%s' "$2" | base64 -d >"$pt_record_path.new"
  } 2>"$pt_errors" || { rm -f "$pt_record_path.new"; pt_fail "could not write /$pt_record_path: $(pt_error_text)"; return 1; }
  [ -e "$pt_record_path" ] || pt_undo="new:$pt_record_path $pt_undo"
  pt_sync_path "$pt_record_path.new"
  mv -f "$pt_record_path.new" "$pt_record_path" && pt_sync_path "$pt_state/records"
}

# pt_forget NAME: only once nothing can fail any more, so pt_commit does it.
pt_forget() { pt_forgotten="${pt_forgotten:-} $1"; }

# pt_generate TOOL CHECKER CONFIG PRESENT ABSENT: the boot loader's own generator writes beside the menu; what it made is
# checked for its syntax and for the words that it must boot before it takes the menu's place. PRESENT and
# ABSENT are words joined by blanks, in base64.
pt_generate() {
  pt_step "generate $3"
  pt_found=$(pt_package_managers)
  [ -z "$pt_found" ] || { pt_fail "a package manager is at work: $(pt_describe_package "$pt_found")"; return 1; }
  pt_new=$3.passthrough-new
  rm -f "$pt_new.new"
  pt_prepare "$3" || { rm -f "$pt_new"; pt_fail "could not write /$pt_new: $(pt_error_text)"; return 1; }
  pt_error=$(timeout -k 10 900 "$1" -o "${PASSTHROUGH_ROOT:-}/$pt_new" 2>&1 </dev/null) ||
    { rm -f "$pt_new" "$pt_new.new"; pt_fail "$1 failed: $(printf '%s\n' "$pt_error" | tail -n 5)"; return 1; }
  pt_step "check $3"
  pt_error=$("$2" "$pt_new" 2>&1) || { rm -f "$pt_new"; pt_fail "$2 refused the new menu: $pt_error"; return 1; }
  pt_error=$(pt_check_menu "$pt_new" "$(printf '%s' "$4" | base64 -d)" "$(printf '%s' "$5" | base64 -d)") ||
    { rm -f "$pt_new"; pt_fail "the new menu would not boot what was planned: $pt_error"; return 1; }
  pt_install "$pt_new" "$3" 2>"$pt_errors" ||
    { rm -f "$pt_new"; pt_fail "could not replace /$3: $(pt_error_text)"; return 1; }
}

# Every entry that 10_linux made, but for recovery, must hold the present words and none of the absent ones.
pt_check_menu() {
  awk -v present="$2" -v absent="$3" '
    BEGIN { np = split(present, p, " "); na = split(absent, a, " ") }
    /^### BEGIN .*\/10_linux/ { inside = 1; sections++ }
    /^### END .*\/10_linux/ { inside = 0 }
    $1 ~ /^linux(16|efi)?$/ {
      recovery = 0; delete have
      for (i = 3; i <= NF; i++) { have[$i] = 1; if ($i == "single" || $i == "recovery") recovery = 1 }
      if (recovery) next
      missing = ""
      for (i = 1; i <= np; i++) if (!(p[i] in have)) missing = missing " lacks " p[i]
      for (i = 1; i <= na; i++) if (a[i] in have) missing = missing " still has " a[i]
      if (inside) { seen++; if (missing != "") wrong[++nw] = $2 missing }
      else { others++; if (missing != "") strange[++ns] = $2 missing }
    }
    END {
      if (!sections) { seen = others; for (i = 1; i <= ns; i++) wrong[++nw] = strange[i] }
      if (!seen) { print "it has no entry for Linux"; exit 1 }
      for (i = 1; i <= nw; i++) print wrong[i]
      exit nw > 0
    }' "$1"
}

pt_virsh() {
  pt_limit=$1
  shift
  timeout -k 5 "$pt_limit" virsh -q -c "$pt_uri" "$@" </dev/null
}

pt_node() { printf 'pci_%s' "$1" | sed 's/[:.]/_/g'; }

# pt_sysfs TEXT PATH: a write to sysfs may hang in the kernel, where no signal ends it; so it runs beside us and is left
# alone when its time is over.
pt_sysfs() {
  rm -f "$pt_answer" "$pt_answer.said"
  {
    printf '%s\n' "$1" | tee "sys/bus/pci/$2" 2>"$pt_answer.said"
    printf '%s\n' "$?" >"$pt_answer.new" && mv -f "$pt_answer.new" "$pt_answer"
  } </dev/null >/dev/null 2>&1 9>&- &
  pt_waited=0
  while [ ! -e "$pt_answer" ]; do
    [ "$pt_waited" -lt "$((pt_seconds * 10))" ] || return 124
    sleep 0.1
    pt_waited=$((pt_waited + 1))
  done
  read -r pt_status <"$pt_answer"
  return "$pt_status"
}

# The kernel's reason for a refused write: tee names the file and then says it.
pt_sysfs_reason() { sed -n 's/^.*: //p' "$pt_answer.said" 2>/dev/null | tail -n 1; }

# pt_rebind ADDRESS DRIVER: by sysfs. The override makes the probe choose the driver; it never loads a module.
pt_rebind() {
  pt_sysfs "$2" "devices/$1/driver_override" || return 1
  pt_driver_of "$1"
  if [ "$pt_driver" != - ]; then pt_sysfs "$1" "devices/$1/driver/unbind" || return 1; fi
  pt_sysfs "$1" drivers_probe
}

# pt_give_back ADDRESS DRIVER SECONDS: to the driver it had, "-" for none.
pt_give_back() {
  pt_seconds=$3
  pt_driver_of "$1"
  if [ "$pt_driver" = "$2" ]; then return 0; fi
  if [ "$2" = - ]; then
    pt_sysfs "$1" "devices/$1/driver/unbind"
    pt_sysfs '' "devices/$1/driver_override"
  else
    command -v virsh >/dev/null 2>&1 && pt_virsh "$3" nodedev-reattach "$(pt_node "$1")" >/dev/null 2>&1
    pt_driver_of "$1"
    if [ "$pt_driver" != "$2" ]; then
      modprobe "$2" 2>/dev/null
      pt_rebind "$1" "$2"
      pt_sysfs '' "devices/$1/driver_override"
    fi
  fi
  pt_driver_of "$1"
  [ "$pt_driver" = "$2" ]
}

# pt_take ADDRESS DRIVER METHOD SECONDS: METHOD is virsh or sysfs.
pt_take() {
  pt_step "detach $1"
  pt_seconds=$4
  pt_driver_of "$1"
  pt_previous=$pt_driver
  pt_undo="driver:$1,$pt_previous $pt_undo"
  modprobe "$2" 2>/dev/null
  if [ "$3" = virsh ]; then
    pt_error=$(pt_virsh "$4" nodedev-detach "$(pt_node "$1")" 2>&1)
    pt_status=$?
  else
    pt_error=$(pt_rebind "$1" "$2" 2>&1)
    pt_status=$?
  fi
  pt_driver_of "$1"
  [ "$pt_driver" = "$2" ] && return 0
  case $pt_status in
    124 | 137) pt_error="it did not return within $4 s; something on the host still uses $1 (driver $pt_previous)" ;;
    0) pt_error="the driver of $1 is $pt_driver afterwards, not $2" ;;
  esac
  pt_fail "$pt_error"
}

# pt_return ADDRESS DRIVER SECONDS
pt_return() {
  pt_step "reattach $1"
  pt_driver_of "$1"
  pt_current=$pt_driver
  pt_give_back "$1" "$2" "$3" && return 0
  pt_driver_of "$1"
  pt_fail "$1 did not go back to its driver $2; it is on $pt_driver (was on $pt_current)"
}

# pt_show_node ADDRESS: libvirt's own view of a device.
pt_show_node() {
  pt_section node "$1"
  pt_virsh 30 nodedev-dumpxml "$(pt_node "$1")" 2>/dev/null
}

# pt_attach UUID NAME BASE64 and pt_detach UUID NAME BASE64: libvirt changes one element under its own lock, so an edit
# by someone else at the same time is not lost.
pt_attach() {
  pt_step "attach $2"
  pt_before=$(pt_controllers "$1" | tr '\n' '-')
  pt_change_domain attach-device "$@" && pt_undo="attached:$1,$pt_xml,$pt_before $pt_undo"
}

pt_detach() {
  pt_step "remove $2"
  pt_change_domain detach-device "$@" && pt_undo="detached:$1,$pt_xml $pt_undo"
}

# pt_controllers UUID: indexes of the PCI controllers in the stored configuration, highest first.
pt_controllers() {
  pt_virsh 30 dumpxml --inactive "$1" 2>/dev/null |
    sed -n "s/.*<controller type='pci' index='\([0-9]*\)'.*/\1/p" | sort -rn
}

# pt_take_out UUID FILE INDEX-INDEX-…: a device, and the controllers above those indexes that libvirt added for it.
pt_take_out() {
  pt_virsh 60 detach-device "$1" "$2" --config >/dev/null 2>&1 || return 1
  for pt_index in $(pt_controllers "$1"); do
    case -$3 in *"-$pt_index-"*) return 0 ;; esac
    pt_virsh 30 dumpxml --inactive "$1" 2>/dev/null |
      sed -n "/<controller type='pci' index='$pt_index'/,/<\/controller>/p" >"$2.controller"
    pt_virsh 60 detach-device "$1" "$2.controller" --config >/dev/null 2>&1 || return 0
  done
}

pt_change_domain() {
  pt_xml=${PASSTHROUGH_ROOT:-}/run/passthrough-$nonce.$3
  pt_error=$(printf '%s' "$4" | base64 -d 2>&1 >"$pt_xml") || { pt_fail "could not write $pt_xml: $pt_error"; return 1; }
  pt_error=$(pt_virsh 60 "$1" "$2" "$pt_xml" --config 2>&1) || { pt_fail "virsh $1: $pt_error"; return 1; }
}

# pt_commit FILE…: all steps are done; the links to old files go last.
pt_commit() {
  pt_step commit
  for pt_file in "$@"; do
    rm -f "$pt_file.passthrough-old" "$pt_file.passthrough-new" "$pt_file.passthrough-new.new"
  done
  for pt_file in ${pt_forgotten:-}; do
    rm -f "$pt_state/records/$pt_file"
  done
  sync
  pt_finish done
}

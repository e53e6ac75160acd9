# Packages and libvirt's daemons. The package manager's own dry run is made again under the lock before anything is installed,
# and before anything is removed: what is not ours stays, whatever depends on what. An interrupted installation is finished by
# the next run: what was to come is noted before it begins, and dpkg is told to go on.

# pt_expect_packages SHA256: of what the package manager would do.
pt_expect_packages() {
  pt_read_packages
  # shellcheck disable=SC2086 # one word a name
  pt_ask_install $pt_missing
  [ "$pt_verdict $(pt_hash_changes)" = "possible $1" ] || pt_stale "what $pt_tool would install has changed"
}

# pt_manage SECONDS COMMAND…: nobody answers questions, settings that were changed by hand stay as they are, and services of
# others are not restarted. Programs that packages bring expect the usual mask.
pt_manage() {
  DEBIAN_FRONTEND=noninteractive DEBIAN_PRIORITY=critical NEEDRESTART_SUSPEND=1 APT_LISTCHANGES_FRONTEND=none
  export DEBIAN_FRONTEND DEBIAN_PRIORITY NEEDRESTART_SUSPEND APT_LISTCHANGES_FRONTEND
  umask 022
  pt_run_long "$@"
  pt_status=$?
  umask 077
  return "$pt_status"
}

pt_apt() {
  pt_limit=$1
  shift
  pt_manage "$pt_limit" apt-get -y -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=60 -o APT::Get::AutomaticRemove=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold "$@"
}

# pt_run_install SECONDS NAME…
pt_run_install() {
  pt_limit=$1
  shift
  case $pt_manager in
    apt)
      pt_fix=
      [ -z "${pt_half:-}" ] || pt_fix=-f
      # shellcheck disable=SC2086 # no word where there is nothing to mend
      pt_apt "$pt_limit" --no-remove --no-upgrade $pt_fix install "$@"
      ;;
    dnf4 | dnf5) pt_manage "$pt_limit" dnf -y install "$@" ;;
    zypper) pt_manage "$pt_limit" zypper --non-interactive install --auto-agree-with-licenses "$@" ;;
    pacman) pt_manage "$pt_limit" pacman -S --needed --noconfirm --noprogressbar "$@" ;;
  esac
  # Something wants a restart, or a repository was skipped: zypper(8), EXIT CODES.
  case $pt_manager:$pt_status in zypper:102 | zypper:103 | zypper:106) pt_status=0 ;; esac
  return "$pt_status"
}

pt_words() { printf '%s' "$1" | tr ',' ' '; }

# pt_why_not SECONDS: why a long command failed.
pt_why_not() {
  case $pt_status in 124 | 137) printf 'it did not end within %s s; ' "$1" ;; esac
  grep -vE '^[[:space:]]*$' "$pt_said" 2>/dev/null | tail -n 6 | tr '\n' ' '
}

# pt_repair_packages: an interrupted installation goes on where it stood; what dpkg cannot finish by itself apt does next.
pt_repair_packages() {
  pt_step repair-packages
  pt_find_manager
  case $pt_manager in
    apt)
      pt_manage "$1" dpkg --force-confdef --force-confold --configure -a ||
        pt_log "dpkg --configure -a: $(pt_why_not "$1")"
      ;;
    pacman)
      pt_found=$(pt_package_managers)
      [ -z "$pt_found" ] || { pt_fail "a package manager is at work: $(pt_describe_package "$pt_found")"; return 1; }
      rm -f var/lib/pacman/db.lck
      ;;
  esac
}

# pt_install_packages SECONDS NAMES BRINGS, joined by commas: BRINGS is all that comes and was not there, dependencies included.
pt_install_packages() {
  pt_step install-packages
  pt_find_manager
  printf '%s\n' "$3" | tr ',' '\n' >"run/passthrough-$nonce.brings"
  pt_undo="packages:- $pt_undo"
  # shellcheck disable=SC2046 # names are single words
  pt_run_install "$1" $(pt_words "$2") || { pt_fail "$pt_tool failed: $(pt_why_not "$1")"; return 1; }
  pt_step check-packages
  pt_lost=$(pt_list_absent)
  [ -z "$pt_lost" ] || { pt_fail "$pt_tool ended well, but these are not installed: $pt_lost"; return 1; }
}

# Names of what should be there and is not.
pt_list_absent() {
  # shellcheck disable=SC2046 # names are single words
  {
    pt_list_installed $(cat "run/passthrough-$nonce.brings")
    sed 's/^/brought	/' "run/passthrough-$nonce.brings"
  } | awk -F '\t' '$1 == "installed" { have[$2] = 1 } $1 == "brought" && $2 != "" && !($2 in have) { printf "%s ", $2 }'
}

# What came, as far as it did, goes again: it was not there before. What is half there goes with the rest.
pt_take_packages_back() {
  # shellcheck disable=SC2046 # names are single words
  case $pt_manager in
    apt)
      set -- $(pt_list_unpacked)
      [ $# -eq 0 ] || pt_manage 900 dpkg --force-remove-reinstreq --remove "$@"
      ;;
    dnf4 | dnf5 | zypper)
      set -- $(pt_list_installed $(cat "run/passthrough-$nonce.brings") | cut -f 2)
      [ $# -eq 0 ] || pt_manage 900 rpm -e "$@"
      ;;
    pacman)
      set -- $(pt_list_installed $(cat "run/passthrough-$nonce.brings") | cut -f 2)
      [ $# -eq 0 ] || pt_manage 900 pacman -R --noconfirm --noprogressbar "$@"
      ;;
  esac
}

# Those that dpkg has in any state between unpacked and installed.
pt_list_unpacked() {
  {
    sed 's/^/brought	/' "run/passthrough-$nonce.brings"
    dpkg-query -W -f 'known\t${Package}\t${binary:Package}\t${db:Status-Abbrev}\n' 2>/dev/null
  } | awk -F '\t' '$1 == "brought" { brought[$2] = 1 }
    $1 == "known" && substr($4, 2, 1) ~ /[iHUFWt]/ && (($2 in brought) || ($3 in brought)) { print $3 }'
}

# pt_ask_remove NAME…: all that the package manager would remove with them, one a line; a "+" before what it would install.
pt_ask_remove() {
  case $pt_manager in
    apt)
      timeout -k 5 100 apt-get -s -q -o Debug::NoLocking=1 -o APT::Get::AutomaticRemove=0 remove "$@" 2>/dev/null |
        sed -n -e 's/^Remv \([^ ]*\).*/\1/p' -e 's/^Inst \([^ ]*\).*/+\1/p'
      ;;
    dnf4 | dnf5)
      pt_flag=--noautoremove
      [ "$pt_manager" = dnf4 ] || pt_flag=--no-autoremove
      timeout -k 5 100 dnf --assumeno $pt_flag remove "$@" 2>/dev/null | awk '
        /^ ?Package +Arch/ { inside = 1; next } /^Transaction Summary/ { inside = 0 }
        inside && /^[A-Z].*:$/ { mark = $1 ~ /^Removing/ ? "" : "+"; next }
        inside && /^ [^ ]/ { print mark $1 }'
      ;;
    zypper)
      timeout -k 5 100 zypper --non-interactive --xmlout remove --dry-run "$@" 2>/dev/null | pt_pick_changes | awk '
        $1 ~ /^\/?to-/ { mark = $1 == "to-remove" ? "" : "+"; next }
        / type="package"/ && match($0, / name="[^"]*"/) { print mark substr($0, RSTART + 7, RLENGTH - 8) }'
      ;;
    pacman) timeout -k 5 100 pacman -Rc --noconfirm --print --print-format '%n' "$@" 2>/dev/null | awk 'NF == 1' ;;
  esac </dev/null
}

# pt_takes_ours_only NAME…: whether their removal takes nothing but what is in pt_ours.
pt_takes_ours_only() {
  pt_taken=$(pt_ask_remove "$@")
  [ -n "$pt_taken" ] || return 1
  for pt_word in $pt_taken; do
    case $pt_ours in *" $pt_word "*) ;; *) return 1 ;; esac
  done
}

# pt_find_free UNTIL NAME…: pt_free gets all that can go without taking what is not ours. What goes with a set of packages is
# what goes with its halves, so halves are tried until they are free or single.
pt_find_free() {
  pt_until=$1
  shift
  pt_free=
  pt_queue=$*
  while [ -n "$pt_queue" ]; do
    pt_set=${pt_queue%%
*}
    case $pt_queue in *"
"*) pt_queue=${pt_queue#*
} ;; *) pt_queue= ;; esac
    [ "$(date +%s)" -lt "$pt_until" ] || return 0
    # shellcheck disable=SC2086 # one word a name
    set -- $pt_set
    if pt_takes_ours_only "$@"; then
      pt_free="$pt_free $pt_set"
    elif [ $# -gt 1 ]; then
      pt_count=$(($# / 2)) pt_first=
      while [ "$pt_count" -gt 0 ]; do
        pt_first="$pt_first${pt_first:+ }$1"
        pt_count=$((pt_count - 1))
        shift
      done
      pt_queue="$pt_first
$*${pt_queue:+
$pt_queue}"
    fi
  done
}

# pt_remove_packages SECONDS NAMES: of what we brought, all that nothing else needs now.
pt_remove_packages() {
  pt_step remove-packages
  pt_find_manager
  # shellcheck disable=SC2046 # names are single words
  set -- "$1" $(pt_list_installed $(pt_words "$2") | sed -n 's/^installed	\([^	]*\)	.*/\1/p' | sort -u)
  pt_limit=$1
  shift
  [ $# -gt 0 ] || return 0
  pt_ours=" $* "
  pt_find_free $(($(date +%s) + pt_limit)) "$@"
  pt_kept=
  for pt_word in "$@"; do
    case " $pt_free " in *" $pt_word "*) ;; *) pt_kept="$pt_kept${pt_kept:+, }$pt_word" ;; esac
  done
  if [ -n "$pt_free" ]; then
    printf '%s\n' "$pt_free" >"run/passthrough-$nonce.removed"
    pt_undo="removed:- $pt_undo"
    # shellcheck disable=SC2086 # one word a name
    pt_run_remove "$pt_limit" $pt_free || { pt_fail "$pt_tool failed: $(pt_why_not "$pt_limit")"; return 1; }
  fi
  [ -n "$pt_kept" ] || return 0
  pt_section remark
  printf '%s\n' "packages that this resource brought stay, because something else needs them now: $pt_kept"
}

pt_run_remove() {
  pt_limit=$1
  shift
  case $pt_manager in
    apt) pt_apt "$pt_limit" remove "$@" ;;
    dnf4) pt_manage "$pt_limit" dnf -y --noautoremove remove "$@" ;;
    dnf5) pt_manage "$pt_limit" dnf -y --no-autoremove remove "$@" ;;
    zypper) pt_manage "$pt_limit" zypper --non-interactive remove "$@" ;;
    pacman) pt_manage "$pt_limit" pacman -R --noconfirm --noprogressbar "$@" ;;
  esac
}

# pt_bring_again: after a removal that failed half way.
pt_bring_again() {
  pt_half=
  # shellcheck disable=SC2046 # names are single words
  pt_run_install 900 $(cat "run/passthrough-$nonce.removed")
}

pt_unit() { systemctl show -p "$1" "$2" 2>/dev/null | sed -n "s/^$1=//p"; }

pt_has_unit() { [ "$(pt_unit LoadState "$1")" = loaded ]; }

pt_has_daemon() { pt_has_unit "$1.socket" || pt_has_unit "$1.service"; }

# pt_is FIELD WORD DAEMON: of its service or its socket.
pt_is() { [ "$(pt_unit "$1" "$3.service")" = "$2" ] || [ "$(pt_unit "$1" "$3.socket")" = "$2" ]; }

pt_is_used() { pt_is UnitFileState enabled "$1" || pt_is ActiveState active "$1"; }

# pt_enable_daemons MODE PREFERRED MONOLITHIC MODULAR: the lists are joined by commas. What the packages have enabled counts
# for MODE auto, then which of the two there is, then what the distribution prefers.
pt_enable_daemons() {
  pt_step choose-daemons
  pt_mode=$1
  if [ "$pt_mode" = auto ]; then
    if pt_is_used libvirtd; then
      pt_mode=monolithic
    elif pt_is_used virtqemud; then
      pt_mode=modular
    else
      pt_mode=$2
      case $pt_mode in
        monolithic) pt_has_daemon libvirtd || pt_mode=modular ;;
        modular) pt_has_daemon virtqemud || pt_mode=monolithic ;;
      esac
    fi
  fi
  case $pt_mode in monolithic) pt_daemons=$3 ;; *) pt_daemons=$4 ;; esac
  pt_has_daemon "${pt_daemons%%,*}" ||
    { pt_fail "there is no unit ${pt_daemons%%,*}.socket or ${pt_daemons%%,*}.service on the host; the packages do not bring libvirt's daemon"; return 1; }
  for pt_daemon in $(pt_words "$pt_daemons"); do
    pt_enable_daemon || return 1
  done
  pt_step await-libvirt
  pt_await_libvirt || { pt_fail "libvirt does not answer at $pt_uri although its daemons were started: $pt_error"; return 1; }
}

# A driver of its own that the packages do not bring is none that is missed.
pt_enable_daemon() {
  pt_has_daemon "$pt_daemon" || return 0
  if ! pt_is UnitFileState enabled "$pt_daemon"; then
    pt_step "enable $pt_daemon"
    for pt_one in "$pt_daemon.service" "$pt_daemon.socket" "$pt_daemon-ro.socket" "$pt_daemon-admin.socket"; do
      [ "$(pt_unit UnitFileState "$pt_one")" = disabled ] || continue
      pt_undo="enabled:$pt_one $pt_undo"
      pt_error=$(timeout 60 systemctl enable "$pt_one" 2>&1) || { pt_fail "systemctl enable $pt_one: $pt_error"; return 1; }
    done
  fi
  if pt_is ActiveState active "$pt_daemon"; then return 0; fi
  pt_step "start $pt_daemon"
  for pt_one in "$pt_daemon.socket" "$pt_daemon-ro.socket" "$pt_daemon-admin.socket" "$pt_daemon.service"; do
    # systemd starts the service when somebody calls; without a socket nobody can.
    case $pt_one in *.service) ! pt_is ActiveState active "$pt_daemon" || continue ;; esac
    pt_has_unit "$pt_one" || continue
    pt_undo="started:$pt_one $pt_undo"
    pt_error=$(timeout 120 systemctl start "$pt_one" 2>&1) || { pt_fail "systemctl start $pt_one: $pt_error"; return 1; }
  done
}

# pt_disable_daemons UNITS, joined by commas: those that were not enabled before us.
pt_disable_daemons() {
  pt_step disable-daemons
  for pt_one in $(pt_words "$1"); do
    pt_has_unit "$pt_one" || continue
    if [ "$(pt_unit UnitFileState "$pt_one")" = enabled ]; then
      pt_undo="disabled:$pt_one $pt_undo"
      pt_error=$(timeout 60 systemctl disable "$pt_one" 2>&1) || { pt_fail "systemctl disable $pt_one: $pt_error"; return 1; }
    fi
    if [ "$(pt_unit ActiveState "$pt_one")" = active ]; then
      pt_undo="stopped:$pt_one $pt_undo"
      pt_error=$(timeout 120 systemctl stop "$pt_one" 2>&1) || { pt_fail "systemctl stop $pt_one: $pt_error"; return 1; }
    fi
  done
}

# Who and what a reboot would disturb, one line each with tabs between the fields: people at a terminal, inhibitors of
# systemd, package managers at work. POSIX sh; almost all of it is read without a fork.

# pt_sessions: "session ID USER TTY FROM SINCE" for each interactive session but our own, from logind's files (session_save
# in systemd's src/login/logind-session.c). The pipes *.ref beside them would never end.
pt_sessions() {
  pt_own=
  {
    while IFS= read -r pt_line; do
      case $pt_line in
        */session-*.scope*)
          pt_own=${pt_line##*/session-}
          pt_own=${pt_own%%.scope*}
          ;;
      esac
    done <proc/self/cgroup
  } 2>/dev/null
  for pt_file in run/systemd/sessions/*; do
    pt_id=${pt_file##*/}
    case $pt_id in "$pt_own" | *.ref | '*') continue ;; esac
    [ -f "$pt_file" ] && pt_session_line "$pt_file"
  done
}

pt_session_line() {
  pt_user=- pt_class='' pt_now='' pt_kind='' pt_tty='' pt_from='' pt_since=''
  while IFS='=' read -r pt_key pt_value; do
    case $pt_key in
      USER) pt_user=$pt_value ;;
      CLASS) pt_class=$pt_value ;;
      STATE) pt_now=$pt_value ;;
      TYPE) pt_kind=$pt_value ;;
      TTY) pt_tty=$pt_value ;;
      REMOTE_HOST) pt_from=$pt_value ;;
      REALTIME) pt_since=$pt_value ;;
    esac
  done <"$1"
  case $pt_class in '' | user*) ;; *) return 0 ;; esac
  [ "$pt_now" != closing ] || return 0
  case $pt_tty:$pt_kind in
    :x11 | :wayland | :mir) pt_tty="a desktop" ;;
    :*) pt_find_terminal "$pt_id" ;;
  esac
  [ -z "$pt_tty" ] || printf 'session\t%s\t%s\t%s\t%s\t%s\n' "$pt_id" "$pt_user" "$pt_tty" "$pt_from" "$pt_since"
}

# sshd opens its session before it makes the terminal, so logind may not know of one; the processes do.
pt_find_terminal() {
  for pt_procs in sys/fs/cgroup/user.slice/user-*.slice/session-"$1".scope/cgroup.procs \
    sys/fs/cgroup/systemd/user.slice/user-*.slice/session-"$1".scope/cgroup.procs; do
    [ -r "$pt_procs" ] || continue
    while read -r pt_pid; do
      pt_line=
      { IFS= read -r pt_line <"proc/$pt_pid/stat"; } 2>/dev/null
      # Behind the name in brackets: state, parent, group, session, number of the terminal.
      # shellcheck disable=SC2086
      set -- ${pt_line##*) }
      case ${5:-0} in
        0) ;;
        *[!0-9]*) ;;
        *)
          pt_tty="a terminal"
          [ "$(($5 >> 8))" -ne 136 ] || pt_tty=pts/$(($5 & 255))
          return 0
          ;;
      esac
    done <"$pt_procs"
  done
}

# pt_inhibitors: "inhibitor PID WHO WHY" for each that blocks a shutdown (inhibitor_save in logind-inhibit.c).
pt_inhibitors() {
  for pt_file in run/systemd/inhibit/*; do
    case $pt_file in *.ref) continue ;; esac
    [ -f "$pt_file" ] || continue
    pt_what='' pt_mode=block pt_who='' pt_why='' pt_pid=''
    while IFS='=' read -r pt_key pt_value; do
      case $pt_key in
        WHAT) pt_what=$pt_value ;;
        MODE) pt_mode=$pt_value ;;
        WHO) pt_who=$pt_value ;;
        WHY) pt_why=$pt_value ;;
        PID) pt_pid=$pt_value ;;
      esac
    done <"$pt_file"
    case $pt_mode:$pt_what: in
      block:shutdown:* | block:*:shutdown:* | block-weak:shutdown:* | block-weak:*:shutdown:*)
        printf 'inhibitor\t%s\t%s\t%s\n' "$pt_pid" "$pt_who" "$pt_why"
        ;;
    esac
  done
}

# pt_package_managers: "package PID NAME LOCK". The files stay when nobody is at work, so what counts is who holds them:
# dpkg, apt, rpm and dnf 5 by a lock of the kernel; dnf 4 and zypp by the number of a process in the file; pacman by the
# file that it keeps open.
pt_package_managers() {
  pt_seen=' '
  pt_inodes=$(stat -L -c '%i %n' var/lib/dpkg/lock-frontend var/lib/dpkg/lock var/cache/apt/archives/lock \
    run/unattended-upgrades.lock var/lib/rpm/.rpm.lock usr/lib/sysimage/rpm/.rpm.lock run/dnf/rpmtransaction.lock 2>/dev/null)
  if [ -n "$pt_inodes" ] && [ -r proc/locks ]; then
    while read -r _ pt_kind _ pt_access pt_pid pt_place _; do
      [ "$pt_kind $pt_access" = "POSIX WRITE" ] || continue
      pt_find_lock "$pt_pid" "${pt_place##*:}"
    done <proc/locks
  fi
  for pt_file in var/lib/dnf/rpmdb_lock.pid run/zypp.pid; do
    pt_pid=
    { read -r pt_pid <"$pt_file"; } 2>/dev/null
    case $pt_pid in '' | *[!0-9]*) ;; *) [ ! -d "proc/$pt_pid" ] || pt_package_line "$pt_pid" "$pt_file" ;; esac
  done
  [ -e var/lib/pacman/db.lck ] || return 0
  # ls heads each folder with its name only when there are several.
  # shellcheck disable=SC2012
  pt_pid=$(ls -l proc/self/fd proc/[0-9]*/fd 2>/dev/null |
    awk -F/ '/^proc\// { pid = $2 } / -> \/var\/lib\/pacman\/db\.lck$/ { print pid; exit }')
  [ -z "$pt_pid" ] || pt_package_line "$pt_pid" var/lib/pacman/db.lck
}

# Numbers of inodes repeat on other file systems, and btrfs hides its device; so the process must have the file open too.
pt_find_lock() {
  while read -r pt_inode pt_file; do
    [ "$pt_inode" = "$2" ] || continue
    case $(ls -l "proc/$1/fd" 2>/dev/null) in *"-> "*"/${pt_file##*/}"*) pt_package_line "$1" "$pt_file" ;; esac
  done <<END
$pt_inodes
END
}

# pt_describe_package LINES: the first of them in words.
pt_describe_package() {
  while IFS='	' read -r _ pt_pid pt_comm pt_file; do
    printf '%s (process %s, holds %s)' "$pt_comm" "$pt_pid" "$pt_file"
    return
  done <<END
$1
END
}

pt_package_line() {
  case $pt_seen in *" $1 "*) return 0 ;; esac
  pt_seen="$pt_seen$1 "
  pt_comm='a process'
  { read -r pt_comm <"proc/$1/comm"; } 2>/dev/null
  printf 'package\t%s\t%s\t/%s\n' "$1" "$pt_comm" "$2"
}

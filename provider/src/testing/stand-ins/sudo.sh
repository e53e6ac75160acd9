#!/bin/sh
# sudo with its usual env_reset: what describes the SSH session does not get through.
secret=$(cat "$SIMULATED_HOST/sudo-password" 2>/dev/null)
mode=tty
prompt="[sudo] password for $SIMULATED_USER: "
while [ $# -gt 0 ]; do
  case $1 in
  -n | --non-interactive) mode=never ;;
  -S | --stdin) mode=stdin ;;
  -k | -H | -E) ;;
  -p) prompt=$2; shift ;;
  -u) shift ;;
  --prompt=* | --user=*) ;;
  --) shift; break ;;
  -*) echo "sudo: unrecognized option '$1'" >&2; exit 1 ;;
  *) break ;;
  esac
  shift
done
if [ -e "$SIMULATED_HOST/sudo-refused" ]; then
  echo "$SIMULATED_USER is not in the sudoers file." >&2
  exit 1
fi
if [ -n "$secret" ] && [ "$SIMULATED_USER" != root ]; then
  case $mode in
  never) echo "sudo: a password is required" >&2; exit 1 ;;
  tty) echo "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper" >&2; exit 1 ;;
  esac
  printf '%s' "$prompt" >&2
  IFS= read -r given
  if [ "$given" != "$secret" ]; then
    echo "Sorry, try again." >&2
    printf '%s' "$prompt" >&2
    echo "sudo: no password was provided" >&2
    echo "sudo: 1 incorrect password attempt" >&2
    exit 1
  fi
fi
unset SSH_CONNECTION SSH_CLIENT
SUDO_USER=$SIMULATED_USER SIMULATED_USER=root
export SUDO_USER SIMULATED_USER
exec "$@"

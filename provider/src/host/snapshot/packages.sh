# What a resource that manages packages needs to know: the package manager and its own dry run, libvirt's units, the host's
# validation. It costs seconds, so it is only read where pt_wanted says for what: "--default", "--none" or names with blanks
# between. pt_default_FAMILY are the distributions' own sets. Nothing is changed.

pt_units='libvirtd virtqemud virtnodedevd virtnetworkd virtstoraged virtsecretd virtnwfilterd virtinterfaced'
pt_package_record=var/lib/passthrough/records/virtualization-packages

# pt_find_manager: sets pt_family and pt_manager, both empty for a distribution that we do not know. Fedora alone has a group
# for the whole task; its descendants do not.
pt_find_manager() {
  pt_family='' pt_manager='' pt_id='' pt_like=''
  while IFS='=' read -r pt_key pt_value; do
    pt_value=${pt_value#[\"\']}
    pt_value=${pt_value%[\"\']}
    case $pt_key in ID) pt_id=$pt_value ;; ID_LIKE) pt_like=$pt_value ;; esac
  done <etc/os-release
  for pt_word in $pt_id $pt_like; do
    case $pt_word in
      debian | ubuntu) pt_family=debian ;;
      fedora) if [ "$pt_id" = fedora ]; then pt_family=fedora; else pt_family=red-hat; fi ;;
      rhel | centos) pt_family=red-hat ;;
      suse | opensuse*) pt_family=suse ;;
      arch) pt_family=arch ;;
    esac
    [ -z "$pt_family" ] || break
  done
  case $pt_family in
    debian) pt_tool=apt-get pt_manager=apt ;;
    fedora | red-hat)
      pt_tool=dnf
      case $(dnf --version 2>/dev/null) in dnf5*) pt_manager=dnf5 ;; *) pt_manager=dnf4 ;; esac
      ;;
    suse) pt_tool=zypper pt_manager=zypper ;;
    arch) pt_tool=pacman pt_manager=pacman ;;
    *) return 0 ;;
  esac
  if [ -e run/ostree-booted ] || ! command -v "$pt_tool" >/dev/null 2>&1; then pt_manager=; fi
}

# pt_list_requested: what pt_wanted means here, in pt_requested.
pt_list_requested() {
  case $pt_wanted in
    --none) pt_requested= ;;
    --default)
      case $pt_family in
        debian) pt_requested=$pt_default_debian ;;
        fedora) pt_requested=$pt_default_fedora ;;
        red-hat) pt_requested=$pt_default_red_hat ;;
        suse) pt_requested=$pt_default_suse ;;
        arch) pt_requested=$pt_default_arch ;;
        *) pt_requested= ;;
      esac
      ;;
    *) pt_requested=$pt_wanted ;;
  esac
}

# pt_list_brought: names in our note of what we brought.
pt_list_brought() { sed -n 's/^package //p' "$pt_package_record" 2>/dev/null; }

# pt_list_installed NAME…: "installed NAME VERSION" for each that is there as a whole, "half NAME STATE" for whatever an
# interrupted run left, with tabs between. dpkg's states are in dpkg-query(1): wanted, is, error.
pt_list_installed() {
  case $pt_manager in
    apt)
      dpkg-query -W -f '${Package}\t${binary:Package}\t${Version}\t${db:Status-Abbrev}\n' 2>/dev/null |
        awk -F '\t' -v wanted=" $* " '
          substr($4, 2, 1) ~ /[HUFWt]/ || substr($4, 3, 1) == "R" { printf "half\t%s\t%s\n", $1, $4 }
          substr($4, 2, 1) == "i" && index(wanted, " " $1 " ") { printf "installed\t%s\t%s\n", $1, $3 }
          substr($4, 2, 1) == "i" && $2 != $1 && index(wanted, " " $2 " ") { printf "installed\t%s\t%s\n", $2, $3 }'
      ;;
    dnf4 | dnf5 | zypper)
      for pt_word in "$@"; do
        shift
        case $pt_word in
          @*) ;;
          pattern:*)
            ! rpm -q --whatprovides "pattern() = ${pt_word#pattern:}" >/dev/null 2>&1 ||
              printf 'installed\t%s\t\n' "$pt_word"
            ;;
          *) set -- "$@" "$pt_word" ;;
        esac
      done
      [ $# -eq 0 ] || rpm -q --qf 'installed\t%{NAME}\t%{EVR}\n' "$@" 2>/dev/null | grep '^installed'
      ;;
    pacman) [ $# -eq 0 ] || pacman -Q "$@" 2>/dev/null | awk 'NF == 2 { printf "installed\t%s\t%s\n", $1, $2 }' ;;
  esac
}

# pt_ask_install NAME…: the package manager's own dry run. Sets pt_changes, the lines that say what would happen, and
# pt_verdict; pt_said has all it said. dnf says no to its own question, so its status tells nothing.
pt_ask_install() {
  pt_fix=
  [ -z "${pt_half:-}" ] || pt_fix=-f
  pt_said=$(
    # shellcheck disable=SC2086 # no word where there is nothing to mend
    case $pt_manager in
      apt) timeout -k 5 100 apt-get -s -q -o Debug::NoLocking=1 --no-upgrade $pt_fix install "$@" 2>&1 ;;
      dnf4 | dnf5) timeout -k 5 100 dnf --assumeno install "$@" 2>&1 ;;
      zypper) timeout -k 5 100 zypper --non-interactive --xmlout install --auto-agree-with-licenses --dry-run "$@" 2>&1 ;;
      pacman) timeout -k 5 100 pacman -S --needed --noconfirm --print --print-format '%n %v' "$@" 2>&1 ;;
    esac </dev/null
    printf '\nstatus %s' "$?"
  )
  pt_status=${pt_said##*status }
  pt_said=${pt_said%?status *}
  pt_changes=$(printf '%s\n' "$pt_said" | pt_pick_changes)
  pt_verdict=impossible
  case $pt_manager:$pt_status in
    apt:0 | pacman:0) pt_verdict=possible ;;
    # Something was skipped or wants a restart, and the rest can be done: zypper(8), EXIT CODES.
    zypper:0 | zypper:102 | zypper:103 | zypper:106) pt_verdict=possible ;;
    dnf?:0 | dnf?:1)
      ! printf '%s\n' "$pt_said" | grep -qE '^(Transaction Summary|Nothing to do)' || pt_verdict=possible
      ;;
  esac
}

pt_pick_changes() {
  case $pt_manager in
    apt) grep -E '^(Inst|Remv) ' ;;
    dnf4 | dnf5)
      awk '/^ ?Package +Arch/ { inside = 1; next } /^Transaction Summary/ { inside = 0 }
        inside && NF > 0 && !/^=+$/ { sub(/ +$/, ""); print }'
      ;;
    zypper) sed -n -e 's/^<\(\/\{0,1\}to-[a-z-]*\)>.*/\1/p' -e 's/^<solvable \([^>]*[^>/]\)\/\{0,1\}>.*/solvable \1/p' ;;
    pacman) awk 'NF == 2 && $1 !~ /:$/' ;;
  esac
}

# pt_say_against: the last of what it said, without what it would do.
pt_say_against() {
  printf '%s\n' "$pt_said" | grep -vE '^(Inst|Remv|Conf) |^(Reading|Building|Loading) |^<\?xml|^</?stream|^[[:space:]]*$' |
    sed -e 's/<message type="[a-z]*">//' -e 's/<\/message>//' | tail -n 12
}

pt_hash_changes() { printf '%s\n' "$pt_changes" | sha256sum | cut -c1-64; }

# pt_read_packages: what is asked for, what of it is missing, and what is half done.
pt_read_packages() {
  pt_find_manager
  pt_list_requested
  # shellcheck disable=SC2046,SC2086 # names are single words
  pt_have=$(pt_list_installed $pt_requested $(pt_list_brought))
  pt_half=$(printf '%s\n' "$pt_have" | sed -n 's/^half	//p')
  pt_missing=
  for pt_word in $pt_requested; do
    case "$pt_have
" in *"installed	$pt_word	"*) ;; *) pt_missing="$pt_missing $pt_word" ;; esac
  done
}

pt_virtualization() {
  [ -n "${pt_wanted:-}" ] || return 0
  pt_read_packages
  pt_section packages-manager "${pt_family:--} ${pt_manager:--}"
  # shellcheck disable=SC2086 # one word a line
  [ -z "$pt_requested" ] || printf '%s\n' $pt_requested
  pt_section packages-installed
  printf '%s\n' "$pt_have"
  if [ -n "$pt_manager" ] && [ -n "$pt_missing$pt_half" ]; then
    # shellcheck disable=SC2086 # one word a name
    pt_ask_install $pt_missing
    pt_section packages-dry-run "$pt_verdict $(pt_hash_changes)"
    printf '%s\n' "$pt_changes"
    pt_section packages-complaint
    [ $pt_verdict = possible ] || pt_say_against
  fi
  pt_section packages-lock
  ls -1d var/lib/pacman/db.lck 2>/dev/null
  pt_section units
  # shellcheck disable=SC2046 # one word a unit
  timeout 30 systemctl show -p Id -p LoadState -p UnitFileState -p ActiveState $(
    for pt_word in $pt_units; do
      printf '%s\n' "$pt_word.service" "$pt_word.socket" "$pt_word-ro.socket" "$pt_word-admin.socket"
    done
  ) 2>/dev/null
  pt_section validation
  ! command -v virt-host-validate >/dev/null 2>&1 || timeout 30 virt-host-validate qemu 2>&1
}

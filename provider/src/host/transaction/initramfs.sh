# Initial ramdisks. A driver that one of them holds takes its devices before the root file system is there, and with it our
# udev rule; so the rule must be in there as well. An image is looked into, and built anew only where it has to be: beside
# the old one, by the distribution's own tool; what came out is looked into before it takes the old one's place.

# pt_initramfs PURPOSE TOOL BUILD LIST RECORD RULE DRIVER RIVALS DEVICES IMAGE…: PURPOSE is carry or drop, TOOL is
# initramfs-tools or dracut, BUILD and LIST are its programs; RIVALS and DEVICES are joined by commas; IMAGE is RELEASE,PATH.
pt_initramfs() {
  pt_purpose=$1 pt_tool=$2 pt_builder=$3 pt_lister=$4 pt_note=$5 pt_rule=$6 pt_bound=$7 pt_rivals=$8 pt_devices=$9
  shift 9
  pt_names=run/passthrough-$nonce.names
  pt_notes=
  for pt_word in "$@"; do
    pt_release=${pt_word%%,*}
    pt_image=${pt_word#*,}
    [ -e "$pt_image" ] || continue
    pt_visit_image || return 1
  done
  [ "$pt_purpose" = carry ] || return 0
  pt_record "$pt_note" "$(printf '%s' "$pt_notes" | base64 | tr -d '\n')"
}

pt_visit_image() {
  pt_step "look into $pt_image"
  pt_list_image "$pt_image" || { pt_fail "$pt_lister cannot read /$pt_image: $(pt_error_text)"; return 1; }
  pt_claimants=$(pt_list_claimants)
  case $pt_purpose in
    drop) ! pt_holds_rule || pt_build_image || return 1 ;;
    carry)
      pt_verdict=late
      if pt_holds_rule || pt_holds_module "$pt_claimants"; then pt_verdict=carried; fi
      # An image that is not newer than the rule may hold an older one.
      if [ $pt_verdict = carried ] && ! { pt_holds_rule && pt_holds_driver && [ "$pt_image" -nt "$pt_rule" ]; }; then
        pt_build_image || return 1
      fi
      pt_notes="$pt_notes$pt_image $(stat -c '%s %Y' "$pt_image") $(pt_digest "$pt_rule") $pt_verdict $pt_claimants
"
      ;;
  esac
}

pt_digest() { sha256sum "$1" | cut -c1-16; }

# Names of the files in an image, one a line and without their first slash. lsinitrd prints them as `ls -l` does.
pt_list_image() {
  "$pt_lister" "${PASSTHROUGH_ROOT:-}/$1" 2>"$pt_errors" </dev/null | awk -v tool="$pt_tool" '
    tool == "dracut" { if ($0 !~ /^[-dlcbps][-rwxsStT]+/) next; sub(/ -> .*/, ""); $0 = $NF }
    { sub(/^\.?\//, "") } $0 != "" && $0 != "." { print; seen = 1 }
    END { exit !seen }' >"$pt_names"
}

# Modules that would take the devices, joined by commas: those that the kernel would load for them, and their drivers so far.
pt_list_claimants() {
  {
    printf '%s\n' "$pt_rivals"
    for pt_device in $(printf '%s' "$pt_devices" | tr ',' ' '); do
      read -r pt_alias <"sys/bus/pci/devices/$pt_device/modalias" && modprobe -S "$pt_release" -R "$pt_alias"
    done
  } 2>/dev/null | tr ',-' '\n_' | grep -v '^$' | sort -u | tr '\n' ',' | sed 's/,$//'
}

# udev's own hook copies rules into another folder than ours does; both are read.
pt_holds_rule() {
  awk -F / -v name="${pt_rule##*/}" '$NF == name && $(NF - 1) == "rules.d" && $(NF - 2) == "udev" { found = 1 }
    END { exit !found }' "$pt_names"
}

# pt_holds_module MODULES, joined by commas
pt_holds_module() {
  awk -F / -v wanted="$1" '
    BEGIN { for (n = split(wanted, list, ","); n > 0; n--) { gsub(/-/, "_", list[n]); known[list[n]] = 1 } }
    $NF ~ /\.ko(\.[a-z0-9]+)?$/ { sub(/\.ko(\.[a-z0-9]+)?$/, "", $NF); gsub(/-/, "_", $NF); if ($NF in known) found = 1 }
    END { exit !found }' "$pt_names"
}

# The driver that we bind: in the image, or in the kernel itself.
pt_holds_driver() {
  pt_holds_module "$pt_bound" ||
    grep -qxE ".*/$(printf '%s' "$pt_bound" | sed 's/[-_]/[-_]/g')\.ko" "lib/modules/$pt_release/modules.builtin" 2>/dev/null
}

pt_build_image() {
  pt_step "build $pt_image"
  pt_new=$pt_image.passthrough-new
  rm -f "$pt_new"
  pt_found=$(pt_package_managers)
  [ -z "$pt_found" ] || { pt_fail "a package manager is at work: $(printf '%s' "$pt_found" | tr '\t\n' '  ')"; return 1; }
  pt_check_space "$pt_image" || return 1
  cp -f "$pt_names" "$pt_names.old"
  case $pt_tool in
    initramfs-tools) pt_run_long 3000 "$pt_builder" -o "${PASSTHROUGH_ROOT:-}/$pt_new" "$pt_release" ;;
    dracut) pt_run_long 3000 "$pt_builder" --force "${PASSTHROUGH_ROOT:-}/$pt_new" "$pt_release" ;;
  esac || { rm -f "$pt_new"; pt_fail "$pt_builder failed: $(tail -n 5 "$pt_said")"; return 1; }
  pt_step "check $pt_image"
  pt_error=$(pt_check_image) || { rm -f "$pt_new"; pt_fail "the new /$pt_image is not what was planned: $pt_error"; return 1; }
  pt_stamp=$(stat -c '%s %Y' "$pt_image")
  chmod "$(stat -c %a "$pt_image")" "$pt_new"
  pt_install "$pt_new" "$pt_image" 2>"$pt_errors" ||
    { rm -f "$pt_new"; pt_fail "could not replace /$pt_image: $(pt_error_text)"; return 1; }
  pt_renew_notes
}

# A second image, and a quarter more than the old one takes.
pt_check_space() {
  pt_needed=$(($(stat -c %s "$1") / 1024 * 5 / 4 + 1024))
  pt_free=$(df -Pk "$(dirname "$1")" | awk 'NR == 2 { print $4 }')
  [ "${pt_free:-0}" -ge "$pt_needed" ] ||
    pt_fail "there is no room for a second image beside /$1: ${pt_free:-0} KiB are free, $pt_needed KiB are needed; remove old kernels"
}

# pt_run_long SECONDS COMMAND…: with a line on its progress now and then. It keeps our lock as long as it runs.
pt_run_long() {
  pt_most=$1
  shift
  pt_said=run/passthrough-$nonce.said
  rm -f "$pt_answer"
  {
    timeout -k 10 "$pt_most" "$@"
    printf '%s\n' "$?" >"$pt_answer.new" && mv -f "$pt_answer.new" "$pt_answer"
  } </dev/null >"$pt_said" 2>&1 &
  pt_waited=0
  while [ ! -e "$pt_answer" ]; do
    [ "$pt_waited" -lt "$((pt_most + 30))" ] || return 124
    if [ "$pt_waited" -lt 1 ]; then sleep 0.2; else sleep 1; fi
    [ -e "$pt_answer" ] || pt_waited=$((pt_waited + 1))
    if [ "$((pt_waited % 20))" -eq 19 ]; then pt_section step "$pt_name, $((pt_waited + 1)) s"; fi
  done
  read -r pt_status <"$pt_answer"
  return "$pt_status"
}

# The new image must hold what it was built for, and all modules of the old one: one that lost the driver of the root file
# system, because the tool's settings have changed since, would not boot.
pt_check_image() {
  pt_list_image "$pt_new" || { echo "$pt_lister cannot read it"; return 1; }
  case $pt_purpose in
    carry)
      pt_holds_rule || { echo "it lacks ${pt_rule##*/}"; return 1; }
      pt_holds_driver || { echo "it lacks $pt_bound"; return 1; }
      ;;
    drop) ! pt_holds_rule || { echo "it still holds ${pt_rule##*/}"; return 1; } ;;
  esac
  pt_lost=$(awk -F / -v bound="$pt_bound" '
    $NF !~ /\.ko(\.[a-z0-9]+)?$/ { next }
    { name = $NF; sub(/\.ko(\.[a-z0-9]+)?$/, "", name); gsub(/-/, "_", name); gsub(/-/, "_", bound) }
    FILENAME == ARGV[1] { have[name] = 1; next }
    !(name in have) && name != bound && name !~ /^(vfio|irqbypass|iommufd)/ { printf "%s ", name }' \
    "$pt_names" "$pt_names.old")
  [ -z "$pt_lost" ] || { echo "it lacks ${pt_lost}of the old one; build it by hand, look at it, and run again"; return 1; }
}

# Notes of other groups on the image that was replaced: they stay true where it holds for them what they say.
pt_renew_notes() {
  for pt_other in "$pt_state"/records/initramfs-*; do
    [ -f "$pt_other" ] && [ "${pt_other##*/}" != "$pt_note" ] || continue
    grep -q "^$pt_image $pt_stamp " "$pt_other" || continue
    pt_renewed=$(
      while read -r pt_path pt_size pt_time pt_hash pt_said_verdict pt_modules; do
        if [ "$pt_path $pt_size $pt_time" = "$pt_image $pt_stamp" ] && pt_is_still_true; then
          pt_size=$(stat -c %s "$pt_image") pt_time=$(stat -c %Y "$pt_image")
        fi
        printf '%s\n' "$pt_path $pt_size $pt_time $pt_hash $pt_said_verdict $pt_modules"
      done <"$pt_other"
    )
    printf '%s\n' "$pt_renewed" >"$pt_other.new" && pt_sync_path "$pt_other.new" && mv -f "$pt_other.new" "$pt_other"
  done
}

pt_is_still_true() {
  pt_other_rule=$(printf '%s' "${pt_other##*/initramfs-}" | tr ':' '-')
  case $pt_said_verdict in
    carried) (pt_rule=10-passthrough-$pt_other_rule.rules && pt_holds_rule) ;;
    late) ! pt_holds_module "$pt_modules" ;;
  esac
}

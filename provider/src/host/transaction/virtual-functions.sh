# Virtual functions of SR-IOV. The kernel goes from none to some and back to none, never from one number to another; all of
# them vanish at once, from under whoever uses them.

# pt_expect_vfs ADDRESS COUNT
pt_expect_vfs() {
  pt_read_vfs "$1"
  [ "$pt_count" = "$2" ] || pt_stale "$1 now has $pt_count virtual functions, not $2"
}

pt_read_vfs() {
  pt_count=
  pt_autoprobe=
  { read -r pt_count <"sys/bus/pci/devices/$1/sriov_numvfs"; } 2>/dev/null || pt_count=none
  { read -r pt_autoprobe <"sys/bus/pci/devices/$1/sriov_drivers_autoprobe"; } 2>/dev/null || pt_autoprobe=-
}

# pt_set_vfs ADDRESS COUNT AUTOPROBE SECONDS: AUTOPROBE is 0 or 1, or "-" to leave it as it is; it is set before the functions
# come, because the kernel offers each of them to the drivers at once.
pt_set_vfs() {
  pt_step "virtual-functions $1"
  pt_seconds=$4
  pt_read_vfs "$1"
  pt_before=$pt_count
  pt_undo="vfs:$1,$pt_count,$pt_autoprobe $pt_undo"
  pt_write_autoprobe "$1" "$3" || { pt_fail "$pt_error"; return 1; }
  if [ "$pt_before" != "$2" ]; then
    if [ "$pt_before" != 0 ]; then pt_write_vfs "$1" 0 || { pt_fail "$pt_error"; return 1; }; fi
    if [ "$2" != 0 ]; then
      pt_step "create-virtual-functions $1"
      pt_write_vfs "$1" "$2" || { pt_fail "$pt_error"; return 1; }
    fi
  fi
  # udev is still loading drivers for them, which would race with whoever takes them next.
  if command -v udevadm >/dev/null 2>&1; then timeout "$4" udevadm settle --timeout="$4" >/dev/null 2>&1 </dev/null; fi
  return 0
}

pt_take_vfs_back() {
  pt_rest=${1#*,}
  pt_seconds=60
  pt_old=${pt_rest%%,*}
  pt_write_autoprobe "${1%%,*}" "${pt_rest#*,}" || return 1
  pt_read_vfs "${1%%,*}"
  [ "$pt_count" != "$pt_old" ] || return 0
  if [ "$pt_count" != 0 ]; then pt_write_vfs "${1%%,*}" 0 || return 1; fi
  [ "$pt_old" = 0 ] || pt_write_vfs "${1%%,*}" "$pt_old"
}

pt_write_autoprobe() {
  pt_read_vfs "$1"
  [ "$2" != - ] && [ "$pt_autoprobe" != "$2" ] || return 0
  pt_write_vf_file "$1" sriov_drivers_autoprobe "$2" || return 1
  pt_read_vfs "$1"
  [ "$pt_autoprobe" = "$2" ] || { pt_error="sriov_drivers_autoprobe of $1 is $pt_autoprobe afterwards, not $2"; return 1; }
}

# pt_write_vfs ADDRESS COUNT: some drivers accept a number and do nothing, so it is read back. The functions themselves may
# come a moment later than the number.
pt_write_vfs() {
  pt_write_vf_file "$1" sriov_numvfs "$2" || return 1
  pt_read_vfs "$1"
  [ "$pt_count" = "$2" ] ||
    { pt_driver_of "$1"; pt_error="driver $pt_driver accepted $2 virtual functions of $1, but it has $pt_count of them"; return 1; }
  pt_waited=0
  while pt_list_vfs "$1"; [ "$pt_found" != "$2" ]; do
    [ "$pt_waited" -lt "$((pt_seconds * 5))" ] ||
      { pt_error="$1 has $pt_found virtual functions after $pt_seconds s, not $2"; return 1; }
    sleep 0.2
    pt_waited=$((pt_waited + 1))
  done
}

pt_list_vfs() {
  pt_found=0
  for pt_link in "sys/bus/pci/devices/$1"/virtfn*; do
    [ ! -e "$pt_link/vendor" ] || pt_found=$((pt_found + 1))
  done
}

# pt_write_vf_file ADDRESS FILE TEXT
pt_write_vf_file() {
  pt_sysfs "$3" "devices/$1/$2"
  case $? in
    0) ;;
    124)
      pt_error="the write of $3 to $2 of $1 did not return within $pt_seconds s; something still uses a virtual function"
      return 1
      ;;
    *)
      pt_error="the kernel refused to write $3 to $2 of $1: $(pt_sysfs_reason)"
      return 1
      ;;
  esac
}

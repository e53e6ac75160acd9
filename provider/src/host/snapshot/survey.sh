# What a survey and the doctor want to know beside everything else. It is read only when it is asked for: the list of PCI
# names alone has more than a megabyte, and no plan rests on any of it.

# Chips by name, each once; newer kernels put the device's address behind it.
pt_interrupt_chips() {
  pt_section interrupt-chips
  awk '$1 ~ /^[0-9]+:$/ {
    for (i = 2; i <= NF; i++) {
      if ($i ~ /^[0-9]+$/) continue
      sub(/-[0-9a-f]+:[0-9a-f]+:[0-9a-f]+\.[0-7]$/, "", $i)
      if (!seen[$i]++) print $i
      break
    }
  }' proc/interrupts 2>/dev/null
}

# Monolithic and modular daemons alike; of a unit that does not exist systemd says "not-found".
pt_libvirt_units() {
  command -v systemctl >/dev/null 2>&1 || return 0
  pt_section units
  pt_units=
  for pt_daemon in libvirtd virtqemud virtnodedevd virtnetworkd virtstoraged virtproxyd virtlogd; do
    pt_units="$pt_units $pt_daemon.service $pt_daemon.socket"
  done
  # shellcheck disable=SC2086 # one unit a word
  timeout 30 systemctl --no-pager show -p Id -p LoadState -p UnitFileState -p ActiveState $pt_units 2>/dev/null
}

# One pass: first the ids of the host's functions, then the lines of the list that speak of them.
pt_pci_names() {
  for pt_list in var/lib/pciutils/pci.ids usr/share/misc/pci.ids usr/share/hwdata/pci.ids usr/share/pci.ids; do
    [ -r "$pt_list" ] && break
    pt_list=
  done
  [ -n "$pt_list" ] || return 0
  pt_section pci-names "$pt_list"
  awk '
    !isList {
      split(FILENAME, part, "/")
      id = tolower(substr($1, 3))
      if (part[6] == "vendor") vendor[part[5]] = id
      else device[part[5]] = id
      next
    }
    isList && !ready {
      for (one in vendor) { isVendor[vendor[one]] = 1; isDevice[vendor[one] " " device[one]] = 1 }
      ready = 1
    }
    /^C / { exit }
    /^[0-9a-f]/ { current = $1; if (current in isVendor) print "v " $0; next }
    /^\t[0-9a-f]/ && (current in isVendor) && ((current " " $1) in isDevice) { print "d " current $0 }
  ' sys/bus/pci/devices/*/vendor sys/bus/pci/devices/*/device isList=1 "$pt_list" 2>/dev/null
}

pt_survey() {
  pt_section survey
  grep -sH '' sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts \
    sys/kernel/mm/hugepages/*/nr_hugepages sys/kernel/mm/hugepages/*/free_hugepages
  grep -sH '^MemTotal:' proc/meminfo
  pt_section module-options
  grep -shE '^[[:space:]]*options[[:space:]]+vfio[_-]iommu[_-]type1[[:space:]]' etc/modprobe.d/*.conf run/modprobe.d/*.conf \
    usr/lib/modprobe.d/*.conf lib/modprobe.d/*.conf
  pt_section emulators
  ls -1d usr/bin/qemu-system-* usr/bin/qemu-kvm usr/bin/kvm usr/libexec/qemu-kvm 2>/dev/null
  pt_interrupt_chips
  pt_libvirt_units
  pt_pci_names
}

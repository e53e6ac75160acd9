# Prints everything the provider wants to know about a host, and changes nothing.
# POSIX sh, coreutils, util-linux, grep, sed. Few forks: one grep or ls reads a whole class of files.
# A section starts with "@@$nonce name". The nonce is new for every command, so no text of the host can start a section.
# PASSTHROUGH_ROOT stands for "/" on a simulated host; there PATH is complete already.

pt_section() { printf '@@%s %s\n' "$nonce" "$*"; }

# The SSH session's addresses: sudo clears them from our environment, our parents' still have them.
pt_session() {
  pt_section session
  if [ -n "${SSH_CONNECTION:-}" ]; then
    printf '%s\n' "$SSH_CONNECTION"
    return 0
  fi
  pt_pid=$PPID
  pt_hops=0
  while [ "$pt_hops" -lt 8 ] && [ "${pt_pid:-0}" -gt 1 ]; do
    pt_found=$(tr '\0' '\n' 2>/dev/null <"/proc/$pt_pid/environ" | sed -n 's/^SSH_CONNECTION=//p')
    if [ -n "$pt_found" ]; then
      printf '%s\n' "$pt_found"
      return 0
    fi
    pt_parent=0
    while read -r pt_key pt_value; do
      [ "$pt_key" = PPid: ] && pt_parent=$pt_value
    done <"/proc/$pt_pid/status"
    pt_pid=$pt_parent
    pt_hops=$((pt_hops + 1))
  done
}

# Hashes of boot files, and their bytes where they are small enough to be edited.
pt_files() {
  pt_section sizes
  stat -c '%s %n' "$@" 2>/dev/null
  pt_section hashes
  sha256sum "$@" 2>/dev/null
  for pt_file in "$@"; do
    [ -f "$pt_file" ] && [ -r "$pt_file" ] || continue
    pt_section text "$pt_file"
    head -c 65536 "$pt_file"
    printf '\n'
  done
}

pt_kernel_config() {
  pt_release=$(uname -r)
  pt_section release
  printf '%s\n' "$pt_release"
  pt_section config
  pt_names='INTEL_IOMMU|INTEL_IOMMU_DEFAULT_ON|INTEL_IOMMU_DEFAULT_ON_INTGPU_OFF|AMD_IOMMU|ARM_SMMU|ARM_SMMU_V3'
  pt_names="$pt_names|IOMMU_DEFAULT_PASSTHROUGH|IRQ_REMAP|VFIO|VFIO_PCI|VFIO_IOMMU_TYPE1"
  if [ -r "boot/config-$pt_release" ]; then
    grep -E "^(# )?CONFIG_($pt_names)[= ]" "boot/config-$pt_release"
  elif [ -r "lib/modules/$pt_release/config" ]; then
    grep -E "^(# )?CONFIG_($pt_names)[= ]" "lib/modules/$pt_release/config"
  elif [ -r proc/config.gz ]; then
    gzip -dc proc/config.gz | grep -E "^(# )?CONFIG_($pt_names)[= ]"
  fi
}

pt_libvirt() {
  command -v virsh >/dev/null 2>&1 || return 0
  pt_section libvirt-version
  virsh -v 2>&1
  if ! pt_active=$(timeout 30 virsh -q -c qemu:///system list --uuid 2>&1); then
    pt_section libvirt-error
    printf '%s\n' "$pt_active"
    return 0
  fi
  # shellcheck disable=SC2086 # one UUID a word
  pt_active=" $(printf '%s ' $pt_active) "
  for pt_uuid in $(timeout 30 virsh -q -c qemu:///system list --all --uuid 2>/dev/null); do
    pt_section domain "$pt_uuid"
    timeout 30 virsh -q -c qemu:///system dumpxml --inactive "$pt_uuid" 2>/dev/null
    case $pt_active in
      *" $pt_uuid "*)
        pt_section domain-live "$pt_uuid"
        timeout 30 virsh -q -c qemu:///system dumpxml "$pt_uuid" 2>/dev/null
        ;;
    esac
  done
}

pt_boot() {
  pt_files etc/default/grub etc/default/grub.d/*.cfg etc/kernel/cmdline boot/loader/entries/*.conf
  for pt_cfg in boot/grub/grub.cfg boot/grub2/grub.cfg; do
    [ -f "$pt_cfg" ] || continue
    pt_section grub-config "$pt_cfg"
    sha256sum "$pt_cfg"
    grep -E '^[[:space:]]*(menuentry|submenu|linux|linux16|linuxefi|blscfg|### (BEGIN|END)|\})' "$pt_cfg"
  done
  for pt_env in boot/grub/grubenv boot/grub2/grubenv; do
    [ -f "$pt_env" ] || continue
    pt_section grub-environment "$pt_env"
    grep -a -E '^[A-Za-z0-9_]+=' "$pt_env"
  done
  for pt_file in var/lib/passthrough/records/*; do
    case $pt_file in *.new | *'*') continue ;; esac
    pt_section record "${pt_file##*/}"
    head -c 65536 "$pt_file"
    printf '\n'
  done
  pt_section kernels
  ls -1t boot/vmlinuz-* 2>/dev/null
  pt_section tools
  for pt_tool in grub-mkconfig grub2-mkconfig update-grub grub-script-check grub2-script-check grub2-editenv grubby \
    bootctl rpm-ostree proxmox-boot-tool kernelstub zipl flock timeout sha256sum systemctl; do
    command -v "$pt_tool"
  done
  pt_section leftovers
  ls -1d etc/default/*.passthrough-* etc/default/grub.d/*.passthrough-* etc/kernel/*.passthrough-* \
    boot/grub/*.passthrough-* boot/grub2/*.passthrough-* boot/loader/entries/*.passthrough-* 2>/dev/null
  pt_section markers
  ls -1d boot/efi/loader/loader.conf boot/loader/loader.conf efi/loader/loader.conf run/ostree-booted \
    boot/extlinux/extlinux.conf etc/zipl.conf etc/kernel/proxmox-boot-uuids 2>/dev/null
}

# A change that is under way is waited for, since half of one would be a wrong plan's basis. Nothing is held while we
# read: what changes then shows when a plan is carried out.
pt_await_change() {
  [ -r var/lib/passthrough/lock ] && command -v flock >/dev/null 2>&1 || return 0
  flock -s -w 60 var/lib/passthrough/lock true
}

pt_snapshot() {
  [ -n "${PASSTHROUGH_ROOT:-}" ] || PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
  LC_ALL=C
  export PATH LC_ALL
  cd "${PASSTHROUGH_ROOT:-}/" || return 1
  pt_await_change
  pt_section begin
  pt_section user
  id -u
  pt_section files
  grep -sH '' etc/machine-id etc/os-release proc/sys/kernel/hostname proc/sys/kernel/random/boot_id proc/cmdline \
    proc/swaps proc/self/mountinfo sys/kernel/security/lockdown sys/class/block/*/dev sys/class/block/*/dm/name \
    sys/class/net/*/operstate sys/class/input/input*/name \
    sys/kernel/iommu_groups/*/type sys/kernel/iommu_groups/*/reserved_regions
  pt_section cpu
  sed -n '/^vendor_id/p;/^flags/{p;q;}' proc/cpuinfo
  pt_session
  pt_kernel_config
  pt_section attributes
  (
    cd sys/bus/pci/devices 2>/dev/null || exit 0
    grep -sH '' ./*/vendor ./*/device ./*/class ./*/subsystem_vendor ./*/subsystem_device ./*/boot_vga ./*/numa_node \
      ./*/reset_method ./*/driver_override ./*/sriov_totalvfs ./*/sriov_numvfs
  )
  pt_section links
  ls -ld sys/bus/pci/devices/* sys/bus/pci/devices/*/driver sys/bus/pci/devices/*/iommu_group \
    sys/bus/pci/devices/*/physfn sys/class/block/* sys/class/block/*/slaves/* sys/class/net/* sys/class/net/*/master \
    sys/class/net/*/lower_* sys/class/input/input* sys/class/nvme-subsystem/*/nvme* sys/class/iommu/* \
    sys/fs/btrfs/*/devices/* sys/kernel/iommu_groups/*/devices/* 2>/dev/null
  pt_section present
  ls -1d sys/firmware/acpi/tables/DMAR sys/firmware/acpi/tables/IVRS sys/firmware/acpi/tables/IORT sys/firmware/efi \
    dev/kvm dev/vfio/vfio 2>/dev/null
  pt_section secure-boot
  od -An -tu1 -j4 -N1 sys/firmware/efi/efivars/SecureBoot-* 2>/dev/null
  pt_section addresses
  ip -o addr show 2>/dev/null
  pt_section routes
  { ip -o route show default && ip -6 -o route show default; } 2>/dev/null
  pt_boot
  pt_libvirt
  pt_section end
}

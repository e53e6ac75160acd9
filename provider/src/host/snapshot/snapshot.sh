# Prints everything the provider wants to know about a host, and changes nothing.
# POSIX sh, coreutils, util-linux, grep, sed. Few forks: one grep or ls reads a whole class of files.
# A section starts with "@@$nonce name". The nonce is new for every command, so no text of the host can start a section.
# PASSTHROUGH_ROOT stands for "/" on a simulated host; there PATH is complete already.
# pt_uri names the libvirt to be asked; pt_wanted asks for the part on packages as well; with pt_with_survey the functions of
# survey.sh are there as well.

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
  pt_section modules
  for pt_folder in lib/modules/*; do
    [ ! -d "$pt_folder/kernel" ] || printf '%s\n' "$pt_folder"
  done
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

# Active domains that do not run by a stored definition: "UUID paused" or "UUID transient".
pt_domain_states() {
  [ -n "$1" ] || return 0
  pt_plain=$(timeout 30 virsh -q -c "$pt_uri" list --state-running --persistent --uuid 2>/dev/null)
  pt_passing=
  [ "$1" = "$pt_plain" ] || pt_passing=$(timeout 30 virsh -q -c "$pt_uri" list --transient --uuid 2>/dev/null)
  pt_section domain-states
  for pt_uuid in $1; do
    case "$pt_plain
" in *"$pt_uuid
"*) continue ;; esac
    case "$pt_passing" in *"$pt_uuid"*) printf '%s transient\n' "$pt_uuid" ;; *) printf '%s paused\n' "$pt_uuid" ;; esac
  done
}

pt_libvirt() {
  command -v virsh >/dev/null 2>&1 || return 0
  pt_section libvirt-version
  virsh -v 2>&1
  if ! pt_active=$(timeout 30 virsh -q -c "$pt_uri" list --uuid 2>&1); then
    pt_section libvirt-error
    printf '%s\n' "$pt_active"
    return 0
  fi
  pt_domain_states "$pt_active"
  # shellcheck disable=SC2086 # one UUID a word
  pt_active=" $(printf '%s ' $pt_active) "
  for pt_uuid in $(timeout 30 virsh -q -c "$pt_uri" list --all --uuid 2>/dev/null); do
    pt_section domain "$pt_uuid"
    timeout 30 virsh -q -c "$pt_uri" dumpxml --inactive "$pt_uuid" 2>/dev/null
    case $pt_active in
      *" $pt_uuid "*)
        pt_section domain-live "$pt_uuid"
        timeout 30 virsh -q -c "$pt_uri" dumpxml "$pt_uuid" 2>/dev/null
        ;;
    esac
  done
}

pt_boot() {
  pt_files etc/default/grub etc/default/grub.d/*.cfg etc/kernel/cmdline boot/loader/entries/*.conf boot/efi/loader/entries/*.conf efi/loader/entries/*.conf \
    boot/loader/loader.conf boot/efi/loader/loader.conf efi/loader/loader.conf usr/lib/kernel/cmdline \
    etc/mkinitcpio.d/*.preset etc/kernel/proxmox-boot-uuids \
    etc/sysconfig/bootloader boot/grub/custom.cfg boot/grub2/custom.cfg boot/efi/EFI/*/custom.cfg etc/systemd/system/passthrough-trial.service
  for pt_cfg in boot/grub/grub.cfg boot/grub2/grub.cfg boot/efi/EFI/*/grub.cfg; do
    [ -f "$pt_cfg" ] || continue
    pt_section grub-config "$pt_cfg"
    sha256sum "$pt_cfg"
    grep -E '^[[:space:]]*(menuentry|submenu|linux|linux16|linuxefi|blscfg|### (BEGIN|END)|\}|set default=|save_env next_entry|source .*custom\.cfg)' \
      "$pt_cfg"
    pt_section grub-linux "$pt_cfg"
    sed -n '/^### BEGIN .*\/10_linux/,/^### END .*\/10_linux/p' "$pt_cfg" | head -c 65536
  done
  for pt_env in boot/grub/grubenv boot/grub2/grubenv boot/efi/EFI/*/grubenv; do
    [ -f "$pt_env" ] || continue
    pt_section grub-environment "$pt_env"
    grep -a -E '^[A-Za-z0-9_]+=' "$pt_env"
    pt_section grub-environment-path "$pt_env"
    if [ -h "$pt_env" ]; then
      pt_real=$(readlink -f "$pt_env")
      printf '%s\n' "${pt_real#"$(pwd -P)"}"
    fi
    pt_section grub-environment-block "$pt_env"
    head -c 65536 "$pt_env"
    printf '\n'
  done
  for pt_file in var/lib/passthrough/records/*; do
    case $pt_file in *.new | *'*') continue ;; esac
    pt_section record "${pt_file##*/}"
    head -c 65536 "$pt_file"
    printf '\n'
  done
  if [ -f var/lib/passthrough/trial-report ]; then
    pt_section trial-report
    head -c 8192 var/lib/passthrough/trial-report
    printf '\n'
  fi
  pt_section kernels
  ls -1t boot/vmlinuz-* 2>/dev/null
  pt_section tools
  for pt_tool in grub-mkconfig grub2-mkconfig update-grub grub-script-check grub2-script-check grub-editenv grub2-editenv \
    grub-probe grub2-probe grubby \
    bootctl kernel-install mkinitcpio unshare rpm-ostree proxmox-boot-tool kernelstub zipl flock timeout sha256sum systemctl \
    mkinitramfs lsinitramfs dracut lsinitrd; do
    command -v "$pt_tool"
  done
  pt_section leftovers
  ls -1d etc/default/*.passthrough-* etc/default/grub.d/*.passthrough-* etc/kernel/*.passthrough-* \
    boot/grub/*.passthrough-* boot/grub2/*.passthrough-* boot/loader/entries/*.passthrough-* \
    boot/efi/loader/entries/*.passthrough-* efi/loader/entries/*.passthrough-* boot/EFI/Linux/*.passthrough-* \
    boot/efi/EFI/Linux/*.passthrough-* efi/EFI/Linux/*.passthrough-* boot/efi/EFI/*/*.passthrough-* \
    etc/systemd/system/*.passthrough-* 2>/dev/null
  pt_section markers
  ls -1d boot/efi/loader/loader.conf boot/loader/loader.conf efi/loader/loader.conf run/ostree-booted \
    boot/extlinux/extlinux.conf boot/extlinux.conf boot/syslinux/syslinux.cfg boot/limine.conf boot/limine/limine.conf \
    boot/refind_linux.conf boot/grub/menu.lst etc/lilo.conf etc/zipl.conf etc/kernel/proxmox-boot-uuids 2>/dev/null
  pt_other_loaders
}

# What binds PCI functions at boot: our files, and the initial ramdisks by what changes when they are built anew.
pt_persistence() {
  for pt_file in etc/udev/rules.d/*-passthrough-*.rules etc/initramfs-tools/hooks/passthrough-* \
    etc/dracut.conf.d/*-passthrough-*.conf; do
    case $pt_file in *.passthrough-*) continue ;; esac
    [ -f "$pt_file" ] && [ -r "$pt_file" ] || continue
    pt_section persistence-file "$pt_file"
    head -c 65536 "$pt_file"
    printf '\n'
  done
  pt_section images
  stat -c '%s %Y %n' boot/initrd.img-* boot/initramfs-*.img boot/initrd-* boot/*/*/initrd* efi/*/*/initrd* \
    boot/efi/*/*/initrd* 2>/dev/null
  pt_section persistence-leftovers
  ls -1d etc/udev/rules.d/*.passthrough-* etc/initramfs-tools/hooks/*.passthrough-* \
    etc/dracut.conf.d/*.passthrough-* boot/init*.passthrough-* boot/*/*/init*.passthrough-* \
    efi/*/*/init*.passthrough-* boot/efi/*/*/init*.passthrough-* 2>/dev/null
}

# A change that is under way is waited for, since half of one would be a wrong plan's basis. Nothing is held while we
# read: what changes then shows when a plan is carried out.
pt_await_change() {
  [ -z "${pt_has_waited:-}" ] || return 0
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
    sys/kernel/iommu_groups/*/type sys/kernel/iommu_groups/*/reserved_regions \
    sys/kernel/mm/hugepages/*/nr_hugepages sys/kernel/mm/hugepages/*/free_hugepages \
    sys/module/apparmor/parameters/enabled sys/fs/selinux/enforce
  pt_section huge-page-size
  sed -n '/^Hugepagesize:/{p;q;}' proc/meminfo 2>/dev/null
  pt_section cpu
  sed -n '/^vendor_id/p;/^flags/{p;q;}' proc/cpuinfo
  pt_session
  pt_kernel_config
  pt_section attributes
  (
    cd sys/bus/pci/devices 2>/dev/null || exit 0
    grep -sH '' ./*/vendor ./*/device ./*/class ./*/subsystem_vendor ./*/subsystem_device ./*/boot_vga ./*/numa_node \
      ./*/reset_method ./*/driver_override ./*/sriov_totalvfs ./*/sriov_numvfs \
      ./*/sriov_drivers_autoprobe ./*/sriov_offset ./*/sriov_stride
  )
  pt_section links
  ls -ld sys/bus/pci/devices/* sys/bus/pci/devices/*/driver sys/bus/pci/devices/*/iommu_group \
    sys/bus/pci/devices/*/physfn sys/class/block/* sys/class/block/*/slaves/* sys/class/net/* sys/class/net/*/master \
    sys/class/net/*/lower_* sys/class/input/input* sys/class/nvme-subsystem/*/nvme* sys/class/iommu/* \
    sys/fs/btrfs/*/devices/* sys/kernel/iommu_groups/*/devices/* 2>/dev/null
  pt_section present
  ls -1d sys/firmware/acpi/tables/DMAR sys/firmware/acpi/tables/IVRS sys/firmware/acpi/tables/IORT sys/firmware/efi \
    dev/kvm dev/vfio/vfio dev/watchdog sys/bus/pci/drivers/*/module/initstate \
    etc/kernel/postinst.d/dracut 2>/dev/null
  pt_section secure-boot
  od -An -tu1 -j4 -N1 sys/firmware/efi/efivars/SecureBoot-* 2>/dev/null
  pt_section addresses
  ip -o addr show 2>/dev/null
  pt_section routes
  { ip -o route show default && ip -6 -o route show default; } 2>/dev/null
  pt_section activity
  pt_sessions
  pt_inhibitors
  pt_package_managers
  pt_boot
  pt_persistence
  pt_libvirt
  [ -z "${pt_with_survey:-}" ] || pt_survey
  pt_virtualization
  pt_section end
}

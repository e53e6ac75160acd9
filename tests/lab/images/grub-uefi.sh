# GRUB on UEFI with initramfs-tools, as Debian's installer leaves it.

packages='initramfs-tools grub-efi-amd64'
first_partition=$esp_partition

configure_boot() {
  configure_initramfs_tools
  configure_grub console
  mkdir -p "$root/boot/efi"
  echo '/dev/vda1 /boot/efi vfat umask=0077 0 1' >> "$root/etc/fstab"
}

finish_boot() {
  # What the firmware remembers is not part of the disk, so no variable names the loader; the fallback path serves.
  add_grub_installer --target=x86_64-efi --efi-directory=/boot/efi --no-nvram --force-extra-removable
}

write_boot() {
  write_esp ''
  # On UEFI the menu gets an entry for the firmware's own settings, so it has to be made there.
  cp /usr/share/OVMF/OVMF_VARS_4M.fd "$work/variables"
  run_grub_installer -drive if=pflash,unit=0,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd \
    -drive "if=pflash,unit=1,format=raw,file=$work/variables"
}

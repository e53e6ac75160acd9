# systemd-boot on UEFI with dracut: entries and kernels on the EFI system partition, made by kernel-install.

packages='dracut systemd-boot'
first_partition=$esp_partition

configure_boot() {
  mkdir -p "$root/etc/dracut.conf.d" "$root/etc/kernel" "$root/boot/efi"
  echo '/dev/vda1 /boot/efi vfat umask=0077 0 1' >> "$root/etc/fstab"
  echo "root=UUID=$root_uuid ro $operator_words" > "$root/etc/kernel/cmdline"
  # The builder's own hardware says nothing about the lab's machine; and compressing well costs minutes under emulation.
  printf 'hostonly="no"\ndrivers="%s"\nfilesystems="ext4"\ncompress="zstd -1 -q"\n' "$initramfs_modules" \
    > "$root/etc/dracut.conf.d/lab.conf"
}

# What the package's scripts do on a host with its EFI system partition in place: here a file system in memory stands for it.
finish_boot() {
  mkdir "$root/esp"
  in_root sh -ec '
    mount -t tmpfs esp /boot/efi
    SYSTEMD_RELAX_ESP_CHECKS=1 bootctl install --no-variables --esp-path=/boot/efi --make-machine-id-directory=yes
    for kernel in /boot/vmlinuz-*; do
      kernel-install add "${kernel#/boot/vmlinuz-}" "$kernel"
    done
    cp -a /boot/efi/. /esp/'
  mv "$root/esp" "$work/esp"
}

write_boot() {
  write_esp "$work/esp"
}

# What the images' boot loaders share; read by build-image.sh.

# What the operator of a lab host put on its command line. A kernel that measures its timer while the emulator gets no time
# gives up and hangs, which no real host does; so it does not measure.
operator_words='console=ttyS0 no_timer_check intel_iommu=off'

# Only what the lab's emulated machine needs to find its disk: unpacking a general initramfs costs a minute under emulation.
initramfs_modules='virtio_pci virtio_blk ext4 crc32c_generic'

configure_initramfs_tools() {
  mkdir -p "$root/etc/initramfs-tools/conf.d" "$root/usr/share/initramfs-tools/modules.d"
  echo MODULES=list > "$root/etc/initramfs-tools/conf.d/lab"
  printf '%s\n' $initramfs_modules > "$root/usr/share/initramfs-tools/modules.d/lab"
}

configure_grub() {
  cat > "$root/etc/default/grub" <<GRUB
# the operator's own comment stays
GRUB_DEFAULT=0
GRUB_TIMEOUT=0
GRUB_DISTRIBUTOR=Debian
GRUB_CMDLINE_LINUX_DEFAULT=""
GRUB_CMDLINE_LINUX="$operator_words"
GRUB_TERMINAL=${1:?configure_grub TERMINAL}
GRUB
}

# Makes the system install GRUB the next time it starts, in place of init: grub-install ARGUMENTS.
add_grub_installer() {
  cat > "$root/install-boot-loader" <<INSTALLER
#!/bin/sh
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
mount -o remount,rw /
mount -a
[ ! -d /sys/firmware/efi ] || mount -t efivarfs efivarfs /sys/firmware/efi/efivars
grub-install $* && update-grub && echo BOOT-LOADER-INSTALLED
rm -f /install-boot-loader
sync
mount -o remount,ro /
exec systemctl --force --force poweroff
INSTALLER
  chmod +x "$root/install-boot-loader"
}

# GRUB and its menu can only be made on a system that stands on its own disk, so the emulator starts it once. Arguments are
# more options for the emulator.
run_grub_installer() {
  timeout 900 qemu-system-x86_64 -accel tcg,thread=multi -machine q35 -cpu max -smp 2 -m 1024 \
    -display none -serial "file:$work/boot.log" -monitor none -nic none -no-reboot \
    -drive "file=$disk,format=raw,if=virtio,cache=unsafe" \
    -kernel "$root"/boot/vmlinuz-* -initrd "$root"/boot/initrd.img-* \
    -append 'root=/dev/vda2 rw console=ttyS0 quiet panic=1 no_timer_check init=/install-boot-loader' "$@" < /dev/null
  grep -q BOOT-LOADER-INSTALLED "$work/boot.log" || {
    cat "$work/boot.log" >&2
    say "the boot loader was not installed; the emulator's serial log is above" >&2
    exit 1
  }
}

# The partition that the firmware reads; sgdisk's options for it.
esp_partition='-n1:2048:+200M -t1:ef00'

# Puts an empty FAT file system, or what a folder holds, where the firmware looks.
write_esp() {
  esp=$work/esp.img
  mkfs.vfat -F 32 -n ESP -C "$esp" "$((200 * 1024))" > "$work/mkfs.log"
  for entry in ${1:+"$1"/*}; do
    mcopy -s -m -i "$esp" "$entry" ::/
  done
  dd if="$esp" of="$disk" bs=1M seek=1 conv=notrunc,sparse status=none
}

# GRUB on BIOS with initramfs-tools: what most Debian hosts were installed with until UEFI came.

packages='initramfs-tools grub-pc'
first_partition='-n1:2048:+1M -t1:ef02'

configure_boot() {
  configure_initramfs_tools
  configure_grub serial
}

finish_boot() {
  add_grub_installer /dev/vda
}

write_boot() {
  run_grub_installer
}

import type { LabHost } from "../lab-host";

/** What the operator of a host did before anyone declared anything. */
export type Setting = "as built" | "driver in the initial ramdisk";

/** Builds of initial ramdisks take minutes on an emulated machine. */
const PATIENCE_MS = 900_000;

/** The IOMMU on, and the NIC's driver in the initial ramdisk, as where a host boots over its network. */
const EARLY_DRIVER = `set -e
PATH=$PATH:/usr/sbin
if [ -e /etc/default/grub ]; then
  sed -i s/intel_iommu=off/intel_iommu=on/ /etc/default/grub
  update-grub
  echo e1000e >>/etc/initramfs-tools/modules
  printf 'COMPRESS=zstd\\nCOMPRESSLEVEL=1\\n' >/etc/initramfs-tools/conf.d/quick
  update-initramfs -u
else
  sed -i s/intel_iommu=off/intel_iommu=on/ /etc/kernel/cmdline /boot/efi/loader/entries/*.conf
  echo 'drivers+=" e1000e "' >>/etc/dracut.conf.d/lab.conf
  for image in /boot/efi/*/*/initrd*; do
    dracut --force "$image" "$(uname -r)"
  done
fi
sync`;

/**
 * Hundreds of boots are waited for. Without the daemons, modules and parts of a menu that have no say in these transactions
 * an emulated host is back in half of the time. A program finds no libvirt, as on a host whose guests are started by other
 * means. The driver of the SATA controller stays: a frozen host whose firmware has left it running could not be thawed.
 */
const SPARE = `set -e
systemctl -q mask --now libvirtd.service libvirtd.socket libvirtd-ro.socket libvirtd-admin.socket libvirt-guests.service \
  virtlogd.socket virtlockd.socket systemd-machined.service
systemctl -q mask user@.service
mv /usr/bin/virsh /usr/bin/virsh.spare
for module in bochs parport_pc ppdev psmouse serio_raw evdev i2c_i801 e1000 kvm_amd ccp rapl aesni_intel \
  ghash_clmulni_intel crct10dif_pclmul crc32_pclmul sha512_ssse3 polyval_clmulni; do
  echo "blacklist $module"
done >/etc/modprobe.d/spare.conf
chmod -f -x /etc/grub.d/05_debian_theme /etc/grub.d/20_linux_xen /etc/grub.d/30_* || :
[ ! -e /etc/default/grub ] || PATH=$PATH:/usr/sbin update-grub`;

/** Brings a host that was just booted into a setting. */
export async function bringInto(setting: Setting, host: LabHost): Promise<void> {
  await host.ssh(SPARE);
  if (setting === "as built") return;
  const bootId = await host.readBootId();
  await host.ssh(EARLY_DRIVER, PATIENCE_MS);
  await host.ssh("systemctl reboot");
  await host.waitForReboot(bootId);
}

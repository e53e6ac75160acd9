import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { inRun, Resource, type Operation, type Values } from "../../lifecycle/driver";
import { readDriversOf } from "../host-views";
import type { LabHost } from "../lab-host";
import { ALONE, PAIR } from "../programs";

const GUEST_LOG = "/var/log/libvirt/qemu/guest-serial.log";
const RULE = "10-passthrough-0000-01-00.0.rules";
/** The inner guest, and builds of initial ramdisks, are emulated by an emulated machine. */
const PATIENCE_MS = 500_000;
const [FIRST] = PAIR;
/** A login over ssh does not look there. */
const SBIN = "PATH=$PATH:/usr/sbin";

/** Groups over host reboots: with the driver on the root file system, with it in the initial ramdisk, and another card. */
export function testPersistence(lab: () => LabHost): void {
  describe("a detached group over host reboots", () => {
    const pair = new Resource("PciGroupDetachment", "pair");
    const alone = new Resource("PciGroupDetachment", "alone");
    const guest = new Resource("DomainHostdev", "guest");
    let image: string;

    function declare(resource: Resource, inputs: Values): Promise<Operation> {
      return inRun((run) => resource.up(run, { host: lab().connection, ...inputs }));
    }

    beforeAll(async () => {
      image = `/boot/initrd.img-${(await lab().ssh("uname -r")).trim()}`;
      await lab().ssh(`echo e1000e >> /etc/initramfs-tools/modules && ${SBIN} update-initramfs -u`, PATIENCE_MS);
      await lab().ssh("cp /etc/default/grub /root/grub && sed -i s/intel_iommu=off/intel_iommu=on/ /etc/default/grub");
      await lab().ssh(`${SBIN} update-grub && virsh -q autostart guest`);
      await reboot(lab());
    });

    afterAll(async () => {
      await lab().ssh(`virsh -q autostart --disable guest; mv /root/grub /etc/default/grub; ${SBIN} update-grub`);
      await lab().ssh(`sed -i /e1000e/d /etc/initramfs-tools/modules && ${SBIN} update-initramfs -u`, PATIENCE_MS);
    });

    it("needs no other initial ramdisk where the driver is not in it", async () => {
      const before = await lab().ssh(`sha256sum ${image}`);

      await declare(pair, { device: { address: FIRST } });
      await declare(guest, { domain: "guest", devices: [...PAIR] });

      expect(await lab().ssh(`sha256sum ${image}`)).toBe(before);
      expect(pair.output("persistence")).toMatchObject({
        images: { [image]: expect.stringContaining("needs no rule") },
      });
    });

    it("has its rule and vfio-pci in the initial ramdisk where the driver is in it", async () => {
      await declare(alone, { device: { address: ALONE, id: "8086:10d3" } });

      const names = (await lab().ssh(`lsinitramfs ${image}`)).split("\n");
      expect(names.filter((name) => name.endsWith(`/udev/rules.d/${RULE}`))).not.toEqual([]);
      expect(names.filter((name) => /\/(?:vfio-pci|e1000e)\.ko$/.test(name))).toHaveLength(2);
      expect(await declare(alone, { device: { address: ALONE, id: "8086:10d3" } })).toBe("same");
      expect(await declare(pair, { device: { address: FIRST } })).toBe("same");
    });

    it("is on vfio-pci before libvirt starts, and its guest starts by itself", async () => {
      await lab().ssh(`rm -f ${GUEST_LOG}`);

      await reboot(lab());

      expect(await readDriversOf(lab(), [ALONE, ...PAIR])).toEqual(["vfio-pci", "vfio-pci", "vfio-pci"]);
      // No driver of the host ever had them: each of them greets its device.
      expect(await lab().ssh(`dmesg | grep -cE 'e1000e? 0000:0(1:00|3:0[12])\\.0' || true`)).toBe("0\n");
      expect(await readMicroseconds(lab(), "VFIO - User Level")).toBeLessThan(await readStart(lab(), "libvirtd"));
      await lab().ssh(`timeout 480 sh -c 'until grep -q GUEST-DONE ${GUEST_LOG}; do sleep 2; done'`, PATIENCE_MS);
      expect((await lab().ssh(`cat ${GUEST_LOG}`)).match(/0x8086 0x100e/g)).toHaveLength(2);
      expect(await declare(alone, { device: { address: ALONE, id: "8086:10d3" } })).toBe("same");
    });

    it("leaves another card at the address alone, and says so", async () => {
      const bootId = await lab().readBootId();
      await lab().powerCut({ card: "virtio-net-pci" });
      await lab().waitForReboot(bootId);

      expect(await readDriversOf(lab(), [ALONE, ...PAIR])).toEqual(["virtio-pci", "vfio-pci", "vfio-pci"]);
      expect(await inRun((run) => alone.refresh(run))).toBe(true);
      expect(alone.output("persistence")).toMatchObject({
        drift: [
          `${ALONE} is now 1af4:1041, not 8086:10d3 (8086:10d3 is nowhere on this host), so nothing is bound there at boot`,
        ],
      });
      await expect(declare(alone, { device: { address: ALONE, id: "8086:10d3" } })).rejects.toThrow("is not 8086:10d3");
    });

    it("goes back to its drivers, and the initial ramdisk loses the rule", async () => {
      const bootId = await lab().readBootId();
      await lab().powerCut({ card: "e1000e" });
      await lab().waitForReboot(bootId);
      expect(await readDriversOf(lab(), [ALONE])).toEqual(["vfio-pci"]);

      await lab().ssh("timeout 480 sh -c 'until virsh -q domstate guest | grep -q off; do sleep 2; done'", PATIENCE_MS);
      await inRun(async (run) => {
        await guest.destroy(run);
        await alone.destroy(run);
        await pair.destroy(run);
      });

      expect(await readDriversOf(lab(), [ALONE, ...PAIR])).toEqual(["e1000e", "e1000", "e1000"]);
      expect(await lab().ssh(`lsinitramfs ${image} | grep -c passthrough || true`)).toBe("0\n");
      expect(await lab().ssh("ls /etc/udev/rules.d /etc/initramfs-tools/hooks | grep -c passthrough || true")).toBe(
        "0\n",
      );
    });
  });
}

async function reboot(host: LabHost): Promise<void> {
  const bootId = await host.readBootId();
  await host.ssh("systemctl reboot");
  await host.waitForReboot(bootId);
  await host.ssh("timeout 300 sh -c 'until systemctl is-active -q libvirtd; do sleep 1; done'", PATIENCE_MS);
}

/** When a line of the kernel was written, in microseconds since its start. */
async function readMicroseconds(host: LabHost, text: string): Promise<number> {
  const line = await host.ssh(`dmesg | grep -m 1 ${JSON.stringify(text)}`);
  return Number(/^\[\s*([0-9.]+)\]/.exec(line)?.[1]) * 1_000_000;
}

/** When a service was started, on the same clock. */
async function readStart(host: LabHost, unit: string): Promise<number> {
  return Number((await host.ssh(`systemctl show -P ExecMainStartTimestampMonotonic ${unit}`)).trim());
}

import { describe, expect, it } from "@jest/globals";
import { HostError } from "../../provider/src/model/errors";
import {
  KNOWN_ERRORS,
  recogniseError,
  renderReference,
  withReference,
} from "../../provider/src/model/error-catalogue/catalogue";

/**
 * Whole texts as they are printed. Where they are from: QEMU hw/vfio/pci.c and common.c, util/oslib-posix.c, hw/pci/pci.c;
 * libvirt src/util/virpci.c, src/hypervisor/virhostdev.c, src/qemu/qemu_hostdev.c, src/conf/domain_addr.c, src/util/virfile.c;
 * Linux drivers/iommu/intel/iommu.c, drivers/pci/iov.c, drivers/vfio/vfio_iommu_type1.c; bug reports of kubevirt, harvester,
 * libvirt and QEMU users.
 */
const TEXTS: readonly (readonly [string, string])[] = [
  [
    "PT-E01",
    'error: Failed to start domain \'win11\'\nerror: internal error: qemu unexpectedly closed the monitor: 2024-05-01T10:00:00.000000Z qemu-system-x86_64: -device {"driver":"vfio-pci","host":"0000:01:00.0"}: vfio 0000:01:00.0: group 1 is not viable\nPlease ensure all devices within the iommu_group are bound to their vfio bus driver.',
  ],
  [
    "PT-E01",
    "qemu-system-x86_64: -device vfio-pci,host=01:00.0: vfio: error, group 1 is not viable, please ensure all devices within the iommu_group are bound to their vfio bus driver.",
  ],
  [
    "PT-E01",
    "vfio 0000:02:00.0: error getting device from group 13: Invalid argument\nVerify all devices in group 13 are bound to vfio-<bus> or pci-stub and not already in use",
  ],
  [
    "PT-E02",
    "qemu-system-x86_64: -device vfio-pci,host=0000:8a:00.0: vfio 0000:8a:00.0: no iommu_group found: No such file or directory",
  ],
  [
    "PT-E03",
    "vfio-pci 0000:06:00.0: DMAR: Device is ineligible for IOMMU domain attach due to platform RMRR requirement.  Contact your platform vendor.",
  ],
  [
    "PT-E03",
    "qemu-system-x86_64: -device vfio-pci,host=0000:06:00.0: vfio 0000:06:00.0: failed to setup container for group 26: Failed to set iommu for container: Operation not permitted",
  ],
  ["PT-E04", "error: internal error: Unknown PCI header type '127' for device '0000:01:00.0'"],
  ["PT-E04", "vfio-pci 0000:01:00.0: Unable to change power state from D3cold to D0, device inaccessible"],
  ["PT-E05", "qemu-system-x86_64: vfio: Cannot reset device 0000:14:00.3, no available reset mechanism."],
  [
    "PT-E05",
    "error: internal error: Unable to reset PCI device 0000:83:00.0: internal error: Active 0000:83:00.1 devices on bus with 0000:83:00.0, not doing bus reset",
  ],
  ["PT-E06", "vfio-pci 0000:08:00.0: BAR 3: can't reserve [mem 0xf0000000-0xf1ffffff 64bit pref]"],
  [
    "PT-E07",
    "qemu-system-x86_64: -device vfio-pci,host=4d:00.0: vfio 0000:4d:00.0: failed to setup container for group 81: memory listener initialization failed: Region mainmem: vfio_dma_map(0x55d21366be70, 0x0, 0x80000000, 0x7fae00000000) = -12 (Cannot allocate memory)",
  ],
  ["PT-E07", "vfio_pin_pages_remote: RLIMIT_MEMLOCK (65536) exceeded"],
  [
    "PT-E08",
    "qemu-system-x86_64: -object memory-backend-file,id=ram-node0,prealloc=yes,mem-path=/dev/hugepages/libvirt/qemu/9-vm01,size=8388608000: unable to map backing store for guest RAM: Cannot allocate memory",
  ],
  ["PT-E08", "os_mem_prealloc: Insufficient free host memory pages available to allocate guest RAM"],
  [
    "PT-E09",
    'qemu-system-x86_64: -device vfio-pci,host=01:00.0,romfile=/root/gpu.rom: failed to find romfile "/root/gpu.rom"',
  ],
  [
    "PT-E10",
    "qemu-system-x86_64: -device vfio-pci,host=0000:01:00.0: vfio 0000:01:00.0: failed to open /dev/vfio/7: Device or resource busy",
  ],
  [
    "PT-E11",
    "error: Failed to detach device pci_0000_01_00_0\nerror: argument unsupported: VFIO device assignment is currently not supported on this system",
  ],
  ["PT-E11", "error: unsupported configuration: host doesn't support passthrough of host PCI devices"],
  ["PT-E12", "error: internal error: Non-endpoint PCI devices cannot be assigned to guests"],
  ["PT-E13", "error: XML error: Hostdev already exists in the domain configuration"],
  [
    "PT-E13",
    "error: Failed to attach device from hostdev.xml\nerror: Requested operation is not valid: device is already in the domain configuration",
  ],
  ["PT-E14", "error: Requested operation is not valid: PCI device 0000:01:00.0 is in use by driver QEMU, domain win11"],
  ["PT-E15", "error: Failed to attach device from vm-sr-iov.xml\nerror: internal error: No more available PCI slots"],
  [
    "PT-E16",
    "error: Requested operation is not valid: Unmanaged PCI device 0000:05:00.0 must be manually detached from the host",
  ],
  ["PT-E17", "error: Failed to open file '/lib/modules/6.1.0-44-amd64/modules.alias': Permission denied"],
  ["PT-E18", "error: Failed to bind PCI device '0000:03:00.0' to vfio-pci: Invalid argument"],
  ["PT-E18", "write /sys/bus/pci/drivers/vfio-pci/bind: invalid argument, requeuing"],
  ["PT-E18", "the driver of 0000:02:00.0 is - afterwards, not vfio-pci"],
  [
    "PT-E19",
    "error: Device 0000:09:00.0 not found: could not access /sys/bus/pci/devices/0000:09:00.0/config: No such file or directory",
  ],
  [
    "PT-E19",
    "error: Could not find matching device 'pci_0000_09_00_0'\nerror: Node device not found: no node device with matching name 'pci_0000_09_00_0'",
  ],
  [
    "PT-E20",
    "error: failed to connect to the hypervisor\nerror: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
  ],
  ["PT-E21", "it did not return within 60 s; something on the host still uses 0000:01:00.0 (driver nvidia)"],
  [
    "PT-E22",
    '"0000:82.0.0" is not a PCI address; expected domain:bus:slot.function in hexadecimal, such as 0000:01:00.0',
  ],
  ["PT-E23", "the session runs as user id 1000, not as root"],
  ["PT-E24", "the kernel refused to write 8 to sriov_numvfs of 0000:04:00.0: Cannot allocate memory"],
  ["PT-E25", "the kernel refused to write 8 to sriov_numvfs of 0000:04:00.0: No space left on device"],
  ["PT-E25", "driver bnxt_en accepted 4 virtual functions of 0000:04:00.0, but it has 0 of them"],
  [
    "PT-E26",
    "the write of 0 to sriov_numvfs of 0000:04:00.0 did not return within 60 s; something still uses a virtual function",
  ],
  [
    "PT-E27",
    "could not write /etc/default/grub.passthrough-new: cp: error writing 'etc/default/grub.passthrough-new': No space left on device",
  ],
  ["PT-E28", "root@kvm1: its host key is not known: ssh-ed25519 SHA256:abc"],
  [
    "PT-E29",
    "root@kvm1: the server shows the host key ssh-ed25519 SHA256:abc, which is not one of those in host.hostKey",
  ],
  ["PT-E30", "another change has held the lock /var/lib/passthrough/lock for more than 90 s"],
];

/** Close to a known one, and another thing. */
const NEIGHBOURS: readonly (readonly [string, string])[] = [
  ["another use of the word", "error: this approach is not viable"],
  ["a group that is viable", "vfio 0000:01:00.0: group 1 is viable"],
  ["another header type", "error: internal error: Unknown PCI header type '2' for device '0000:01:00.0'"],
  ["another power state", "vfio-pci 0000:01:00.0: Unable to change power state from D3hot to D0"],
  ["an I/O port", "vfio-pci 0000:08:00.0: BAR 4: can't reserve [io 0xe000-0xe07f]"],
  [
    "another reason of the mapping",
    "vfio_dma_map(0x55ba53e7a9d0, 0x100000000, 0xff30000000, 0x7ed243e00000) = -22 (Invalid argument)",
  ],
  ["another reason of the memory", "unable to map backing store for guest RAM: Permission denied"],
  ["another file that is busy", "failed to open /dev/kvm: Device or resource busy"],
  [
    "another container failure",
    "vfio 0000:06:00.0: failed to setup container for group 26: Failed to set iommu for container: Invalid argument",
  ],
  ["another device that is in use", "USB device 001:002 is in use by driver QEMU, domain win11"],
  ["another driver's bind", "tee: /sys/bus/pci/drivers/e1000e/bind: Invalid argument"],
  [
    "another file of the modules",
    "error: Failed to open file '/lib/modules/6.1.0-44-amd64/modules.dep': Permission denied",
  ],
  ["a number where an address stands", "Unable to reset PCI device 7"],
  ["another socket", "Failed to connect socket to '/run/other-sock': Permission denied"],
  ["an address that is one", "0000:01:00.0 is a PCI address"],
  ["a slot of another kind", "error: internal error: No more available USB ports"],
];

describe("the catalogue", () => {
  it.each(TEXTS)("recognises %s in: %s", (id, text) => {
    expect(recogniseError(text)?.id).toBe(id);
  });

  it.each(NEIGHBOURS)("does not take %s for something known: %s", (_what, text) => {
    expect(recogniseError(text)).toBeUndefined();
  });

  it("has a text here for every entry, and every id once", () => {
    const ids = KNOWN_ERRORS.map(({ id }) => id);

    expect(new Set(TEXTS.map(([id]) => id))).toEqual(new Set(ids));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toEqual([...ids].sort());
  });

  it.each(KNOWN_ERRORS)(
    "says of $id what it is, why, and what to do, in whole words",
    ({ title, cause, remedy, foreign, own }) => {
      expect(title).toMatch(/^\S.*[^.]$/);
      for (const text of [cause, remedy]) expect(text).toMatch(/^\S.*[^.]$/);
      expect(foreign.length + own.length).toBeGreaterThan(0);
    },
  );
});

describe("a message", () => {
  it("names cause, remedy and page, with the device that it is about", () => {
    const error = new HostError({
      host: "kvm1",
      what: 'step "attach hostdev-0000:01:00.0" failed: Unmanaged PCI device 0000:01:00.0 must be manually detached from the host',
      next: "run again",
    });

    expect(error.message).toBe(
      'kvm1: step "attach hostdev-0000:01:00.0" failed: Unmanaged PCI device 0000:01:00.0 must be manually detached from the host. Cause: with managed false libvirt expects 0000:01:00.0 to be on vfio-pci already, and it is not. Remedy: let the DomainHostdev depend on a PciGroupDetachment, or set managed to true. Next: run again (PT-E16, pulumi-passthrough/docs/errors.md#pt-e16).',
    );
  });

  it("that says its cause itself gets the reference only", () => {
    const error = new HostError({
      host: "kvm1",
      what: "the session runs as user id 1000, not as root",
      next: "set host.sudo",
    });

    expect(error.message).toBe(
      "kvm1: the session runs as user id 1000, not as root. Next: set host.sudo (PT-E23, pulumi-passthrough/docs/errors.md#pt-e23).",
    );
  });

  it("that is not known stays as it is", () => {
    const error = new HostError({ host: "kvm1", what: "something new", next: "run again" });

    expect(error.message).toBe("kvm1: something new. Next: run again.");
    expect(withReference("something new")).toBe("something new");
  });

  it("gets its reference once", () => {
    const once = withReference("kvm1: its host key is not known: x");

    expect(once).toBe(`kvm1: its host key is not known: x ${renderReference("PT-E28")}`);
    expect(withReference(once)).toBe(once);
  });
});

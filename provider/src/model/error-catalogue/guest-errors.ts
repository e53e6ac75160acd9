import type { KnownError } from "./entry";

/** What QEMU and the kernel say when a guest starts or gets a device. */
export const GUEST_ERRORS: readonly KnownError[] = [
  {
    id: "PT-E01",
    title: "Another member of the IOMMU group is still with the host",
    foreign: [
      "vfio {address}: group {number} is not viable",
      "vfio: error, group {number} is not viable",
      "Verify all devices in group {number} are bound to vfio-<bus> or pci-stub and not already in use",
    ],
    own: [],
    cause:
      "VFIO hands out whole IOMMU groups, and a function of group {number} is on a driver of the host. Often it is the audio function of a graphics card",
    remedy:
      "take the whole group with a PciGroupDetachment and let the DomainHostdev depend on it. Bridges of the group need not move",
  },
  {
    id: "PT-E02",
    title: "The device has no IOMMU group",
    foreign: ["vfio {address}: no iommu_group found", "vfio: no iommu_group found"],
    own: ["the IOMMU is not active, so {address} has no IOMMU group and cannot be given to {word}"],
    cause: "the IOMMU is not active in the running kernel",
    remedy:
      "switch it on in the firmware's menu (Intel: VT-d; AMD: IOMMU or AMD-Vi), declare a HostIommuConfig for the host, and restart it",
  },
  {
    id: "PT-E03",
    title: "The firmware keeps memory for the device (RMRR)",
    foreign: [
      "Device is ineligible for IOMMU domain attach due to platform RMRR requirement",
      "Firmware has requested this device have a 1:1 IOMMU mapping, rejecting configuring the device without a 1:1 mapping",
      "failed to setup container for group {number}: Failed to set iommu for container: Operation not permitted",
    ],
    own: ["for which the firmware keeps memory (a reserved region of kind direct, RMRR)"],
    cause:
      "the firmware uses memory through this device while the host runs (Intel's RMRR), so the kernel refuses to assign it",
    remedy:
      "turn off the firmware feature that needs it, such as a management controller's shared network port or legacy USB support, or use another slot",
  },
  {
    id: "PT-E04",
    title: "The device does not wake up (D3cold)",
    foreign: [
      "Unknown PCI header type 127 for device {address}",
      "Unknown PCI header type 127",
      "Unable to change power state from D3cold to D0, device inaccessible",
    ],
    own: [],
    cause:
      "{address} answers with ones only: it is switched off (D3cold), or hangs since its last guest. Its configuration cannot be read",
    remedy:
      "restart the host, or switch it off where that is not enough. To keep it awake, declare vfio-pci.disable_idle_d3=1 in kernelArguments of a HostIommuConfig",
  },
  {
    id: "PT-E05",
    title: "The device cannot be reset",
    foreign: [
      "vfio: Cannot reset device {address}, no available reset mechanism",
      "Unable to reset PCI device {address}",
      "vfio: Cannot reset device {address}, depends on group {number} which is not owned",
    ],
    own: [],
    cause:
      "the host has no way to bring {address} back to its first state between two guests: it offers no reset of its own, and others share its bus",
    remedy:
      "give all functions of the card, and all members of its group, to the same guest. A card that only starts once after each boot of the host needs a kernel module for its model, such as vendor-reset",
  },
  {
    id: "PT-E06",
    title: "The host's screen holds the memory of the graphics card",
    foreign: ["{address}: BAR {number}: can't reserve [mem"],
    own: [],
    cause: "the console that the firmware has set up (efifb, simpledrm) still holds the memory of {address}",
    remedy:
      "make another card the first one in the firmware's menu. Else declare video=efifb:off, or on newer kernels initcall_blacklist=sysfb_init, in kernelArguments of a HostIommuConfig",
  },
  {
    id: "PT-E07",
    title: "The guest's memory cannot be locked",
    foreign: [
      "vfio_dma_map({word}, {word}, {word}, {word}) = -12 (Cannot allocate memory)",
      "VFIO_MAP_DMA failed: Cannot allocate memory",
      "VFIO_MAP_DMA: -12",
      "RLIMIT_MEMLOCK ({number}) exceeded",
    ],
    own: [],
    cause:
      "a device may reach all of the guest's memory, so all of it is locked, and that is more than the limit, or than the host has",
    remedy:
      "raise <memtune><hard_limit> of the domain if it has one; where libvirt runs without root, raise its memlock limit; else give the guest less memory",
  },
  {
    id: "PT-E08",
    title: "There are not enough huge pages",
    foreign: [
      "unable to map backing store for guest RAM: Cannot allocate memory",
      "Insufficient free host memory pages available to allocate guest RAM",
    ],
    own: [],
    cause: "the domain wants its memory in huge pages, and the host has too few free ones",
    remedy:
      "reserve more (hugepages= in kernelArguments of a HostIommuConfig, or vm.nr_hugepages), or stop another guest that holds them",
  },
  {
    id: "PT-E09",
    title: "The ROM file cannot be read",
    foreign: ["failed to find romfile {path}", "Could not open option rom {path}: Permission denied"],
    own: [],
    cause: "QEMU does not find {path}, or may not read it: AppArmor and SELinux allow it some folders only",
    remedy:
      "put the file where the distribution allows it (Debian, Ubuntu: /usr/share/vgabios; Fedora, RHEL: /usr/share/qemu or a file labelled virt_image_t), readable by all",
  },
  {
    id: "PT-E10",
    title: "Another process has the IOMMU group",
    foreign: ["failed to open {group}: Device or resource busy"],
    own: [],
    cause: "one process at a time can have a group, and another guest or program has {group} open",
    remedy: "stop the other guest. Devices of one group can only go to the same guest",
  },
];

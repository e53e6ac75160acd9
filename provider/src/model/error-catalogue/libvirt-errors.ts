import type { KnownError } from "./entry";

/** What libvirt itself refuses. */
export const LIBVIRT_ERRORS: readonly KnownError[] = [
  {
    id: "PT-E11",
    title: "libvirt cannot use VFIO on this host",
    foreign: [
      "VFIO device assignment is currently not supported on this system",
      "host doesn't support passthrough of host PCI devices",
      "host doesn't support VFIO PCI passthrough",
    ],
    own: [],
    cause: "the IOMMU is not active in the running kernel, or the module vfio-pci is missing",
    remedy: "declare a HostIommuConfig for the host and restart it; see that modprobe vfio-pci works",
  },
  {
    id: "PT-E12",
    title: "A bridge cannot be given away",
    foreign: ["Non-endpoint PCI devices cannot be assigned to guests"],
    own: [
      "is a bridge, and libvirt assigns no bridges (a non-endpoint)",
      "is a bridge (to libvirt a non-endpoint), which cannot be assigned to a guest and stays with the host",
    ],
    cause: "the device is a PCI bridge, and only what lies below it can be given to a guest",
    remedy: "name an endpoint. Bridges in a group do not keep it from being given away",
  },
  {
    id: "PT-E13",
    title: "The domain has the device already",
    foreign: ["Hostdev already exists in the domain configuration", "device is already in the domain configuration"],
    own: ["has a hostdev for {address} that is not ours and differs from what is declared"],
    cause: "the domain's configuration has a hostdev with the same source, which this resource did not make",
    remedy: "remove it with virsh detach-device --config, or declare it as it is there",
  },
  {
    id: "PT-E14",
    title: "Another domain is using the device",
    foreign: ["PCI device {address} is in use by driver {word}, domain {word}", "PCI device {address} is in use"],
    own: ["is in use by the running domain", "is in use by the running or paused domain"],
    cause: "a running domain has {address}, and only one can",
    remedy: "shut that domain down, or take the device out of it",
  },
  {
    id: "PT-E15",
    title: "The guest has no free PCI slot",
    foreign: ["No more available PCI slots", "No more available PCI addresses"],
    own: [],
    cause: "each device of a q35 guest needs a pcie-root-port of its own, and libvirt adds none to a guest that runs",
    remedy:
      "change the stored configuration and start the guest anew, or add pcie-root-port controllers to it ahead of time",
  },
  {
    id: "PT-E16",
    title: "The device is still with the host's driver",
    foreign: ["Unmanaged PCI device {address} must be manually detached from the host"],
    own: [],
    cause: "with managed false libvirt expects {address} to be on vfio-pci already, and it is not",
    remedy: "let the DomainHostdev depend on a PciGroupDetachment, or set managed to true",
  },
  {
    id: "PT-E17",
    title: "libvirt may not read the kernel's modules",
    foreign: ["Failed to open file {aliases}", "{aliases}: Permission denied", "{aliases}: No such file or directory"],
    own: [],
    cause:
      "since version 10 libvirt looks into modules.alias for a fitting driver, and a hardened unit (ProtectKernelModules=yes) hides it",
    remedy:
      "set ProtectKernelModules=no in a drop-in of the daemon's unit (systemctl edit virtqemud or libvirtd), then restart it",
  },
  {
    id: "PT-E18",
    title: "vfio-pci does not take the device",
    foreign: [
      "sys/bus/pci/drivers/vfio-pci/bind: Invalid argument",
      "/sys/bus/pci/drivers/vfio-pci/bind: Invalid argument",
      "/sys/bus/pci/drivers/vfio-pci/bind: invalid argument",
      "Failed to bind PCI device {address} to vfio-pci",
      "the driver of {address} is {word} afterwards, not vfio-pci",
    ],
    own: [],
    cause:
      "vfio-pci takes endpoints that have an IOMMU group; {address} is a bridge, or the IOMMU is not active, or another driver holds its memory",
    remedy:
      "look at the last lines of dmesg on the host; see that the IOMMU is active and that the device is an endpoint",
  },
  {
    id: "PT-E19",
    title: "The host does not have the device",
    foreign: [
      "Device {address} not found: could not access",
      "Node device not found",
      "Could not find matching device {word}",
    ],
    own: ["has no PCI function {address}"],
    cause:
      "there is no device at this address: buses are renumbered when cards are added or removed, and a card may have fallen off its bus",
    remedy: "look with lspci -D on the host, correct the address, and give the id beside it",
  },
  {
    id: "PT-E20",
    title: "libvirt's daemon does not answer",
    foreign: [
      "Failed to connect socket to {path}: No such file or directory",
      "Failed to connect socket to {path}: Connection refused",
    ],
    own: ["libvirt does not answer", "there is no virsh on the host"],
    cause: "libvirt is not installed, or its daemon does not run",
    remedy:
      "install it; start the daemon (systemctl start libvirtd, or virtqemud.socket and virtnodedevd.socket) and look at its log (journalctl -u libvirtd)",
  },
];

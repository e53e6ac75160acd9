import type { Machine, MachineDisk, MachineFunction, MachineInterface } from "../machine";
import { debianGrub } from "./debian-grub";
import { renderGuest } from "./large-server-guests";
import { ServerBuilder } from "./server-builder";

/** First buses of the root complexes, four of each socket, as the firmware of such a server numbers them. */
const COMPLEXES = [0x00, 0x20, 0x40, 0x60, 0x80, 0xa0, 0xc0, 0xe0];

const SWITCH = { id: "1000:c030", class: "060400", driver: "pcieport" };
const GPU = { id: "10de:26b9", subsystem: "10de:1851", class: "030200", driver: "nouveau", lateDriver: true };
const GPU_AUDIO = {
  id: "10de:22ba",
  subsystem: "10de:1851",
  class: "040300",
  driver: "snd_hda_intel",
  lateDriver: true,
};
const NVME = { id: "144d:a826", subsystem: "144d:aa01", class: "010802", driver: "nvme", resetMethods: "flr bus" };
const CONNECTX = {
  id: "15b3:101d",
  subsystem: "15b3:0043",
  class: "020000",
  driver: "mlx5_core",
  resetMethods: "flr bus",
};

/** Virtual functions of each port of the network cards in the slots. */
const VFS = 14;

/**
 * Two sockets with four root complexes each. Below them: four PCIe switches with two GPUs each, the last without isolation
 * between its ports; two dozen NVMe disks; four cards with two ports and virtual functions; the board's own network ports,
 * bonded and bridged for the session; and the management controller's display.
 */
function buildHardware(): Pick<Machine, "functions" | "disks" | "interfaces" | "inputs"> {
  const builder = new ServerBuilder();
  COMPLEXES.forEach((bus, index) => {
    builder.addRootComplex(bus, index < 4 ? 0 : 1);
  });
  builder.addChipset();
  const disks: MachineDisk[] = [];
  const interfaces: MachineInterface[] = [];
  addBoard(builder, disks, interfaces);
  [0x20, 0x60, 0xa0, 0xe0].forEach((bus, index) => {
    addSwitch(builder, bus, index === 3);
  });
  [0x20, 0x40, 0xa0, 0xc0].forEach((bus, index) => {
    addNetworkCard(builder, bus, index, interfaces);
  });
  [0x40, 0x80, 0xc0].forEach((bus) => {
    for (let slot = 0; slot < 8; slot++) addDisk(builder, bus, disks);
  });
  interfaces.push(
    { name: "bond0", ports: ["eno1", "eno2"] },
    { name: "br0", ports: ["bond0"], addresses: ["10.0.2.15/24", "fd00::15/64"], gateway: "10.0.2.2" },
  );
  return {
    functions: builder.functions,
    disks,
    interfaces,
    inputs: [{ name: "American Megatrends Inc. Virtual Keyboard and Mouse", function: builder.consoleUsb }],
  };
}

/** What is soldered on: two boot disks, the management controller, the ports of the session. */
function addBoard(builder: ServerBuilder, disks: MachineDisk[], interfaces: MachineInterface[]): void {
  const boot = builder.addEndpoints(0x00, [{ ...NVME, id: "144d:a80a" }]);
  disks.push({
    name: "nvme0n1",
    function: boot[0] ?? "",
    below: "nvme/nvme0",
    number: "259:0",
    partitions: [
      { name: "nvme0n1p1", mountPoint: "/boot/efi", fileSystem: "vfat" },
      { name: "nvme0n1p2", mountPoint: "/", fileSystem: "ext4" },
      { name: "nvme0n1p3", isSwap: true },
    ],
  });
  const bridge = builder.addBridge(0x00, { id: "1a03:1150", class: "060400", driver: undefined });
  builder.addBelow(bridge, [{ id: "1a03:2000", class: "030000", driver: "ast", bootVga: true, isConventional: true }]);
  const port = { id: "8086:15ff", subsystem: "15d9:1c7d", class: "020000", driver: "i40e", resetMethods: "flr bus" };
  const ports = builder.addEndpoints(0x00, [port, port], { isIsolated: true });
  ports.forEach((address, index) => interfaces.push({ name: `eno${index + 1}`, function: address }));
}

/** A switch with two GPUs and two disks below it; without isolation all that is below is one group. */
function addSwitch(builder: ServerBuilder, bus: number, isOneGroup: boolean): void {
  const upstream = builder.addBridge(bus, SWITCH);
  const shared = isOneGroup ? builder.newGroup() : undefined;
  for (let slot = 0; slot < 2; slot++) {
    const port = builder.addPortBelow(upstream, { ...SWITCH, ...(shared !== undefined && { group: shared }) });
    const card = [
      { ...GPU, resetMethods: "flr bus" },
      { ...GPU_AUDIO, resetMethods: "bus" },
    ];
    builder.addBelow(
      port,
      card.map((one) => ({ ...one, ...(shared !== undefined && { group: shared }) })),
    );
  }
}

/** A card with two ports; the virtual functions of the first three cards are made at every boot, behind both ports. */
function addNetworkCard(builder: ServerBuilder, bus: number, index: number, interfaces: MachineInterface[]): void {
  const ports = builder.addEndpoints(
    bus,
    [2, 1 + VFS].map((offset) => ({
      ...CONNECTX,
      totalVfs: VFS,
      enabledVfs: index < 3 ? VFS : 0,
      virtualFunctions: { id: "15b3:101e", driver: "mlx5_core", offset, stride: 1 },
    })),
    { isIsolated: true },
  );
  ports.forEach((address, i) => {
    interfaces.push({ name: `ens${index + 1}f${i}np${i}`, function: address, isUp: i === 0 });
  });
}

/** A disk in a bay; the first two of each row hold data of the host. */
function addDisk(builder: ServerBuilder, bus: number, disks: MachineDisk[]): void {
  const [address = ""] = builder.addEndpoints(bus, [NVME]);
  const number = disks.length;
  const name = `nvme${number}n1`;
  const isUsed = number % 8 < 2;
  disks.push({
    name,
    function: address,
    below: `nvme/nvme${number}`,
    number: `259:${number * 8}`,
    partitions: isUsed ? [{ name: `${name}p1`, mountPoint: `/srv/data${number}`, fileSystem: "xfs" }] : [],
  });
}

const HARDWARE = buildHardware();

/** GPUs that guests have in their configuration. */
const GIVEN: readonly MachineFunction[] = HARDWARE.functions.filter(({ id }) => id === GPU.id).slice(0, 3);

/** A large server of the kind that clouds are built of; its hardware is made by code. */
export const largeServer: Machine = {
  ...debianGrub,
  ...HARDWARE,
  description:
    "Debian 12 on a server with two AMD sockets and about 300 PCI functions: GPUs behind switches, NVMe disks, cards with virtual functions",
  hostname: "gpu-server",
  cpu: { vendor: "AuthenticAMD", flags: "fpu de pse tsc msr svm ssse3 sse4_1 sse4_2" },
  firmware: { table: "IVRS", isEfi: true, hasSecureBoot: false },
  grubDefaults: [
    "GRUB_DEFAULT=0",
    "GRUB_TIMEOUT=5",
    "GRUB_DISTRIBUTOR=Debian",
    'GRUB_CMDLINE_LINUX_DEFAULT="quiet"',
    'GRUB_CMDLINE_LINUX="iommu=pt"',
    "",
  ].join("\n"),
  builtInDrivers: ["ast"],
  domains: GIVEN.map(({ address }, index) =>
    renderGuest(`worker-${index + 1}`, index, [address, `${address.slice(0, -1)}1`]),
  ),
};

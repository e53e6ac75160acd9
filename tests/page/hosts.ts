import type { HostSurvey } from "../../provider/src/model/survey/survey";
import { SurveyBuilder, type FunctionOptions } from "./survey-builder";

/** A workstation: a card with four functions behind its port, a chipset that shares one group, an unused second card. */
export function desktop(): HostSurvey {
  const gpu = { parent: "0000:00:01.0", group: 2, numaNode: 0, subsystemId: "1043:8889" };
  return new SurveyBuilder()
    .add("00:00.0", "060000", "8086:a700", "Intel Corporation | Raptor Lake-S Host Bridge/DRAM Controller", {
      group: 0,
    })
    .add("00:01.0", "060400", "8086:a70d", "Intel Corporation | Raptor Lake PCI Express 5.0 Graphics Port (PEG010)", {
      group: 1,
    })
    .add("00:02.0", "030000", "8086:a780", "Intel Corporation | Raptor Lake-S GT1 [UHD Graphics 770]", {
      group: 3,
      driver: "i915",
      isBootVga: true,
      use: { kind: "boot-display", what: "the display of the firmware and the console" },
    })
    .add("00:06.0", "060400", "8086:a74d", "Intel Corporation | Raptor Lake PCIe 4.0 Graphics Port", { group: 4 })
    .add(
      "00:14.0",
      "0c0330",
      "8086:7a60",
      "Intel Corporation | Raptor Lake USB 3.2 Gen 2x2 (20 Gb/s) XHCI Host Controller",
      {
        group: 5,
        driver: "xhci_hcd",
        use: { kind: "input", what: "keyboard Logitech K120" },
      },
    )
    .add("00:14.2", "050000", "8086:7a27", "Intel Corporation | Raptor Lake-S PCH Shared SRAM", { group: 5 })
    .add("00:17.0", "010601", "8086:7a62", "Intel Corporation | Raptor Lake SATA AHCI Controller", {
      group: 6,
      driver: "ahci",
    })
    .add("00:1a.0", "060400", "8086:7a48", "Intel Corporation | Raptor Lake PCI Express Root Port #25", { group: 7 })
    .add("00:1c.0", "060400", "8086:7a38", "Intel Corporation | Raptor Lake PCI Express Root Port #1", { group: 8 })
    .add("00:1c.2", "060400", "8086:7a3a", "Intel Corporation | Raptor Lake PCI Express Root Port #3", { group: 9 })
    .add("00:1f.0", "060100", "8086:7a04", "Intel Corporation | Z790 Chipset LPC/eSPI Controller", { group: 10 })
    .add("00:1f.3", "040300", "8086:7a50", "Intel Corporation | Raptor Lake High Definition Audio Controller", {
      group: 10,
      driver: "snd_hda_intel",
    })
    .add("00:1f.4", "0c0500", "8086:7a23", "Intel Corporation | Raptor Lake-S PCH SMBus Controller", {
      group: 10,
      driver: "i801_smbus",
    })
    .add("00:1f.5", "0c8000", "8086:7a24", "Intel Corporation | Raptor Lake SPI (flash) Controller", {
      group: 10,
      driver: "intel-spi",
    })
    .add("01:00.0", "030000", "10de:2684", "NVIDIA Corporation | AD102 [GeForce RTX 4090]", {
      ...gpu,
      driver: "nouveau",
    })
    .add("01:00.1", "040300", "10de:22ba", "NVIDIA Corporation | AD102 High Definition Audio Controller", {
      ...gpu,
      driver: "snd_hda_intel",
    })
    .add("02:00.0", "010802", "144d:a80c", "Samsung Electronics Co Ltd | NVMe SSD Controller S4LV008[Pascal]", {
      parent: "0000:00:06.0",
      group: 11,
      driver: "nvme",
      use: { kind: "mount", what: "/ on /dev/nvme0n1p2 (ext4)" },
    })
    .add("03:00.0", "010802", "1987:5018", "Phison Electronics Corporation | E18 PCIe4 NVMe Controller", {
      parent: "0000:00:1a.0",
      group: 12,
      driver: "nvme",
    })
    .add("04:00.0", "020000", "8086:125c", "Intel Corporation | Ethernet Controller I226-V", {
      parent: "0000:00:1c.0",
      group: 13,
      driver: "igc",
      use: { kind: "ssh-session", what: "this SSH session, over enp4s0 and br0" },
    })
    .add(
      "05:00.0",
      "030000",
      "1002:743f",
      "Advanced Micro Devices, Inc. [AMD/ATI] | Navi 24 [Radeon RX 6400/6500 XT/6500M]",
      {
        parent: "0000:00:1c.2",
        group: 14,
        driver: "vfio-pci",
        use: { kind: "domain", what: "configuration of domain media", isActive: false },
      },
    )
    .add(
      "05:00.1",
      "040300",
      "1002:ab28",
      "Advanced Micro Devices, Inc. [AMD/ATI] | Navi 21/23 HDMI/DP Audio Controller",
      { parent: "0000:00:1c.2", group: 14, driver: "vfio-pci" },
    )
    .build({
      domains: [
        { name: "win11", uuid: "0b1f6a52-3f6a-4f3f-8d0e-6a1f7f0c9e11", state: "running", hostdevs: [] },
        {
          name: "media",
          uuid: "6f3f8d0e-0b1f-4f3f-6a52-6a1f7f0c9e22",
          state: "shut off",
          hostdevs: ["0000:05:00.0", "0000:05:00.1"],
        },
      ],
    });
}

/** Two sockets, about 300 functions: cards behind switches, two adapters with virtual functions, rows of housekeeping functions. */
export function largeServer(): HostSurvey {
  const server = new SurveyBuilder();
  let group = 0;

  function next(): number {
    return group++;
  }

  function addPort(address: string, options: FunctionOptions = {}): string {
    const name =
      options.parent === undefined
        ? "Intel Corporation | Ice Lake PCI Express Root Port"
        : "Broadcom / LSI | PEX880xx PCIe Gen 4 Switch";
    server.add(address, "060400", options.parent === undefined ? "8086:347a" : "1000:c010", name, {
      group: next(),
      ...options,
    });
    return `0000:${address}`;
  }

  function addHousekeeping(bus: string, count: number, numaNode: number): void {
    for (let slot = 0; slot < count; slot++) {
      const own = next();
      for (let fn = 0; fn < (slot % 3) + 1; fn++) {
        server.add(
          `${bus}:${hex(slot)}.${fn}`,
          slot % 2 === 0 ? "088000" : "110100",
          "8086:3448",
          "Intel Corporation | Ice Lake Mesh 2 PCIe",
          { group: own, numaNode },
        );
      }
    }
  }

  function addAdapter(bus: string, parent: string, numaNode: number, virtual: number): void {
    for (const fn of [0, 1]) {
      const name = "Mellanox Technologies | MT2892 Family [ConnectX-6 Dx]";
      const made = fn === 0 ? virtual : 0;
      server.add(`${bus}:00.${fn}`, "020000", "15b3:101d", name, {
        parent,
        group: next(),
        numaNode,
        driver: "mlx5_core",
        virtualFunctions: { total: 64, enabled: made },
        ...(fn === 1
          ? { use: { kind: "network", what: `interface ens${Number.parseInt(bus, 16)}f1np1 in bond0` } as const }
          : {}),
      });
      for (let i = 0; i < made; i++) {
        const address = `${bus}:${hex(Math.floor((i + 2) / 8))}.${(i + 2) % 8}`;
        const physicalFunction = `0000:${bus}:00.0`;
        const given = i % 5 === 1;
        server.add(address, "020000", "15b3:101e", "Mellanox Technologies | ConnectX Family mlx5Gen Virtual Function", {
          parent,
          group: next(),
          numaNode,
          physicalFunction,
          driver: given ? "vfio-pci" : "mlx5_core",
          resetMethods: ["flr"],
        });
      }
    }
  }

  function addGpus(rootBus: string, switchBus: number, numaNode: number): void {
    const root = addPort(`${rootBus}:02.0`, { numaNode });
    const up = addPort(`${hex(switchBus)}:00.0`, { parent: root, numaNode });
    for (const slot of [0, 4, 8, 12]) {
      const down = addPort(`${hex(switchBus + 1)}:${hex(slot)}.0`, { parent: up, numaNode });
      if (slot === 12) continue;
      const bus = hex(switchBus + 2 + slot / 4);
      const own = next();
      const given = slot === 8;
      const driver = given ? "vfio-pci" : "nvidia";
      server.add(`${bus}:00.0`, "030000", "10de:2230", "NVIDIA Corporation | GA102GL [RTX A6000]", {
        parent: down,
        group: own,
        numaNode,
        driver,
      });
      server.add(`${bus}:00.1`, "040300", "10de:1aef", "NVIDIA Corporation | GA102 High Definition Audio Controller", {
        parent: down,
        group: own,
        numaNode,
        driver: given ? "vfio-pci" : "snd_hda_intel",
      });
    }
  }

  // Chipset.
  server.add("00:00.0", "088000", "8086:09a2", "Intel Corporation | Ice Lake Memory Map/VT-d", {
    group: next(),
    numaNode: 0,
  });
  const mei = next();
  for (const fn of [0, 1, 4])
    server.add(`00:16.${fn}`, "078000", "8086:a1ba", "Intel Corporation | C620 Series Chipset Family MEI Controller", {
      group: mei,
      numaNode: 0,
    });
  server.add(
    "00:14.0",
    "0c0330",
    "8086:a1af",
    "Intel Corporation | C620 Series Chipset Family USB 3.0 xHCI Controller",
    { group: next(), numaNode: 0, driver: "xhci_hcd" },
  );
  server.add(
    "00:17.0",
    "010601",
    "8086:a182",
    "Intel Corporation | C620 Series Chipset Family SATA Controller [AHCI mode]",
    { group: next(), numaNode: 0, driver: "ahci" },
  );
  const bmc = next();
  addPort("00:1c.0", { numaNode: 0, group: bmc });
  server.add("02:00.0", "060400", "1a03:1150", "ASPEED Technology, Inc. | AST1150 PCI-to-PCI Bridge", {
    parent: "0000:00:1c.0",
    group: bmc,
    numaNode: 0,
    driver: "",
  });
  server.add("03:00.0", "030000", "1a03:2000", "ASPEED Technology, Inc. | ASPEED Graphics Family", {
    parent: "0000:02:00.0",
    group: bmc,
    numaNode: 0,
    driver: "ast",
    isBootVga: true,
    use: { kind: "boot-display", what: "the display of the firmware and the console" },
  });
  const lan = addPort("00:1c.4", { numaNode: 0 });
  server.add("04:00.0", "020000", "8086:1533", "Intel Corporation | I210 Gigabit Network Connection", {
    parent: lan,
    group: next(),
    numaNode: 0,
    driver: "igb",
    use: { kind: "ssh-session", what: "this SSH session, over eno1" },
  });
  const pch = next();
  server.add("00:1f.0", "060100", "8086:a1cb", "Intel Corporation | C627 Series Chipset LPC/eSPI Controller", {
    group: pch,
    numaNode: 0,
  });
  server.add("00:1f.4", "0c0500", "8086:a1a3", "Intel Corporation | C620 Series Chipset Family SMBus", {
    group: pch,
    numaNode: 0,
    driver: "i801_smbus",
  });
  server.add("00:1f.5", "0c8000", "8086:a1a4", "Intel Corporation | C620 Series Chipset Family SPI Controller", {
    group: pch,
    numaNode: 0,
  });

  // First socket.
  addAdapter("17", addPort("16:02.0", { numaNode: 0 }), 0, 32);
  addGpus("30", 0x31, 0);
  const raid = addPort("4a:02.0", { numaNode: 0 });
  server.add("4b:00.0", "010400", "1000:10e2", "Broadcom / LSI | MegaRAID 12GSAS/PCIe Secure SAS39xx", {
    parent: raid,
    group: next(),
    numaNode: 0,
    driver: "megaraid_sas",
    use: { kind: "mount", what: "/ on /dev/sda2 (xfs)" },
  });
  addNvme(server, "64", 0x65, 0, { next, addPort });
  // Second socket.
  addAdapter("98", addPort("97:02.0", { numaNode: 1 }), 1, 24);
  addGpus("b0", 0xb1, 1);
  addNvme(server, "c9", 0xca, 1, { next, addPort });
  for (const [bus, count, numaNode] of [
    ["7e", 20, 0],
    ["7f", 24, 0],
    ["fe", 20, 1],
    ["ff", 24, 1],
  ] as const)
    addHousekeeping(bus, count, numaNode);
  return server.build({
    host: "hv-07.example.net",
    identity: {
      machineId: "c3d2e1f05f0c1d2e3b4a59687786a5b4",
      hostname: "hv-07",
      distribution: "Red Hat Enterprise Linux 9.4 (Plow)",
    },
    firmware: { tables: ["DMAR"], isEfi: true, secureBoot: "on" },
    boot: { loader: "grub-bls", problem: "", initramfsTool: "dracut", kernels: ["5.14.0-427.13.1.el9_4.x86_64"] },
    domains: [
      {
        name: "render-01",
        uuid: "1b1f6a52-3f6a-4f3f-8d0e-6a1f7f0c9e11",
        state: "running",
        hostdevs: ["0000:35:00.0", "0000:35:00.1"],
      },
    ],
  });
}

function addNvme(
  server: SurveyBuilder,
  rootBus: string,
  firstBus: number,
  numaNode: number,
  { next, addPort }: { next: () => number; addPort: (address: string, options: FunctionOptions) => string },
): void {
  for (const slot of [2, 3, 4, 5]) {
    const port = addPort(`${rootBus}:${hex(slot)}.0`, { numaNode });
    const isSwap = rootBus === "64" && slot === 2;
    server.add(
      `${hex(firstBus + slot - 2)}:00.0`,
      "010802",
      "144d:a80a",
      "Samsung Electronics Co Ltd | NVMe SSD Controller PM9A1/PM9A3/980PRO",
      {
        parent: port,
        group: next(),
        numaNode,
        driver: "nvme",
        ...(isSwap ? { use: { kind: "swap", what: "swap on /dev/nvme0n1p1" } as const } : {}),
      },
    );
  }
  for (const slot of [6, 7, 8]) addPort(`${rootBus}:${hex(slot)}.0`, { numaNode });
}

function hex(value: number): string {
  return value.toString(16).padStart(2, "0");
}

/** A small host whose IOMMU is off: functions have no groups. */
export function inactive(): HostSurvey {
  const survey = new SurveyBuilder()
    .add("00:00.0", "060000", "8086:29c0", "Intel Corporation | 82G33/G31/P35/P31 Express DRAM Controller")
    .add("00:01.0", "060400", "1b36:000c", "Red Hat, Inc. | QEMU PCIe Root port")
    .add("00:02.0", "020000", "8086:10d3", "Intel Corporation | 82574L Gigabit Network Connection", {
      driver: "e1000e",
      use: { kind: "ssh-session", what: "this SSH session, over enp0s2" },
    })
    .add("01:00.0", "020000", "8086:10d3", "", { parent: "0000:00:01.0", driver: "e1000e" })
    .build();
  return {
    ...survey,
    host: "lab-off",
    cpu: { vendor: "AuthenticAMD", virtualization: "none", hasKvm: false },
    firmware: { tables: [], isEfi: false, secureBoot: "unknown" },
    iommu: {
      isActive: false,
      because: "the firmware has no table of an IOMMU: it is off in its menu, or not there",
      units: [],
      groupCount: 0,
      interruptRemapping: "unknown",
      areUnsafeInterruptsAllowed: false,
    },
    boot: { loader: "unknown", problem: "no boot loader is recognised", initramfsTool: "unknown", kernels: [] },
    libvirt: { version: "", error: "", units: [] },
  };
}

/** What a page must not take for markup, a script's end, or a line of its own program. */
export const HOSTILE = `"><img src=x onerror=window.broken=1></script><script>window.broken=1</script> ]]>\u2028 $& \${1}`;

/** A host all of whose texts are hostile. */
export function hostile(): HostSurvey {
  const survey = new SurveyBuilder()
    .add("01:00.0", "020000", "8086:10d3", `${HOSTILE} | ${HOSTILE}`, {
      group: 1,
      driver: HOSTILE,
      resetMethods: [HOSTILE],
    })
    .add("02:00.0", "030000", "8086:10d3", `${HOSTILE} | ${HOSTILE}`, {
      group: 2,
      use: { kind: "domain", what: HOSTILE },
    })
    .build({ domains: [{ name: HOSTILE, uuid: HOSTILE, state: HOSTILE, hostdevs: ["0000:01:00.0"] }] });
  return {
    ...survey,
    host: HOSTILE,
    identity: { machineId: HOSTILE, hostname: HOSTILE, distribution: HOSTILE },
    kernel: { ...survey.kernel, release: HOSTILE, commandLine: HOSTILE },
    iommu: { ...survey.iommu, because: HOSTILE, units: [HOSTILE] },
    libvirt: { version: HOSTILE, error: HOSTILE, units: [] },
  };
}

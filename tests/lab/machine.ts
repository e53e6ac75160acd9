import type { Firmware } from "./lab-images";

/** The files of one emulated machine, all in one folder. */
export interface MachineFiles {
  readonly disk: string;
  /** What UEFI remembers: which entry to boot once, for example. It outlives a power cut, as the chip on a board does. */
  readonly firmwareVariables: string;
  readonly serialLog: string;
  readonly processLog: string;
  readonly monitorSocket: string;
  readonly pidFile: string;
}

/** How a machine is switched on. */
export interface MachineSetup {
  readonly sshPort: number;
  readonly firmware: Firmware;
  /** Whether the disk takes its time with what the host wants to be synced; a power cut then loses more than it may. */
  readonly isSyncedLater?: boolean;
  /** Model of the NIC that is alone in its group. Default: `e1000e`. */
  readonly card?: string;
  /** A file with the memory of a frozen machine, which goes on from there instead of booting. */
  readonly memory?: string;
}

/** UEFI without Secure Boot, as Debian's package ovmf has it. */
const FIRMWARE_CODE = "/usr/share/OVMF/OVMF_CODE_4M.fd";
/** The state in which its variables are delivered. */
export const FIRMWARE_VARIABLES = "/usr/share/OVMF/OVMF_VARS_4M.fd";

/**
 * The machine that the tests know. Its PCI functions: 00:02.0 the NIC of the ssh session; 00:03.0 the root disk; 01:00.0 a NIC
 * alone in its IOMMU group; 03:01.0 and 03:02.0 two NICs that share a group behind a bridge; 00:1f.0, .2 and .3 the chipset's
 * ISA bridge, SATA and SMBus controllers, which share one too. Its CPU says AMD while its IOMMU is Intel's: decide by tables.
 * A second CPU would make two machines slower that run side by side, since each waits for the other's turn.
 */
export function renderArguments(files: MachineFiles, setup: MachineSetup): string[] {
  return [
    ...["-accel", "tcg,thread=multi", "-machine", "q35,kernel-irqchip=split"],
    ...["-cpu", "EPYC,+svm", "-smp", "1", "-m", "2560", "-display", "none"],
    "-no-reboot",
    ...["-chardev", `file,id=serial,path=${files.serialLog},append=on`, "-serial", "chardev:serial"],
    ...["-monitor", `unix:${files.monitorSocket},server=on,wait=off`],
    ...["-pidfile", files.pidFile],
    ...(setup.firmware === "uefi" ? renderUefi(files) : []),
    ...["-drive", renderDisk(files, setup), "-device", "virtio-blk-pci,drive=root,bootindex=1,addr=0x3"],
    ...["-device", "intel-iommu,intremap=on,caching-mode=on,device-iotlb=on"],
    ...["-netdev", `user,id=ssh,hostfwd=tcp:127.0.0.1:${setup.sshPort}-:22`],
    ...["-device", "virtio-net-pci,netdev=ssh,romfile=,addr=0x2"],
    ...["-device", "pcie-root-port,id=port1,chassis=1,slot=1,addr=0x5"],
    ...["-netdev", "user,id=alone,restrict=on", "-device", `${setup.card ?? "e1000e"},bus=port1,netdev=alone,romfile=`],
    ...[
      "-device",
      "pcie-root-port,id=port2,chassis=2,slot=2,addr=0x6",
      "-device",
      "pcie-pci-bridge,id=bridge,bus=port2",
    ],
    ...["-device", "e1000,bus=bridge,addr=1,romfile=", "-device", "e1000,bus=bridge,addr=2,romfile="],
    ...(setup.memory === undefined ? [] : ["-incoming", `exec:cat '${setup.memory}'`]),
  ];
}

function renderDisk({ disk }: MachineFiles, { isSyncedLater = false }: MachineSetup): string {
  return `file=${disk},if=none,id=root${isSyncedLater ? ",cache=unsafe" : ""}`;
}

function renderUefi(files: MachineFiles): string[] {
  return [
    ...["-drive", `if=pflash,unit=0,format=raw,readonly=on,file=${FIRMWARE_CODE}`],
    ...["-drive", `if=pflash,unit=1,format=raw,file=${files.firmwareVariables}`],
  ];
}

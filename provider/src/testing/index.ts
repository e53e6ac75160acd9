/** Test doubles for programs that use this package: hosts that behave, on a loopback port. */
export { SimulatedHost } from "./simulated-host";
export type { Counters } from "./simulated-host";
export type { MachineName, SimulatedHostOptions } from "./options";
export type { FileChange } from "./changes";
export type { Faults, StepAction, ToolFault } from "./faults";
export type { RecordedCommand } from "./ssh/sessions";
export type { GuestAgentOptions } from "./libvirt/guest-agent";
export type { Activity, Inhibition, LockHolder, Login } from "./kernel/activity";
export type {
  Machine,
  MachineDisk,
  MachineFunction,
  MachineInput,
  MachineInterface,
  MachineLoader,
  MachineVolume,
} from "./machine";
export type { HostPackages, Interruption } from "./packages/host-packages";
export { machines } from "./machines/catalog";

import type { SimulatedHost } from "pulumi-passthrough/testing";
import { inRun, Resource, type Operation, type Run, type Values } from "./driver";

/** `never` leaves the reboots to the test, which does them at once. */
export type RebootPolicy = "never" | "ifRequired";

/** What differs from test to test. */
export interface ProgramOptions {
  readonly device: string;
  readonly domain: string;
  readonly policy: RebootPolicy;
}

async function show(run: Run, resource: Resource, inputs: Values): Promise<Operation> {
  return (await resource.preview(run, inputs)).operation;
}

/** The whole guide as one program of three resources. */
export class Program {
  readonly iommu = new Resource("HostIommuConfig");
  readonly group = new Resource("PciGroupDetachment");
  readonly guest = new Resource("DomainHostdev");
  readonly #host: SimulatedHost;
  readonly #options: ProgramOptions;

  constructor(host: SimulatedHost, options: ProgramOptions) {
    this.#host = host;
    this.#options = options;
  }

  /** Checks everything; the devices of the guest are given, since a new group's members are not known yet. */
  preview(devices: unknown): Promise<Operation[]> {
    return inRun(async (run) => [
      await show(run, this.iommu, this.#iommuInputs()),
      await show(run, this.group, this.#groupInputs()),
      await show(run, this.guest, this.#guestInputs(devices)),
    ]);
  }

  /** With policy `never` the operator reboots between two runs. */
  async up(): Promise<Operation[]> {
    const first = await inRun((run) => this.iommu.up(run, this.#iommuInputs()));
    if (first !== "same") await this.#rebootByHand();
    const rest = await inRun(async (run) => [
      await this.iommu.up(run, this.#iommuInputs()),
      await this.group.up(run, this.#groupInputs()),
      await this.guest.up(run, this.#guestInputs(this.group.output("members"))),
    ]);
    return [first, ...rest.slice(1)];
  }

  refresh(): Promise<boolean[]> {
    return inRun(async (run) => [
      await this.iommu.refresh(run),
      await this.group.refresh(run),
      await this.guest.refresh(run),
    ]);
  }

  async destroy(): Promise<void> {
    await inRun(async (run) => {
      await this.guest.destroy(run);
      await this.group.destroy(run);
      await this.iommu.destroy(run);
    });
    await this.#rebootByHand();
  }

  async #rebootByHand(): Promise<void> {
    if (this.#options.policy === "never") await this.#host.reboot();
  }

  #iommuInputs(): Values {
    const isAllowed = this.#options.policy === "ifRequired";
    const reboot = { policy: this.#options.policy, onDelete: isAllowed };
    return { host: this.#host.connection, mode: "passthrough", reboot };
  }

  #groupInputs(): Values {
    return { host: this.#host.connection, device: { address: this.#options.device } };
  }

  #guestInputs(devices: unknown): Values {
    return { host: this.#host.connection, domain: this.#options.domain, devices };
  }
}

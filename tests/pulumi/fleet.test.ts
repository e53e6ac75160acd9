import { setTimeout as delay } from "node:timers/promises";
import { expect, it } from "@jest/globals";
import { HostIommuConfig } from "pulumi-passthrough";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { useStage } from "./stage";

const HOSTS = 20;
/** Long enough for a busy machine; only a run that reads its hosts one after another waits for it. */
const PATIENCE_MS = 20_000;

/** Holds every command until as many are under way at once as there are hosts. */
class Meeting {
  present = 0;
  most = 0;
  readonly #size: number;
  #open: (() => void) | undefined;
  readonly #met: Promise<void>;

  constructor(size: number) {
    this.#size = size;
    this.#met = new Promise((resolve) => {
      this.#open = resolve;
    });
  }

  async attend(): Promise<void> {
    this.present++;
    this.most = Math.max(this.most, this.present);
    if (this.present === this.#size) this.#open?.();
    await Promise.race([this.#met, delay(PATIENCE_MS, undefined, { ref: false })]);
    this.present--;
  }
}

const { startHost, openWorkspace } = useStage();

it("reads twenty hosts side by side in one preview", async () => {
  const workspace = await openWorkspace();
  const hosts = await Promise.all(
    Array.from({ length: HOSTS }, (): Promise<SimulatedHost> => startHost({ machine: "debian-grub-iommu-on" })),
  );
  const meeting = new Meeting(HOSTS);
  for (const host of hosts) host.beforeCommand(() => meeting.attend());

  const run = await workspace.preview(() => {
    for (const [i, host] of hosts.entries()) new HostIommuConfig(`kvm${i}`, { host: host.connection });
    return Promise.resolve({});
  });

  expect(run.changes).toEqual({ create: HOSTS + 1 });
  expect(meeting.most).toBe(HOSTS);
  expect(hosts.map((host) => host.counters.commands)).toEqual(hosts.map(() => 1));
});

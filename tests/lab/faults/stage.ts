import { cp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { z } from "zod";
import { PulumiWorkspace, type EngineRun, type RunOptions } from "../../pulumi/workspace";
import type { Picture } from "../host-views";
import { LabHost, type FrozenHost } from "../lab-host";
import { readFiles } from "./goal";
import { Link } from "./link";
import type { Run, Scenario } from "./scenarios";
import { bringInto } from "./settings";
import { installStepHook, removeTrap, setTrap } from "./step-hook";

/** What a stack keeps in its folder; the rest is made anew. */
const STACK_FILES = ["state", "Pulumi.yaml", "Pulumi.test.yaml"];

/** Where the engine keeps the resources of a stack, and what is looked at there. */
const STATE_FILE = "state/.pulumi/stacks/passthrough-test/test.json";
const State = z.object({
  checkpoint: z.object({
    latest: z
      .object({
        resources: z
          .array(z.object({ type: z.string(), outputs: z.record(z.string(), z.unknown()).default({}) }))
          .default([]),
      })
      .nullish(),
  }),
});

/** Outputs that `destroy` goes by. */
const MEMORY = ["ownership", "members"];

/** A host and its stack right before the fault. */
interface Prepared {
  readonly frozen: FrozenHost;
  readonly stack: PulumiWorkspace;
  /** The host's files before the stack knew of it. */
  readonly untouched: Picture;
}

/** One fault's own host and stack. */
export interface Scene {
  readonly host: LabHost;
  readonly untouched: Picture;
  run(run: Run, options?: RunOptions): Promise<EngineRun>;
  /** What the stack has stored for the way back. */
  readMemory(): Promise<readonly unknown[]>;
  /** Drops the product's connection. */
  dropConnection(): void;
}

/** Prepares each scenario once and gives every fault a copy of it: a thawed host is there in seconds. */
export class Stage {
  readonly #link: Link;
  readonly #prepared = new Map<string, Prepared>();

  private constructor(link: Link) {
    this.#link = link;
  }

  /** Makes a stage with nothing prepared. */
  static async open(): Promise<Stage> {
    return new Stage(await Link.open());
  }

  /** Plays one scene and clears up behind it. */
  async play<T>(scenario: Scenario, work: (scene: Scene) => Promise<T>): Promise<T> {
    const { frozen, stack: original, untouched } = await this.#prepare(scenario);
    // ssh would take a path with a blank for two.
    const host = await LabHost.thaw(frozen, scenario.name.replaceAll(" ", "-"));
    const stack = await copyStack(original);
    try {
      const connection = this.#link.leadTo(host.connection);
      return await work({
        host,
        untouched,
        run: (run, options) => start(stack, run, scenario.program(connection), options),
        readMemory: () => readMemory(stack),
        dropConnection: () => {
          this.#link.drop();
        },
      });
    } finally {
      await host.stop();
      await stack.remove();
    }
  }

  /** Throws everything away. */
  async close(): Promise<void> {
    await this.#link.close();
    for (const { frozen, stack } of this.#prepared.values()) {
      await rm(frozen.folder, { recursive: true, force: true });
      await stack.remove();
    }
  }

  async #prepare(scenario: Scenario): Promise<Prepared> {
    const { image, setting, program, before } = scenario;
    const key = [image, setting, before, ...(before === "nothing" ? [] : [program.name])].join(", ");
    const prepared = this.#prepared.get(key) ?? (await this.#make(scenario));
    this.#prepared.set(key, prepared);
    return prepared;
  }

  async #make({ image, setting, program, before }: Scenario): Promise<Prepared> {
    const host = await LabHost.start({ name: "stage", image });
    const stack = await PulumiWorkspace.create();
    try {
      const connection = this.#link.leadTo(host.connection);
      await bringInto(setting, host);
      await installStepHook(host);
      const untouched = await readFiles(host, setting);
      if (before === "up") await stack.up(program(connection));
      if (before === "up to the trial boot") await leaveOnTrial(host, stack, program(connection));
      // What the operator did long ago is on the disk.
      await host.ssh("sync");
      return { frozen: await host.freeze(), stack, untouched };
    } catch (error) {
      await host.stop();
      await stack.remove();
      throw error;
    }
  }
}

/** The run ends at the first step of the confirmation, and the host waits on. */
async function leaveOnTrial(host: LabHost, stack: PulumiWorkspace, program: PulumiFn): Promise<void> {
  await setTrap(host, { pause: "fail", boots: 1, step: 1 });
  await stack.up(program, { expectFailure: true });
  await removeTrap(host);
}

/** The engine's own command for this takes seconds. */
async function readMemory(stack: PulumiWorkspace): Promise<readonly unknown[]> {
  const text = await readFile(join(stack.folder, STATE_FILE), "utf8");
  const resources = State.parse(JSON.parse(text)).checkpoint.latest?.resources ?? [];
  const own = resources.filter(({ type }) => !type.startsWith("pulumi:"));
  return own.map(({ outputs }) => MEMORY.map((name) => outputs[name] ?? null));
}

function start(stack: PulumiWorkspace, run: Run, program: PulumiFn, options?: RunOptions): Promise<EngineRun> {
  return run === "up" ? stack.up(program, options) : stack.destroy(options);
}

async function copyStack(original: PulumiWorkspace): Promise<PulumiWorkspace> {
  const copy = await PulumiWorkspace.create();
  for (const file of STACK_FILES) {
    await cp(join(original.folder, file), join(copy.folder, file), { recursive: true, force: true }).catch(
      (error: unknown) => {
        // A stack that was never run has no settings yet.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      },
    );
  }
  return copy;
}

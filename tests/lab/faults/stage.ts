import { cp, rm } from "node:fs/promises";
import { join } from "node:path";
import { PulumiWorkspace, type EngineRun, type RunOptions } from "../../pulumi/workspace";
import { readHashes, type Picture } from "../host-views";
import { LabHost, type FrozenHost } from "../lab-host";
import { Link } from "./link";
import type { Run, Scenario } from "./scenarios";
import { installStepHook, readSteps, setTrap } from "./step-hook";

/** What a stack keeps in its folder; the rest is made anew. */
const STACK_FILES = ["state", "Pulumi.yaml", "Pulumi.test.yaml"];

/** No transaction has so many steps: with a trap there, a host only tells them. */
const NO_STEP = 1_000_000;

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
    const host = await LabHost.thaw(frozen, scenario.name);
    const stack = await copyStack(original);
    try {
      const connection = this.#link.leadTo(host.connection);
      return await work({
        host,
        untouched,
        run: (run, options) => start(stack, run, scenario.program(connection), options),
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
    const key = [scenario.image, scenario.program.name, ...scenario.before].join(" ");
    const prepared = this.#prepared.get(key) ?? (await this.#make(scenario));
    this.#prepared.set(key, prepared);
    return prepared;
  }

  async #make(scenario: Scenario): Promise<Prepared> {
    const host = await LabHost.start({ name: "stage", image: scenario.image });
    const stack = await PulumiWorkspace.create();
    try {
      const connection = this.#link.leadTo(host.connection);
      await installStepHook(host);
      const untouched = await readHashes(host);
      for (const run of scenario.before) await start(stack, run, scenario.program(connection));
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

/** Runs a scenario without a fault and returns the steps that it announced. */
export async function listSteps(scene: Scene, { run, boots }: Scenario): Promise<readonly string[]> {
  await setTrap(scene.host, { pause: "pass", boots, step: NO_STEP });
  await scene.run(run);
  return (await readSteps(scene.host)).map(({ name }) => name);
}

function start(
  stack: PulumiWorkspace,
  run: Run,
  program: Parameters<PulumiWorkspace["up"]>[0],
  options?: RunOptions,
): Promise<EngineRun> {
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

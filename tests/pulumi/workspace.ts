import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  LocalWorkspace,
  PulumiCommand,
  type Deployment,
  type EngineEvent,
  type PulumiFn,
  type Stack,
} from "@pulumi/pulumi/automation";

const REPOSITORY = resolve(__dirname, "../..");
const PROJECT = "passthrough-test";
const STACK = "test";

/** What one run of the engine showed and did. */
export interface EngineRun {
  /** All that the CLI printed, both streams, without colours. */
  readonly text: string;
  readonly events: readonly EngineEvent[];
  /** How many resources took each kind of step, the stack itself included: `{ create: 2, same: 1 }`. */
  readonly changes: Readonly<Record<string, number>>;
}

/** A resource as the stack's state holds it. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly id?: string;
  readonly inputs?: Readonly<Record<string, unknown>>;
  readonly outputs?: Readonly<Record<string, unknown>>;
  readonly initErrors?: readonly string[];
}

/** How a run is to be made; a run that fails unexpectedly, or succeeds where a failure is expected, throws. */
export interface RunOptions {
  /** `preview` writes the update plan there, `up` keeps to it. */
  readonly planFile?: string;
  /** Read every resource before planning. */
  readonly refresh?: boolean;
  /** Show the changed properties. */
  readonly diff?: boolean;
  readonly expectNoChanges?: boolean;
  readonly expectFailure?: boolean;
}

type Arguments = Pick<RunOptions, "refresh" | "diff" | "expectNoChanges"> & {
  readonly plan?: string;
  readonly color: "never";
  readonly onEvent: (event: EngineEvent) => void;
  readonly onOutput: (text: string) => void;
  readonly onError: (text: string) => void;
};

/** A stack of its own in a temporary folder, run by a real engine that reaches nothing outside this machine. */
export class PulumiWorkspace {
  /** The folder that the provider process is started in. */
  readonly folder: string;
  readonly #command: PulumiCommand;
  readonly #environment: Readonly<Record<string, string>>;

  private constructor(folder: string, command: PulumiCommand, environment: Readonly<Record<string, string>>) {
    this.folder = folder;
    this.#command = command;
    this.#environment = environment;
  }

  /** Makes the folder; `environment` is seen by the CLI and by the provider process. */
  static async create(environment: Readonly<Record<string, string>> = {}): Promise<PulumiWorkspace> {
    const folder = await mkdtemp(join(tmpdir(), "passthrough-pulumi-"));
    await linkPackages(folder);
    for (const name of ["state", "home"]) await mkdir(join(folder, name));
    const command = await PulumiCommand.get({ root: readPulumiRoot() });
    return new PulumiWorkspace(folder, command, { ...isolate(folder), ...environment });
  }

  /** Sets a value of the stack's configuration; a structured one is given as JSON. */
  async setConfig(key: string, value: string): Promise<void> {
    const stack = await this.#openStack(emptyProgram);
    await stack.setConfig(key, { value });
  }

  /** Shows what the program would change. */
  async preview(program: PulumiFn, options: RunOptions = {}): Promise<EngineRun> {
    const stack = await this.#openStack(program);
    return record((args) => stack.preview(args), options);
  }

  /** Applies the program. */
  async up(program: PulumiFn, options: RunOptions = {}): Promise<EngineRun> {
    const stack = await this.#openStack(program);
    return record((args) => stack.up({ ...args, suppressProgress: true }), options);
  }

  /** Reads every resource of the stack again. */
  async refresh(options: RunOptions = {}): Promise<EngineRun> {
    const stack = await this.#openStack(emptyProgram);
    return record((args) => stack.refresh({ ...args, suppressProgress: true }), options);
  }

  /** Deletes every resource of the stack. */
  async destroy(options: RunOptions = {}): Promise<EngineRun> {
    const stack = await this.#openStack(emptyProgram);
    return record((args) => stack.destroy({ ...args, suppressProgress: true }), options);
  }

  /** The stack's outputs as of the last `up`. */
  async readOutputs(): Promise<Readonly<Record<string, unknown>>> {
    const stack = await this.#openStack(emptyProgram);
    const entries = Object.entries(await stack.outputs());
    return Object.fromEntries(entries.map(([name, output]) => [name, output.value as unknown]));
  }

  /** The whole state, as `pulumi stack export` prints it. */
  async exportState(): Promise<object> {
    return (await this.#openStack(emptyProgram)).exportStack();
  }

  /** Replaces the whole state by one that was exported. */
  async importState(state: object): Promise<void> {
    await (await this.#openStack(emptyProgram)).importStack(state as Deployment);
  }

  /** The resources that the state holds, the stack and the providers left out. */
  async readState(): Promise<readonly StateResource[]> {
    const stack = await this.#openStack(emptyProgram);
    const exported = await stack.exportStack();
    const deployment = exported.deployment as { readonly resources?: readonly StateResource[] };
    return (deployment.resources ?? []).filter((resource) => !resource.type.startsWith("pulumi:"));
  }

  /** Removes the folder, and with it the stack's state. */
  async remove(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }

  #openStack(program: PulumiFn): Promise<Stack> {
    return LocalWorkspace.createOrSelectStack(
      { projectName: PROJECT, stackName: STACK, program },
      {
        workDir: this.folder,
        pulumiHome: join(this.folder, "home"),
        pulumiCommand: this.#command,
        secretsProvider: "passphrase",
        envVars: { ...this.#environment },
        // Without settings of our own the program's folder, and so the provider's, would be the tests' own.
        projectSettings: { name: PROJECT, runtime: "nodejs" },
      },
    );
  }
}

function emptyProgram(): Promise<void> {
  return Promise.resolve();
}

/** The provider process resolves both packages from the folder it runs in, as it does in a user's project. */
async function linkPackages(folder: string): Promise<void> {
  const modules = join(folder, "node_modules");
  await mkdir(modules);
  await symlink(REPOSITORY, join(modules, "pulumi-passthrough"));
  await symlink(join(REPOSITORY, "node_modules/@pulumi"), join(modules, "@pulumi"));
}

function readPulumiRoot(): string {
  const root = process.env["PASSTHROUGH_PULUMI"];
  if (root === undefined) throw new Error("PASSTHROUGH_PULUMI must name the folder whose bin/pulumi is to be used");
  return root;
}

function isolate(folder: string): Record<string, string> {
  return {
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "correct horse",
    PULUMI_ACCESS_TOKEN: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DISABLE_REGISTRY_RESOLVE: "true",
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
    PULUMI_SKIP_CONFIRMATIONS: "true",
  };
}

async function record(start: (args: Arguments) => Promise<unknown>, options: RunOptions): Promise<EngineRun> {
  const { planFile, expectFailure = false, ...passed } = options;
  const events: EngineEvent[] = [];
  const texts: string[] = [];
  const failure = await start({
    ...passed,
    ...(planFile === undefined ? {} : { plan: planFile }),
    color: "never",
    onEvent: (event) => void events.push(event),
    onOutput: (text) => void texts.push(text),
    onError: (text) => void texts.push(text),
  }).then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
  );
  const text = texts.join("");
  if (failure !== undefined && !expectFailure) throw new Error(`the run failed:\n${text}`, { cause: failure });
  if (failure === undefined && expectFailure) throw new Error(`the run was to fail, but went well:\n${text}`);
  return { text, events, changes: countChanges(events) };
}

function countChanges(events: readonly EngineEvent[]): Record<string, number> {
  const summary = events.find((event) => event.summaryEvent !== undefined)?.summaryEvent;
  return { ...summary?.resourceChanges };
}

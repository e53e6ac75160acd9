import { mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LocalWorkspace, PulumiCommand } from "@pulumi/pulumi/automation/index.js";
import { repositoryRoot } from "../setup/folders.mjs";
import { showLiveTree } from "./live-tree.mjs";

const PROJECT = "passthrough-demo";
const STACK = "demo";

/** A stack in a temporary folder, whose state is a file there: nothing leaves this machine. */
export class DemoStack {
  #folder;
  #command;

  constructor(folder, command) {
    this.#folder = folder;
    this.#command = command;
  }

  static async create(pulumiRoot) {
    const folder = await mkdtemp(join(tmpdir(), "passthrough-demo-"));
    try {
      for (const name of ["state", "home", "node_modules"]) await mkdir(join(folder, name));
      await symlink(repositoryRoot, join(folder, "node_modules/pulumi-passthrough"));
      await symlink(join(repositoryRoot, "node_modules/@pulumi"), join(folder, "node_modules/@pulumi"));
      const command = await PulumiCommand.get({ root: pulumiRoot });
      return new DemoStack(folder, process.stdout.isTTY ? showLiveTree(command) : command);
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Runs `preview`, `up`, `refresh` or `destroy` on show, and says whether it went well. */
  async run(operation, program, options = {}) {
    const stack = await this.#open(program);
    try {
      await stack[operation]({ ...options, ...(process.stdout.isTTY ? {} : print) });
      return true;
    } catch {
      // The CLI has already said what is wrong, in full.
      return false;
    }
  }

  async remove() {
    await rm(this.#folder, { recursive: true, force: true });
  }

  #open(program) {
    return LocalWorkspace.createOrSelectStack(
      { projectName: PROJECT, stackName: STACK, program },
      {
        workDir: this.#folder,
        pulumiHome: join(this.#folder, "home"),
        pulumiCommand: this.#command,
        secretsProvider: "passphrase",
        envVars: isolate(this.#folder),
        projectSettings: { name: PROJECT, runtime: "nodejs" },
      },
    );
  }
}

const print = {
  color: "never",
  onOutput: (text) => process.stdout.write(text),
  onError: (text) => process.stdout.write(text),
};

function isolate(folder) {
  return {
    PULUMI_BACKEND_URL: `file://${join(folder, "state")}`,
    PULUMI_CONFIG_PASSPHRASE: "demo",
    PULUMI_ACCESS_TOKEN: "",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
    PULUMI_DISABLE_REGISTRY_RESOLVE: "true",
    PULUMI_DIY_BACKEND_DISABLE_CHECKPOINT_BACKUPS: "true",
  };
}

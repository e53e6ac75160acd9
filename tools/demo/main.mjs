import { SimulatedHost } from "pulumi-passthrough/testing";
import { formatDuration, say, sayHeading } from "../setup/output.mjs";
import { scenes } from "./scenes.mjs";
import { DemoStack } from "./stack.mjs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const INTERRUPTED = 130;

const GOODBYE = `
That host was a simulation, in front of the same program and the same provider that a real one gets. To try a real host,
put this into a Pulumi project, with the host's name from your ~/.ssh/config and an address that \`lspci\` shows there:

  import { PciGroupDetachment } from "pulumi-passthrough";
  new PciGroupDetachment("gpu", { host: "root@kvm1.lan", device: { address: "01:00.0" } });

and run \`pulumi preview\`: it only reads. examples/preview-only is such a project.`;

/** Shows the provider at work on a simulated host, from the first preview to the last byte put back; returns the exit code. */
export async function main({ pulumiRoot }) {
  // Pulumi hears ^C too and ends its step well. We must not die before it, and leave a host behind.
  const interruption = new AbortController();
  const interrupt = () => interruption.abort();
  for (const signal of SIGNALS) process.on(signal, interrupt);
  const cleanups = [];
  try {
    const host = await SimulatedHost.start({ machine: "debian-gpu", rebootMs: 1500 });
    cleanups.push(() => host.stop());
    const stack = await DemoStack.create(pulumiRoot);
    cleanups.push(() => stack.remove());
    return await play({ host, stack, pictures: new Map() }, interruption.signal);
  } finally {
    for (const clean of cleanups.reverse()) await clean();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

async function play(stage, signal) {
  const started = Date.now();
  for (const [index, scene] of scenes.entries()) {
    sayHeading(`${index + 1}/${scenes.length} ${scene.title}`);
    say(`${scene.words.join("\n")}\n`);
    const isAsPromised = await scene.act(stage);
    if (signal.aborted) return INTERRUPTED;
    if (isAsPromised) continue;
    // On a terminal Pulumi reads ^C itself, and says of a cancelled step no more than that it failed.
    process.stderr.write("\nThe demo ends here: this step was cancelled, or did not go as it should.\n");
    return 1;
  }
  say(GOODBYE);
  say(`\nThe demo took ${formatDuration(Date.now() - started)}.`);
  return 0;
}

import { describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { Resource, Run, type Values } from "./driver";
import { useHosts } from "./hosts";

const start = useHosts();
const IFREQUIRED = { policy: "ifRequired", runningDomains: "shutdown" };
const HOLDER = String.raw`process \d+, since \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`;

function inputsOf(host: SimulatedHost, word: string, reboot: Values = {}): Values {
  return { host: host.connection, mode: "passthrough", kernelArguments: { present: [word] }, reboot };
}

/** Another program, which has read the host already and stands before its change. */
async function prepareOther(run: Run, inputs: Values): Promise<() => Promise<unknown>> {
  const resource = new Resource("HostIommuConfig", "other");
  await resource.preview(run, inputs);
  return () => resource.up(run, inputs);
}

/** What the other program says when it comes at a step of this one and has waited for as long as it does. */
function hearAt(host: SimulatedHost, step: string, other: () => Promise<unknown>): () => string {
  let said = "nothing";
  host.faults.afterStep(step, async () => {
    // This one is past its own wait.
    host.faults.failTool("flock", { words: ["-w", "90"], times: 1, stderr: "" });
    said = await other().then(String, (error: unknown) => (error instanceof Error ? error.message : "something else"));
  });
  return () => said;
}

describe("a second program while the host is being changed", () => {
  it("hears whose change it is, and since when", async () => {
    const host = await start();
    await using first = new Run();
    await using second = new Run();
    const other = await prepareOther(second, inputsOf(host, "audit=0"));
    const said = hearAt(host, "generate", other);

    await new Resource("HostIommuConfig").up(first, inputsOf(host, "quiet"));

    expect(said()).toMatch(
      new RegExp(
        `could not begin: another change \\(HostIommuConfig, ${HOLDER}\\) has held the lock /var/lib/passthrough/lock for more than 90 s; nothing was written\\. Next: `,
      ),
    );
  });

  it("does not reboot the host under it", async () => {
    const host = await start();
    await using first = new Run();
    await using second = new Run();
    await new Resource("HostIommuConfig").up(first, inputsOf(host, "quiet"));
    const other = await prepareOther(second, inputsOf(host, "quiet", IFREQUIRED));
    const said = hearAt(host, "generate", other);
    await using third = new Run();

    await new Resource("HostIommuConfig").up(third, inputsOf(host, "audit=0"));

    expect(said()).toMatch(
      new RegExp(
        `it was not rebooted: another change \\(HostIommuConfig, ${HOLDER}\\) has held the lock .* for more than 90 s\\. Next: wait until that has ended, then run again \\(PT-E30, pulumi-passthrough/docs/errors\\.md#pt-e30\\)\\.$`,
      ),
    );
    expect(host.writes).not.toContainEqual(expect.stringContaining("reboot"));
  });

  it("hears of a reboot that waits for domains", async () => {
    const host = await start();
    host.startDomain("guest");
    await using first = new Run();
    await using second = new Run();
    const other = await prepareOther(second, inputsOf(host, "audit=0"));
    const said = hearAt(host, "shut-down guest", other);

    await new Resource("HostIommuConfig").up(first, inputsOf(host, "quiet", IFREQUIRED));

    expect(said()).toMatch(new RegExp(`another change \\(reboot, ${HOLDER}\\) has held the lock`));
    expect(host.isDomainRunning("guest")).toBe(true);
  });

  it("is told of nobody whose process has ended", async () => {
    const host = await start();
    host.writeFile("/var/lib/passthrough/lock", "999999999 2026-11-22T20:00:00Z HostIommuConfig\n");
    host.faults.failTool("flock", { words: ["-w", "90"], stderr: "" });
    await using run = new Run();

    await expect(new Resource("HostIommuConfig").up(run, inputsOf(host, "quiet"))).rejects.toThrow(
      "another change has held the lock /var/lib/passthrough/lock for more than 90 s",
    );
  });
});

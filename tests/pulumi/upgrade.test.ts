import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import type { SimulatedHost } from "pulumi-passthrough/testing";
import { AUDIO, GPU, guide, useStage } from "./stage";
import type { PulumiWorkspace } from "./workspace";

/**
 * What earlier releases stored for the stack that `guide` declares, as `pulumi stack export` printed it, with the connection
 * left open. A file is made once, with the code of its release, and never changed:
 * `PASSTHROUGH_RECORD_RELEASE=0.1.0 npx jest tests/pulumi/upgrade.test.ts`.
 */
const RELEASES = join(__dirname, "releases");
/** The machine that the stacks were recorded on; another one at the same address would be left alone. */
const MACHINE_ID = "0230d4c654804898a35949af0082926a";
const RECORDED = ["0.1.0"] as const;

interface Place {
  readonly address: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
  readonly privateKeyPath: string;
}

describe.each(RECORDED)("a stack of release %s", (release) => {
  const { startHost, openWorkspace } = useStage();
  const recording = process.env["PASSTHROUGH_RECORD_RELEASE"] === release;
  let host: SimulatedHost;
  let workspace: PulumiWorkspace;
  let place: Place;
  let untouched: Readonly<Record<string, string>>;

  beforeAll(async () => {
    host = await startHost({ files: { "/etc/machine-id": `${MACHINE_ID}\n` } });
    workspace = await openWorkspace();
    untouched = readHost(host);
    place = await describePlace(host, join(workspace.folder, "key"));
    await workspace.up(guide(place));
    if (recording) await writeFile(join(RELEASES, `${release}.json`), await recordState(workspace, place));
    // The host is as that release left it, since the same was declared; the stack is that release's own.
    await workspace.importState(await readRelease(release, place));
  });

  afterAll(() => {
    expect(recording).toBe(false);
  });

  it("shows no change under this release", async () => {
    const preview = await workspace.preview(guide(place), { expectNoChanges: true });

    expect(preview.changes).toEqual({ same: 4 });
  });

  it("is refreshed without a change", async () => {
    expect((await workspace.refresh()).changes).toEqual({ same: 4 });
  });

  it("is mended like one of this release", async () => {
    host.setDriver(AUDIO, "snd_hda_intel");

    expect((await workspace.up(guide(place))).changes).toEqual({ update: 1, same: 3 });

    expect(host.driverOf(AUDIO)).toBe("vfio-pci");
  });

  it("is taken back to the byte", async () => {
    await workspace.importState(await readRelease(release, place));

    await workspace.destroy();

    expect(readHost(host)).toEqual(untouched);
  });
});

/** What the stack changes on its host. */
function readHost(host: SimulatedHost): Record<string, string> {
  return {
    defaults: host.readFile("/etc/default/grub"),
    menu: host.readFile("/boot/grub/grub.cfg"),
    domain: host.domainXml("win11", { withSecrets: true }),
    drivers: [GPU, AUDIO].map((address) => host.driverOf(address)).join(" "),
  };
}

/** A key in a file, so that no secret is part of what is recorded. */
async function describePlace(host: SimulatedHost, privateKeyPath: string): Promise<Place> {
  const { address, port = 22, user = "root", privateKey = "", hostKey = "" } = host.connection;
  await writeFile(privateKeyPath, privateKey, { mode: 0o600 });
  return { address, port, user, hostKey: Array.isArray(hostKey) ? (hostKey[0] ?? "") : hostKey, privateKeyPath };
}

async function recordState(workspace: PulumiWorkspace, place: Place): Promise<string> {
  // Where a program stood on the machine that recorded it is nobody's business.
  const text = JSON.stringify(
    await workspace.exportState(),
    (key, value: unknown) => (isPlace(key) ? undefined : value),
    2,
  );
  return `${text
    .replaceAll(`"port": ${place.port}`, '"port": "@port@"')
    .replaceAll(place.hostKey, "@hostKey@")
    .replaceAll(place.privateKeyPath, "@privateKeyPath@")}\n`;
}

function isPlace(key: string): boolean {
  return key === "sourcePosition" || key === "stackTrace";
}

async function readRelease(release: string, place: Place): Promise<object> {
  const text = await readFile(join(RELEASES, `${release}.json`), "utf8");
  const filled = text
    .replaceAll('"port": "@port@"', `"port": ${place.port}`)
    .replaceAll("@hostKey@", place.hostKey)
    .replaceAll("@privateKeyPath@", place.privateKeyPath);
  return JSON.parse(filled) as object;
}

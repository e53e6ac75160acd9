import { expect } from "@jest/globals";
import { listChanges, readHashes, type Picture } from "../host-views";
import type { LabHost } from "../lab-host";
import { describeStep, type Scenario } from "./scenarios";
import type { Setting } from "./settings";
import type { Scene } from "./stage";
import { readSteps, setTrap } from "./step-hook";

/** No transaction has so many steps: with a trap there, a host only tells them. */
const NO_STEP = 1_000_000;

/**
 * What the operator may want to look up later stays behind, and GRUB keeps the empty variable of a choice that it has
 * cleared. A note on an initial ramdisk holds its time; whether it is true the run after it finds out.
 */
const KEPT = [
  /^\/var\/lib\/passthrough\/(?:journal|lock|originals\/[0-9a-f]{64}|records\/initramfs-.*)$/,
  /^\/root\/step-hook\.trap$/,
  /^\/boot\/grub\/grubenv$/,
];

/** Files that a change makes beside the ones that it replaces; none may stay once a change is through. */
const LEFTOVER = /\.passthrough-(?:old|new)|\/passthrough\/.*\.new$/;

/** An initial ramdisk has other bytes each time that it is built; the names in it tell what it is. */
const LIST_RAMDISKS = `PATH=$PATH:/usr/sbin
for image in /boot/initrd* /boot/efi/*/*/initrd*; do
  [ -f "$image" ] || continue
  if [ -e /usr/bin/lsinitramfs ]; then lsinitramfs "$image"; else lsinitrd "$image" | awk '/^[-dlcbps][-rwxsStT]+ / { print $9 }'; fi |
    sort | sha256sum | sed "s|-$|$image|"
done`;

/** What a transaction leads to when nothing disturbs it: what a host and a stack with a fault must end with as well. */
export interface Goal {
  readonly files: Picture;
  /** What the stack knows of the way back. */
  readonly memory: readonly unknown[];
}

/**
 * Goes through a transaction without a fault, up to the end: the run after it has nothing left to do, and `destroy` gives
 * every watched file the bytes that it had before. A host that ends with the same files, and a stack with the same
 * memory, have the same way back; so only this one goes it.
 */
export async function rehearse(scene: Scene, scenario: Scenario): Promise<Goal> {
  const { host } = scene;
  await setTrap(host, { pause: "pass", boots: 0, step: NO_STEP });
  await scene.run(scenario.run);
  expect((await readSteps(host)).map(({ name }) => describeStep(name))).toEqual(scenario.steps);
  const goal = await readEnd(scene, scenario);
  if (scenario.run === "up") {
    expect(Object.keys((await scene.run("up")).changes)).toEqual(["same"]);
    await scene.run("destroy");
  }
  expect(listDifferences({ files: scene.untouched, memory: [] }, await readEnd(scene, scenario))).toEqual([]);
  return goal;
}

/** The end of a run, which must leave nothing half done. */
export async function readEnd(scene: Scene, { setting }: Scenario): Promise<Goal> {
  const files = await readFiles(scene.host, setting);
  expect([...files.keys()].filter((path) => LEFTOVER.test(path))).toEqual([]);
  return { files, memory: await scene.readMemory() };
}

/** What tells two ends apart: paths, and what a stack remembers. */
export function listDifferences(wanted: Goal, found: Goal): readonly string[] {
  const [then, now] = [wanted.memory, found.memory].map((memory) => JSON.stringify(memory));
  return [...listChanges(wanted.files, found.files), ...(then === now ? [] : [`remembers ${now}, not ${then}`])];
}

/** The files that decide over what comes, by path. */
export async function readFiles(host: LabHost, setting: Setting): Promise<Picture> {
  const hashes = [...(await readHashes(host))].filter(([path]) => !KEPT.some((kept) => kept.test(path)));
  const ramdisks = setting === "as built" ? "" : await host.ssh(LIST_RAMDISKS);
  const lists = ramdisks.split("\n").map((line): [string, string] => [line.slice(66), line.slice(0, 64)]);
  return new Map([...hashes, ...lists]);
}

import { setTimeout as sleep } from "node:timers/promises";
import { listChanges, readHashes } from "../host-views";
import type { LabHost } from "../lab-host";
import type { Fault, FaultCase } from "./cases";
import type { Scene } from "./stage";
import { removeTrap, setTrap, waitForTrap, type Pause } from "./step-hook";

/** All that stays behind when everything was taken back: what the operator may want to look up later. */
const KEPT = /^\/var\/lib\/passthrough\/(?:journal|lock|originals\/[0-9a-f]{64})$|^\/root\/step-hook\.trap$/;

/** What a host that is on trial carries on its command line. */
const ON_TRIAL = "passthrough.trial=";
const TRIAL_TIMEOUT_MS = 900_000;

/** What the host does at the step while we strike. */
const PAUSE = {
  "power cut before": "stop",
  "power cut during": "pass",
  "connection lost at": "wait",
} as const satisfies Record<Fault, Pause>;

/** How one case went. */
export interface Outcome {
  readonly stepName: string;
  /** Command lines that the host had before the fault and after it, without help. */
  readonly lines: { readonly before: string; readonly after: string };
  /** How long the host was away, or its transaction went on without us. */
  readonly seconds: number;
}

/** Lets the fault happen, and waits until the host has dealt with it by itself. */
export async function inflict(scene: Scene, { fault, scenario, step, delayMs }: FaultCase): Promise<Outcome> {
  const { host } = scene;
  const before = await readLine(host);
  await setTrap(host, { pause: PAUSE[fault], boots: scenario.boots, step });
  // The engine may notice a dropped connection or get along without it; either is fine, and is not what is asked here.
  const run = scene.run(scenario.run).catch(() => undefined);
  const trap = await waitForTrap(host, run);
  const started = Date.now();
  if (fault === "connection lost at") {
    scene.dropConnection();
  } else {
    if (fault === "power cut during") await sleep(delayMs);
    await host.powerCut();
    await host.waitForSsh();
  }
  await run;
  await waitUntilQuiet(host);
  const seconds = Math.round((Date.now() - started) / 1000);
  await removeTrap(host);
  return { stepName: trap.name, lines: { before, after: await readLine(host) }, seconds };
}

/** No transaction goes on, and no trial does: what the host is like now is what it stays like. */
async function waitUntilQuiet(host: LabHost): Promise<void> {
  const deadline = Date.now() + TRIAL_TIMEOUT_MS;
  while ((await readLine(host)).includes(ON_TRIAL)) {
    if (Date.now() > deadline) throw new Error(`${host.name} is still on its trial line`);
    await sleep(5_000);
    await host.waitForSsh();
  }
  // The lock is made by the first change; before it there is nothing to wait for.
  await host.ssh("[ ! -e /var/lib/passthrough/lock ] || flock -w 170 /var/lib/passthrough/lock true");
}

/** Whether the boot loader's files are in one piece; returns what is wrong with them. */
export async function inspectBootFiles(host: LabHost): Promise<string> {
  const checks = [
    "[ ! -e /etc/default/grub ] || sh -n /etc/default/grub",
    "[ ! -e /boot/grub/grub.cfg ] || grub-script-check /boot/grub/grub.cfg",
    // Every kernel and initramfs that an entry names is there.
    `for entry in /boot/efi/loader/entries/*.conf; do
      [ -e "$entry" ] || continue
      grep -q "^options .*root=" "$entry" || echo "$entry has no root"
      for file in $(awk '$1 == "linux" || $1 == "initrd" { print $2 }' "$entry"); do
        [ -s "/boot/efi$file" ] || echo "$entry names $file, which is not there"
      done
    done`,
  ];
  const { stdout, stderr } = await host.trySsh(checks.map((check) => `{ ${check}; } 2>&1`).join("\n"));
  return stdout + stderr;
}

/** Files that a change makes beside the ones that it replaces; none may stay once a change is through. */
export async function listLeftovers(host: LabHost): Promise<string> {
  return host.ssh(
    "find /etc /boot /var/lib/passthrough -name '*.passthrough-*' -o -name '*.new' -path '*passthrough*'",
  );
}

/** The files that differ from those of the untouched host. */
export async function listLasting(scene: Scene): Promise<readonly string[]> {
  return listChanges(scene.untouched, await readHashes(scene.host)).filter((path) => !KEPT.test(path));
}

async function readLine(host: LabHost): Promise<string> {
  return (await host.ssh("cat /proc/cmdline")).trim();
}

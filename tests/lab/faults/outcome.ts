import { setTimeout as sleep } from "node:timers/promises";
import type { LabHost } from "../lab-host";
import type { Fault, FaultCase } from "./cases";
import type { Scene } from "./stage";
import { setTrap, waitForTrap, type Pause } from "./step-hook";

/** Longest wait for a host to come back, by way of a trial that nobody confirms if need be. */
const TRIAL_TIMEOUT_MS = 900_000;
const POLL_MS = 2_000;

/** A connection that is tried before there is a network costs more than it takes to wait for this line; a trial may lack it. */
const SSHD_STARTED = /Started .*ssh\.service/;
const SERIAL_TIMEOUT_MS = 120_000;

/** What the host does at the step while we strike. */
const PAUSE = {
  "power cut before": "stop",
  "power cut during": "pass",
  "connection lost at": "wait",
} as const satisfies Record<Fault, Pause>;

/** How one case went. */
export interface Outcome {
  readonly stepName: string;
  /** How long the host was away, or its transaction went on without us. */
  readonly seconds: number;
  /** What is wrong with its boot files; empty: nothing. */
  readonly damage: string;
}

/**
 * One look at a host that answers again. A trial that waits for its confirmation is not what the host stays like; a change
 * that still goes on holds the lock, which the first change of all makes.
 */
const SETTLE = `if systemctl -q is-active passthrough-trial.service; then echo on trial; exit; fi
[ ! -e /var/lib/passthrough/lock ] || flock -w 170 /var/lib/passthrough/lock true || echo the lock is held
rm -f /root/step-hook.trap
{
  [ ! -e /etc/default/grub ] || sh -n /etc/default/grub
  [ ! -e /boot/grub/grub.cfg ] || grub-script-check /boot/grub/grub.cfg
  for entry in /boot/efi/loader/entries/*.conf; do
    [ -e "$entry" ] || continue
    grep -q "^options .*root=" "$entry" || echo "$entry has no root"
    for file in $(awk '$1 == "linux" || $1 == "initrd" { print $2 }' "$entry"); do
      [ -s "/boot/efi$file" ] || echo "$entry names $file, which is not there"
    done
  done
} 2>&1`;

/** Lets the fault happen, and waits until the host has dealt with it by itself. */
export async function inflict(scene: Scene, { fault, scenario, step, delayMs }: FaultCase): Promise<Outcome> {
  const { host } = scene;
  await setTrap(host, { pause: PAUSE[fault], boots: 0, step });
  // The engine may notice a dropped connection or get along without it; either is fine, and is not what is asked here.
  const run = scene.run(scenario.run).catch(() => undefined);
  const trap = await waitForTrap(host, run);
  const started = Date.now();
  if (fault === "connection lost at") {
    scene.dropConnection();
  } else {
    if (fault === "power cut during") await sleep(delayMs);
    await host.powerCut();
    await host.waitForSerial(SSHD_STARTED, SERIAL_TIMEOUT_MS);
  }
  await run;
  const damage = await settle(host);
  return { stepName: trap.name, seconds: Math.round((Date.now() - started) / 1000), damage };
}

/** Waits until the host is what it stays like, and returns what is wrong with its boot files. */
async function settle(host: LabHost): Promise<string> {
  const deadline = Date.now() + TRIAL_TIMEOUT_MS;
  for (;;) {
    const said = await host.ssh(SETTLE).catch(String);
    // It may be on its way back.
    if (said !== "on trial\n" && !said.startsWith("Error: ssh to ")) return said;
    if (Date.now() > deadline) throw new Error(`${host.name} did not come back: ${said}`);
    await sleep(POLL_MS);
  }
}

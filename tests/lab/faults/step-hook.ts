import { setTimeout as sleep } from "node:timers/promises";
import type { LabHost } from "../lab-host";

/** What a host does at a step once it has told its name: it stands still for ever or for a while, goes on, or gives up. */
export type Pause = "stop" | "wait" | "pass" | "fail";

/** The step at which a host is to do so. */
export interface Trap {
  readonly pause: Pause;
  /** How many boots from now; a trial boot's confirmation is one away. */
  readonly boots: number;
  /** Counted from 1 in the transactions of that boot. */
  readonly step: number;
}

/** A step that a host announced, as its hook wrote it to the serial line. */
export interface AnnouncedStep {
  readonly number: number;
  readonly name: string;
  readonly isTrap: boolean;
}

const POLL_MS = 50;
const WAIT_SECONDS = 5;

/**
 * Counts the steps of a boot, and obeys at the one that is named in /root/step-hook.trap. The serial line is outside of the
 * host's own memory and disk, so what was said there is known when the power is gone. Nothing is synced here: that would
 * write the product's own files as well.
 */
const SCRIPT = `#!/bin/sh
read -r pause boots at armed 2>/dev/null </root/step-hook.trap || exit 0
read -r boot </proc/sys/kernel/random/boot_id
passed=1
[ "$boot" != "$armed" ] || passed=0
[ "$passed" = "$boots" ] || exit 0
count=0
read -r count 2>/dev/null </run/step-hook.count
count=$((count + 1))
echo "$count" >/run/step-hook.count
kind=step
[ "$count" != "$at" ] || kind=trap
printf '\\n@@%s %s %s@@\\n' "$kind" "$count" "$1" >/dev/ttyS0
[ "$kind" = trap ] || exit 0
case $pause in
  stop) sleep 3600 ;;
  wait) sleep ${WAIT_SECONDS} ;;
  fail) exit 1 ;;
esac
`;

/** Lets every transaction of a host call the hook. */
export async function installStepHook(host: LabHost): Promise<void> {
  await host.ssh(`cat >/root/step-hook <<'SCRIPT'\n${SCRIPT}SCRIPT\nchmod +x /root/step-hook`);
  // sshd gives this to every command that it starts, so the transaction needs no words of ours.
  await host.ssh("echo 'SetEnv PASSTHROUGH_STEP_HOOK=/root/step-hook' >/etc/ssh/sshd_config.d/step-hook.conf");
  await host.ssh("systemctl restart ssh");
}

/** Sets a trap for the host's next transaction. It is on the disk, since a boot may lie between. */
export async function setTrap(host: LabHost, { pause, boots, step }: Trap): Promise<void> {
  await host.ssh(
    `read -r boot </proc/sys/kernel/random/boot_id; rm -f /run/step-hook.count
    echo "${pause} ${boots} ${step} $boot" >/root/step-hook.trap; sync /root/step-hook.trap /root`,
  );
}

/** Takes the trap away again. */
export async function removeTrap(host: LabHost): Promise<void> {
  await host.ssh("rm -f /root/step-hook.trap; sync /root");
}

/** Waits until the host is at its trap; throws when the run ends without it. */
export async function waitForTrap(host: LabHost, run: Promise<unknown>): Promise<AnnouncedStep> {
  const end = run.then(
    () => true,
    () => true,
  );
  for (;;) {
    // Asked before the log is read, so that a trap at the very end is not overlooked.
    const hasEnded = await Promise.race([end, sleep(POLL_MS, false)]);
    const steps = await readSteps(host);
    const trap = steps.find((step) => step.isTrap);
    if (trap !== undefined) return trap;
    if (hasEnded) throw new Error(`the run ended before its trap; steps: ${steps.map(({ name }) => name).join(", ")}`);
  }
}

/** The steps that the host announced since it was last switched on. */
export async function readSteps(host: LabHost): Promise<readonly AnnouncedStep[]> {
  const marks = (await host.readSerialLog()).matchAll(/@@(step|trap) (\d+) (.*?)@@/g);
  return [...marks].map(([, kind, number, name = ""]) => ({ number: Number(number), name, isTrap: kind === "trap" }));
}

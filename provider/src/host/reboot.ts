import { HostError } from "../model/errors";
import type { HostFacts } from "../model/host-facts";
import type { CommandResult } from "../transport/shell";
import { newNonce, wholeScript } from "./snapshot/script";

/** A reboot to be done. */
export interface RebootRequest {
  /** Boot id of the boot that shall end; a host that has another one already was rebooted by someone else. */
  readonly bootId: string;
  /** Longest wait for the host to come back. */
  readonly timeoutSeconds: number;
}

/** What a reboot needs of the host and of time. */
export interface RebootDoor {
  run(script: string): Promise<CommandResult>;
  read(): Promise<HostFacts>;
  progress(text: string): void;
}

/** The wait between two looks grows: a small machine is back in seconds, a server takes minutes to test its memory. */
const FIRST_INTERVAL_MS = 500;
const LONGEST_INTERVAL_MS = 3_000;

/** Under the host's lock, so that no transaction is under way; a second later, so that this command can end well. */
const REBOOT = `
cd "\${PASSTHROUGH_ROOT:-}/" || exit 1
[ -n "\${PASSTHROUGH_ROOT:-}" ] || PATH=$PATH:/usr/sbin:/sbin
umask 077
mkdir -p var/lib/passthrough && touch var/lib/passthrough/lock || exit 1
exec 9>>var/lib/passthrough/lock
flock -w 90 9 || { echo "another change is under way" >&2; return 1; }
read -r boot_id <proc/sys/kernel/random/boot_id
[ "$boot_id" = "$expected" ] || { echo "@@$nonce already"; return 0; }
printf '%s %s reboot\\n' "$(date -u +%Y-%m-%dT%H:%M:%SZ)" "$nonce" >>var/lib/passthrough/journal
sync
trap '' HUP
{ sleep 1; systemctl reboot || shutdown -r now || reboot; } </dev/null >/dev/null 2>&1 &
echo "@@$nonce rebooting"
`;

/** Reboots, and proves by the boot id that the host did. */
export async function rebootHost(label: string, request: RebootRequest, door: RebootDoor): Promise<HostFacts> {
  const nonce = newNonce();
  door.progress(`${label}: rebooting`);
  const result = await door.run(wholeScript(nonce, [`expected=${request.bootId}`, REBOOT]));
  if (result.exitCode !== 0) {
    throw new HostError({
      host: label,
      what: `could not reboot: ${result.stderr.trim() || `exit status ${result.exitCode ?? "unknown"}`}`,
      next: "reboot the host by hand, then run again",
    });
  }
  return waitForBoot(label, request, door);
}

async function waitForBoot(label: string, request: RebootRequest, door: RebootDoor): Promise<HostFacts> {
  const start = Date.now();
  const deadline = start + request.timeoutSeconds * 1000;
  let lastError = "it still answers from the old boot";
  let intervalMs = FIRST_INTERVAL_MS;
  while (Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, intervalMs));
    intervalMs = Math.min(intervalMs * 1.5, LONGEST_INTERVAL_MS);
    door.progress(`${label}: waiting for the reboot, ${Math.round((Date.now() - start) / 1000)} s`);
    try {
      const facts = await door.read();
      if (facts.identity.bootId !== request.bootId) return facts;
    } catch (error) {
      // A host that boots refuses connections, then logins; only the deadline makes that a failure.
      lastError = error instanceof Error ? error.message : String(error);
    }
  }
  throw new HostError({
    host: label,
    what: `it was told to reboot and did not come back within ${request.timeoutSeconds} s; the last try said: ${lastError}`,
    next: "look at its console; once it answers, run again: the provider goes on from what it finds",
  });
}

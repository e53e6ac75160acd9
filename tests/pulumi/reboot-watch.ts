import type { SimulatedHost } from "pulumi-passthrough/testing";

/** What was seen of hosts while something went on. */
export interface RebootCount {
  /** Most hosts that were rebooting at the same time. */
  readonly most: number;
  /** How often each host was told to reboot. */
  readonly orders: readonly number[];
}

const INTERVAL_MS = 5;

/**
 * Watches hosts while something goes on: each is rebooting from the order to do so until it shows another boot id.
 * `onReboot` is called while a host is rebooting, again and again.
 */
export async function watchReboots(
  hosts: readonly SimulatedHost[],
  work: () => Promise<unknown>,
  onReboot?: (host: SimulatedHost) => void,
): Promise<RebootCount> {
  const watched = hosts.map((host) => ({ host, bootIds: new Set([host.bootId()]), before: countOrders(host) }));
  let most = 0;
  const timer = setInterval(() => {
    const rebooting = watched.filter(({ host, bootIds, before }) => {
      bootIds.add(host.bootId());
      return countOrders(host) - before > bootIds.size - 1;
    });
    most = Math.max(most, rebooting.length);
    for (const { host } of rebooting) onReboot?.(host);
  }, INTERVAL_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return { most, orders: watched.map(({ host, before }) => countOrders(host) - before) };
}

/** How often a host was told to reboot since it was started. */
function countOrders(host: SimulatedHost): number {
  return host.writes.filter((call) => /^systemctl reboot\b/.test(call)).length;
}

import type { SimulatedHost } from "pulumi-passthrough/testing";
import { readSnapshot, takeSnapshot } from "../../provider/src/host/snapshot/take";
import type { HostFacts } from "../../provider/src/model/host-facts";
import { ShellPool } from "../../provider/src/transport/pool";

/** Facts of a simulated host, read over SSH as a survey reads them unless it is told not to. */
export async function readSurveyFacts(host: SimulatedHost, { withSurvey = true } = {}): Promise<HostFacts> {
  const pool = new ShellPool({ lingerMs: 0 });
  try {
    const shell = await pool.acquire(host.connection);
    try {
      return readSnapshot("host", await takeSnapshot(shell, { timeoutMs: 60_000, withSurvey }));
    } finally {
      shell.release();
    }
  } finally {
    await pool.closeAll();
  }
}

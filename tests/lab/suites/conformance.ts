import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { SimulatedHost } from "../../../provider/src/testing/index";
import { openShell, type RemoteShell } from "../../../provider/src/transport/shell";
import type { LabHost } from "../lab-host";
import { CASES_WITH_IOMMU, CASES_WITHOUT_IOMMU, type Case } from "./conformance-cases";

/** What a script did, on either host. */
interface Answer {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** The simulated host's root is a folder, and its PATH is complete; on the real one the tools of the system are added. */
const PREAMBLE = `cd "\${PASSTHROUGH_ROOT:-}/" || exit 1
[ -n "\${PASSTHROUGH_ROOT:-}" ] || PATH=$PATH:/usr/sbin:/sbin
LC_ALL=C
export PATH LC_ALL
q() { virsh -q -c qemu:///system "$@"; echo "status $?"; }
`;

/** The tools while the IOMMU is off. */
export function testConformanceWithoutIommu(lab: () => LabHost): void {
  compare("with the IOMMU off", "debian-grub", CASES_WITHOUT_IOMMU, lab);
}

/** The tools while the IOMMU is on. */
export function testConformanceWithIommu(lab: () => LabHost): void {
  compare("with the IOMMU on", "debian-grub-iommu-on", CASES_WITH_IOMMU, lab);
}

function compare(
  when: string,
  machine: "debian-grub" | "debian-grub-iommu-on",
  cases: readonly Case[],
  lab: () => LabHost,
): void {
  describe(`the simulated host and the real one ${when}`, () => {
    let simulated: SimulatedHost;
    let shells: { readonly real: RemoteShell; readonly simulated: RemoteShell };

    beforeAll(async () => {
      const guest = await lab().ssh("virsh -q dumpxml --inactive guest");
      simulated = await SimulatedHost.start({ machine, domains: [guest] });
      shells = { real: await openShell(lab().connection), simulated: await openShell(simulated.connection) };
    });

    afterAll(async () => {
      await shells.real.close();
      await shells.simulated.close();
      await simulated.stop();
    });

    it.each(cases)("answer alike: $what", async ({ script, shows }) => {
      const real = await run(shells.real, script);
      const answer = await run(shells.simulated, script);

      expect(real.stdout).toContain(shows);
      expect(answer).toEqual(real);
    });
  });
}

async function run(shell: RemoteShell, script: string): Promise<Answer> {
  const { exitCode, stdout, stderr } = await shell.run({ script: PREAMBLE + script, timeoutMs: 180_000 });
  return { exitCode, stdout, stderr };
}

import { beforeAll, describe, expect, it } from "@jest/globals";
import { areCanonicallyEqual } from "../../../provider/src/model/libvirt/canonical";
import type { PulumiWorkspace } from "../../pulumi/workspace";
import { listChanges, readDomain, readDrivers, readDriversOf, readHostdevs, takePicture } from "../host-views";
import type { LabHost } from "../lab-host";
import { attachment, detachment, PAIR } from "../programs";
import { useStack } from "../stack";

const BRIDGE = "0000:02:00.0";
const [FIRST, SECOND] = PAIR;

/** Functions that the host needs: the rule that stands before each, and what would be lost. */
const REFUSED = [
  ["00:02.0", "ssh-session", "this SSH session, and with it the way to take the change back"],
  ["00:03.0", "root-storage", "/"],
  ["00:1f.2", "essential-class", "the low-speed devices behind it"],
  ["02:00.0", "bridge", "everything below it: 0000:03:01.0"],
  ["00:05.0", "bridge", "everything below it: 0000:01:00.0"],
] as const;

/** Groups of more than one function, on a host whose IOMMU is on. */
export function testGroups(lab: () => LabHost): void {
  describe("a group of two functions behind a bridge", () => {
    const stack = useStack();
    let drivers: Readonly<Record<string, string>>;

    beforeAll(async () => {
      drivers = await readDrivers(lab());
    });

    it.each(REFUSED)("refuses %s in the preview, by the rule %s", async (address, rule, loss) => {
      const before = await takePicture(lab());

      const preview = await stack().preview(detachment(lab(), { address }), { expectFailure: true });

      expect(preview.text).toContain(`[${rule}] 0000:`);
      expect(preview.text).toContain(`would lose ${loss}`);
      expect(listChanges(before, await takePicture(lab()))).toEqual([]);
    });

    it("gives the first member back when the second cannot be taken", async () => {
      const override = `/sys/bus/pci/devices/${SECOND}/driver_override`;
      await lab().ssh(`mount --bind ${override} ${override} && mount -o remount,bind,ro ${override}`);
      try {
        const up = await stack().up(detachment(lab(), { address: FIRST }), { expectFailure: true });

        expect(up.text).toContain(`step "detach ${SECOND}" failed`);
        expect(up.text).toContain("everything before it was taken back");
        expect(await lab().ssh("cat /var/lib/passthrough/journal")).toContain(`step detach ${FIRST}\n`);
        expect(await readDrivers(lab())).toEqual(drivers);
        expect(await readOverrides(lab())).toEqual(["(null)", "(null)"]);
      } finally {
        await lab().ssh(`umount ${override}`);
      }
    });

    it("moves as a whole when one member is named, and leaves the bridge alone", async () => {
      const domain = await readDomain(lab(), "guest");

      const up = await stack().up(attachment(lab(), { address: SECOND, id: "8086:100e" }));

      const { members, bridges } = await readGroup(stack());
      expect(up.changes).toEqual({ create: 3 });
      expect([members, bridges]).toEqual([[...PAIR], [BRIDGE]]);
      expect(await readDriversOf(lab(), [...PAIR, BRIDGE])).toEqual(["vfio-pci", "vfio-pci", ""]);
      expect(await readHostdevs(lab(), "guest")).toEqual([...PAIR]);
      expect(countControllers(await readDomain(lab(), "guest"))).toBeGreaterThan(countControllers(domain));

      await stack().destroy();

      expect(await readDrivers(lab())).toEqual(drivers);
      expect(areCanonicallyEqual(await readDomain(lab(), "guest"), domain)).toBe(true);
    });
  });
}

async function readOverrides(host: LabHost): Promise<readonly string[]> {
  const files = PAIR.map((address) => `/sys/bus/pci/devices/${address}/driver_override`);
  return (await host.ssh(`cat ${files.join(" ")}`)).trimEnd().split("\n");
}

async function readGroup(workspace: PulumiWorkspace): Promise<{ members: string[]; bridges: unknown }> {
  const group = (await workspace.readState()).find((resource) => resource.urn.endsWith("::group"));
  const members = group?.outputs?.["members"] as readonly { readonly address: string }[];
  return { members: members.map((member) => member.address), bridges: group?.outputs?.["bridges"] };
}

function countControllers(domain: string): number {
  return domain.split("<controller type='pci'").length - 1;
}

import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { areCanonicallyEqual } from "../../../provider/src/model/libvirt/canonical";
import { parseDomain } from "../../../provider/src/model/libvirt/domain-xml";
import { listChanges, readDomain, readDriversOf, readHostdevs, readLinuxLines, takePicture } from "../host-views";
import type { LabHost } from "../lab-host";
import { ALONE, detachment, inGuest, iommuOnly, PAIR } from "../programs";
import { useStack } from "../stack";

const GRUB = "/etc/default/grub";
const DROP_IN = "/etc/default/grub.d/50-operator.cfg";
const DROP_IN_TEXT = `# words of this host only
GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX nosoftlockup"
`;

/** Settings as operators write them: each line has something that a careless editor would lose. */
function renderSettings(words: string): string {
  return `# the operator's own comment stays
GRUB_DEFAULT=0
GRUB_TIMEOUT=0   # no waiting
GRUB_DISTRIBUTOR=\`lsb_release -i -s 2> /dev/null || echo Debian\`
GRUB_CMDLINE_LINUX_DEFAULT='quiet  loglevel=3'
#GRUB_CMDLINE_LINUX="intel_iommu=on is only a comment"
\tGRUB_CMDLINE_LINUX="${words}"  # two blanks before audit

export GRUB_COLOR_NORMAL="white/black"
GRUB_TERMINAL=serial
`;
}

const [FOREIGN] = PAIR;
const FOREIGN_FILE = "/run/foreign.xml";
const FOREIGN_XML = `<hostdev mode='subsystem' type='pci' managed='yes'>
  <source><address domain='0x0000' bus='0x03' slot='0x01' function='0x0'/></source>
  <alias name='ua-of-someone-else'/>
</hostdev>
`;

/** What others change on the host, before, between and during our runs. The IOMMU is on; nothing reboots. */
export function testForeignEdits(lab: () => LabHost): void {
  describe("what others wrote into the boot loader's settings", () => {
    const stack = useStack();
    let linuxLines: readonly string[];

    beforeAll(async () => {
      await writeFile(lab(), DROP_IN, DROP_IN_TEXT);
      await writeFile(lab(), GRUB, renderSettings("console=ttyS0 intel_iommu=off  audit=0"));
      await lab().ssh("PATH=$PATH:/usr/sbin update-grub");
      linuxLines = await readLinuxLines(lab());
    });

    it("stops a saved plan when it changed since the preview, with nothing written", async () => {
      const planFile = join(stack().folder, "plan.json");
      await stack().preview(iommuOnly(lab()), { planFile });
      await lab().ssh(`cp -p ${GRUB} /run/grub && echo '# a late remark' >> ${GRUB}`);
      const before = await takePicture(lab());

      const up = await stack().up(iommuOnly(lab()), { planFile, expectFailure: true });

      expect(up.text).toContain("violates plan");
      expect(listChanges(before, await takePicture(lab()))).toEqual([]);
      await lab().ssh(`cp -p /run/grub ${GRUB}`);
    });

    it("survives an up by one changed line, and a destroy with all that was written in between", async () => {
      await stack().up(iommuOnly(lab()));

      expect(await readFile(lab(), GRUB)).toBe(renderSettings("console=ttyS0 intel_iommu=on  audit=0 iommu=pt"));
      expect(await readFile(lab(), DROP_IN)).toBe(DROP_IN_TEXT);
      expect(await readLinuxLines(lab())).toEqual(linuxLines.map(withOurWords));
      const late = "console=ttyS0 nmi_watchdog=0 intel_iommu=on  audit=0 iommu=pt";
      await writeFile(lab(), GRUB, `${renderSettings(late)}# written after the up\n`);

      await stack().destroy();

      const words = "console=ttyS0 nmi_watchdog=0 intel_iommu=off  audit=0";
      expect(await readFile(lab(), GRUB)).toBe(`${renderSettings(words)}# written after the up\n`);
      expect(await readFile(lab(), DROP_IN)).toBe(DROP_IN_TEXT);
      expect(await readLinuxLines(lab())).toEqual(linuxLines.map(withLateWord));
    });
  });

  describe("what others do to devices and domains", () => {
    const stack = useStack();
    let pristine: string;

    beforeAll(async () => {
      await writeFile(lab(), FOREIGN_FILE, FOREIGN_XML);
    });

    beforeEach(async () => {
      pristine = await readDomain(lab(), "guest");
    });

    afterEach(async () => {
      await writeFile(lab(), "/run/guest.xml", pristine);
      await lab().ssh("virsh -q define /run/guest.xml");
    });

    it("stops a saved plan when a device lost its driver since the preview", async () => {
      const planFile = join(stack().folder, "plan.json");
      await stack().preview(detachment(lab(), { address: ALONE }), { planFile });
      await lab().ssh(`echo ${ALONE} > /sys/bus/pci/devices/${ALONE}/driver/unbind`);

      const up = await stack().up(detachment(lab(), { address: ALONE }), { planFile, expectFailure: true });

      expect(up.text).toContain("violates plan");
      expect(await readDriversOf(lab(), [ALONE])).toEqual([""]);
      await lab().ssh(`echo ${ALONE} > /sys/bus/pci/drivers_probe`);
    });

    it("leaves a foreign hostdev as it is over an up and a destroy", async () => {
      await attachForeign(lab());
      const shared = await readDomain(lab(), "guest");

      await stack().up(inGuest(lab(), [ALONE]));

      expect(await readHostdevs(lab(), "guest")).toEqual([FOREIGN, ALONE]);
      expect(readHostdevXml(await readDomain(lab(), "guest"), FOREIGN)).toBe(readHostdevXml(shared, FOREIGN));
      await stack().destroy();
      expect(areCanonicallyEqual(await readDomain(lab(), "guest"), shared)).toBe(true);
    });

    it("stops as stale when the domain changes between our reading and our lock, and loses nothing", async () => {
      const release = await holdLock(lab());
      const up = stack().up(inGuest(lab(), [ALONE]), { expectFailure: true });
      const edit = waitForOurLock(lab()).then(() => attachForeign(lab()));
      await edit.finally(release);

      expect((await up).text).toMatch(/planned on stale facts: the configuration of domain \S+ has changed/);
      expect(await readHostdevs(lab(), "guest")).toEqual([FOREIGN]);
    });

    it("keeps an edit that comes between our check and our write", async () => {
      await writeFile(lab(), "/usr/local/bin/virsh", INTERRUPTING_VIRSH);
      await lab().ssh("chmod 755 /usr/local/bin/virsh");
      try {
        await stack().up(inGuest(lab(), [ALONE]));

        expect(await readHostdevs(lab(), "guest")).toEqual([FOREIGN, ALONE]);
      } finally {
        await lab().ssh("rm /usr/local/bin/virsh");
      }
    });
  });
}

function withOurWords(line: string): string {
  return line.replace("intel_iommu=off", "intel_iommu=on").replace("audit=0", "audit=0 iommu=pt");
}

function withLateWord(line: string): string {
  return line.replace("intel_iommu=off", "nmi_watchdog=0 intel_iommu=off");
}

/** Someone else's edit in the last moment: just before our own command reaches libvirt. */
const INTERRUPTING_VIRSH = `#!/bin/sh
case " $* " in
*" attach-device "*) /usr/bin/virsh -q -c qemu:///system attach-device guest ${FOREIGN_FILE} --config ;;
esac
exec /usr/bin/virsh "$@"
`;

/** Takes the lock that our transactions take; the answer gives it back. */
async function holdLock(host: LabHost): Promise<() => Promise<void>> {
  await host.ssh("mkdir -p /var/lib/passthrough && touch /run/held");
  const holding = host.ssh(
    "flock /var/lib/passthrough/lock sh -c 'touch /run/is-held; while [ -e /run/held ]; do sleep 0.2; done'",
  );
  await host.ssh("until [ -e /run/is-held ]; do sleep 0.2; done");
  return async () => {
    await host.ssh("rm /run/held /run/is-held");
    await holding;
  };
}

/** Waits until a transaction of ours stands before the lock. */
async function waitForOurLock(host: LabHost): Promise<void> {
  await host.ssh("timeout 120 sh -c 'until pgrep -fx \"flock -w 90 9\"; do sleep 0.5; done'");
}

async function attachForeign(host: LabHost): Promise<void> {
  await host.ssh(`virsh -q attach-device guest ${FOREIGN_FILE} --config`);
}

function readHostdevXml(domain: string, source: string): string | undefined {
  return parseDomain(domain).hostdevs.find((hostdev) => hostdev.source === source)?.xml;
}

async function writeFile(host: LabHost, path: string, text: string): Promise<void> {
  await host.ssh(`echo ${Buffer.from(text).toString("base64")} | base64 -d > ${path}`);
}

async function readFile(host: LabHost, path: string): Promise<string> {
  return Buffer.from(await host.ssh(`base64 ${path}`), "base64").toString();
}

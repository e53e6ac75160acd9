import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { PulumiWorkspace } from "../../pulumi/workspace";
import { readPlan } from "../engine-view";
import { listChanges, readHashes, type Picture } from "../host-views";
import type { LabHost } from "../lab-host";
import { trialBoot } from "../programs";

/** Files that a trial makes for itself; all others must be as they were when it has failed. */
const OF_THE_TRIAL = /passthrough|\/custom\.cfg$|\/grubenv$/;

/** Ways in which a new command line fails, each with the word that brings it about on Debian. */
const FAILURES = [
  // The kernel finds no init in its initramfs, mounts the root disk itself, has no driver for it, and panics.
  { what: "panics", word: "rdinit=/nonexistent", said: /It left no report/ },
  // Nobody configures the interface.
  {
    what: "boots without network",
    word: "systemd.mask=systemd-networkd.service",
    said: /It said: not confirmed within 60 s/,
  },
  // Init goes to a target that starts no sshd.
  { what: "never gets to sshd", word: "systemd.unit=emergency.target", said: /It said: not confirmed within 60 s/ },
] as const;

/** Trial boots on a real host: those that fail, and the one that is kept. The host's IOMMU is off at the beginning. */
export function testTrialBoot(lab: () => LabHost): void {
  describe("a trial boot", () => {
    let workspace: PulumiWorkspace;
    let untouched: Picture;
    let commandLine: string;

    beforeAll(async () => {
      workspace = await PulumiWorkspace.create();
      untouched = await readHashes(lab());
      commandLine = await lab().ssh("cat /proc/cmdline");
    });

    afterAll(() => workspace.remove());

    it("is shown before anything is touched", async () => {
      const preview = await workspace.preview(trialBoot(lab(), { confirmTimeoutSeconds: 300 }));

      expect(readPlan(preview, "iommu")).toMatchObject({
        trial: { confirmTimeoutSeconds: 300, furtherWords: expect.stringContaining("passthrough.trial=") },
      });
      expect(listChanges(untouched, await readHashes(lab()))).toEqual([]);
    });

    it.each(FAILURES)("that $what ends on the old line without help", async ({ word, said }) => {
      const program = trialBoot(lab(), { confirmTimeoutSeconds: 60, words: [word] });

      const up = await workspace.up(program, { expectFailure: true });

      expect(up.text).toContain("the trial boot was not confirmed, and the host is on its old command line");
      expect(up.text).toMatch(said);
      expect(await lab().ssh("cat /proc/cmdline")).toBe(commandLine);
      const changed = listChanges(untouched, await readHashes(lab()));
      expect(changed.filter((path) => !OF_THE_TRIAL.test(path))).toEqual([]);
    });

    it("with a good line is kept, and leaves no trace", async () => {
      await workspace.up(trialBoot(lab(), { confirmTimeoutSeconds: 300 }));

      expect(await lab().ssh("cat /proc/cmdline")).toMatch(/ intel_iommu=on .*passthrough\.trial=/);
      expect(
        await lab().ssh("ls /boot/grub/custom.cfg /etc/systemd/system/passthrough-trial.service 2>&1 || :"),
      ).toMatch(/^ls: cannot access '\/boot\/grub\/custom\.cfg'.*\nls: cannot access '\/etc\/systemd/);
      // GRUB clears its one-shot choice by leaving it empty.
      expect(await lab().ssh("grub-editenv list; systemctl is-active passthrough-trial.service || :")).toBe(
        "next_entry=\ninactive\n",
      );
      expect((await workspace.up(trialBoot(lab(), { confirmTimeoutSeconds: 300 }))).changes).toEqual({ same: 2 });
    });

    it("has made the line permanent: the next boot has it, and no word of the trial", async () => {
      const bootId = await lab().readBootId();
      await lab().ssh("sync");
      await lab().powerCut();
      await lab().waitForReboot(bootId);

      const line = await lab().ssh("cat /proc/cmdline");
      expect(line).toMatch(/ intel_iommu=on\n$/);
      expect(line).not.toContain("passthrough");
    });

    it("is forgotten by destroy", async () => {
      await workspace.destroy();

      const changed = listChanges(untouched, await readHashes(lab()));
      expect(changed.filter((path) => !/^\/var\/lib\/passthrough\/|\/grubenv$/.test(path))).toEqual([]);
    });
  });
}

import { say } from "../setup/output.mjs";
import { isSame, renderPictures, takePicture } from "./picture.mjs";
import { carelessProgram, gpuProgram } from "./programs.mjs";

/**
 * The demo, scene by scene: what one looks at, and what is done. `act` says whether it went as the words promise; scenes
 * share the host, the stack and the pictures that were taken of the host.
 */
export const scenes = [
  {
    title: "Preview: the host is read over SSH, and nothing is touched",
    words: [
      "A program gives the GPU 01:00.0 of a Debian host to the guest win11. Below is what `pulumi up` would do: the kernel",
      "command line word by word, why it needs a reboot, and what shows only after that one.",
    ],
    act: async ({ host, stack, pictures }) => {
      pictures.set("before", takePicture(host));
      host.mark();
      const isDone = await stack.run("preview", gpuProgram(host.connection), { diff: true });
      return isDone && host.writtenFiles().length === 0;
    },
  },
  {
    title: "Preview of a mistake: refused before anything happens",
    words: [
      "The same program also asks for 03:00.0. That is the NIC of the host's own SSH session, so the preview fails, and says why.",
    ],
    act: async ({ host, stack }) => !(await stack.run("preview", carelessProgram(host.connection))),
  },
  {
    title: "Up: command line, reboot, IOMMU group, guest",
    words: [
      "Three changes on the host, one command each, and a reboot in between that is proved by a new boot id. The GPU's audio",
      "function 01:00.1 moves along, because it is in the same IOMMU group.",
    ],
    act: async ({ host, stack, pictures }) => {
      const isDone = await stack.run("up", gpuProgram(host.connection));
      pictures.set("after up", takePicture(host));
      return isDone && host.driverOf("0000:01:00.1") === "vfio-pci";
    },
  },
  {
    title: "Up again: nothing to do",
    words: ["The second run reads the host with one command, finds everything as declared, and writes nothing."],
    act: async ({ host, stack }) => {
      host.mark();
      const isDone = await stack.run("up", gpuProgram(host.connection), { expectNoChanges: !process.stdout.isTTY });
      say(`Files written on the host: ${host.writtenFiles().length}`);
      return isDone && host.writtenFiles().length === 0;
    },
  },
  {
    title: "Refresh: someone has been on the host",
    words: [
      "By hand, behind Pulumi's back, intel_iommu goes back to off in /etc/default/grub, the audio function to its old driver,",
      "and win11 loses its devices. A preview finds it, because it always reads the host, and shows what `up` would do; a refresh",
      "writes into the state what is so.",
    ],
    act: async ({ host, stack }) => {
      const settings = host.readFile("/etc/default/grub");
      host.writeFile("/etc/default/grub", settings.replace("intel_iommu=on", "intel_iommu=off"));
      host.setDriver("0000:01:00.1", "snd_hda_intel");
      host.defineDomain(withoutHostdevs(host.domainXml("win11", { withSecrets: true })));
      const isSeen = await stack.run("preview", gpuProgram(host.connection), { diff: true });
      return isSeen && stack.run("refresh", gpuProgram(host.connection));
    },
  },
  {
    title: "Up: the drift is mended",
    words: ["Only what differs is changed. The kernel still runs with the declared words, so there is no reboot."],
    act: async ({ host, stack }) => {
      const bootId = host.bootId();
      const isDone = await stack.run("up", gpuProgram(host.connection));
      return isDone && host.driverOf("0000:01:00.1") === "vfio-pci" && host.bootId() === bootId;
    },
  },
  {
    title: "Destroy: every byte goes back",
    words: [
      "The guest's XML, the drivers and the boot files return to what they were. This is the host before, after `up`, and now:",
    ],
    act: async ({ host, stack, pictures }) => {
      const isDone = await stack.run("destroy", gpuProgram(host.connection));
      pictures.set("after destroy", takePicture(host));
      say(`\n${renderPictures(pictures)}`);
      return isDone && isSame(pictures.get("before"), pictures.get("after destroy"));
    },
  },
];

function withoutHostdevs(xml) {
  return xml.replace(/ *<hostdev[^]*?<\/hostdev>\n/g, "");
}

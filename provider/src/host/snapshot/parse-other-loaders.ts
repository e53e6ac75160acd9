import type { BootFacts, LoaderVariables, UnifiedImage } from "../../model/host-facts";
import { listMounts } from "./parse-mounts";
import { lines, parseGrepLines, type Section, type Sections } from "./sections";

/** Name of the note of what Proxmox's boot partitions were last given. */
const REFRESHED_RECORD = "boot-partitions";

type OtherLoaders = Pick<
  BootFacts,
  "loaderVariables" | "bootPartitions" | "unifiedImages" | "deploymentArguments" | "refreshedArguments"
>;

/** What the boot loaders beside GRUB say of this boot and of the next. */
export function parseOtherLoaders(sections: Sections): OtherLoaders {
  const texts = parseGrepLines(sections.lines("files"));
  const variables = parseVariables(sections.all("loader-variable"));
  const deployment = sections.lines("deployment")[0];
  const refreshed = sections
    .all("record")
    .find((section) => section.argument === REFRESHED_RECORD)
    ?.body.trim();
  const hasPartitions = sections.lines("markers").includes("etc/kernel/proxmox-boot-uuids");
  return {
    bootPartitions: listMounts(texts.get("proc/self/mountinfo") ?? ""),
    unifiedImages: sections.all("unified-image").map(parseImage),
    ...(Object.keys(variables).length > 0 && { loaderVariables: variables }),
    ...(deployment !== undefined && { deploymentArguments: deployment.trim() }),
    ...(hasPartitions && { refreshedArguments: refreshed ?? withoutInitrd(texts.get("proc/cmdline") ?? "") }),
  };
}

/** Before our first refresh, the line that booted is the best that is known; systemd-boot adds the initial ramdisk to it. */
function withoutInitrd(line: string): string {
  return line.replace(/(^|\s)(initrd|BOOT_IMAGE)=\S+/g, "").trim();
}

function parseVariables(sections: readonly Section[]): LoaderVariables {
  const bytes = new Map(sections.map((section) => [section.argument.replace(/-.*$/s, ""), readBytes(section)]));
  const info = readText(bytes.get("LoaderInfo"));
  const stub = readText(bytes.get("StubInfo"));
  const features = bytes.get("LoaderFeatures");
  const defaultEntry = readText(bytes.get("LoaderEntryDefault"));
  const oneShotEntry = readText(bytes.get("LoaderEntryOneShot"));
  return {
    ...(info !== undefined && { info }),
    ...(stub !== undefined && { stub }),
    ...(features !== undefined && { features: (features[0] ?? 0) + 256 * (features[1] ?? 0) }),
    ...(defaultEntry !== undefined && { defaultEntry }),
    ...(oneShotEntry !== undefined && { oneShotEntry }),
  };
}

/** The value of a variable: efivarfs puts four bytes of attributes before it. */
function readBytes(section: Section): number[] {
  return section.body
    .split(/\s+/)
    .filter((word) => word !== "")
    .map(Number)
    .slice(4);
}

/** Texts of the firmware have two bytes a sign and end in a zero. */
function readText(bytes: readonly number[] | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const text = Buffer.from(bytes).toString("utf16le").replace(/\0.*$/s, "");
  return text === "" ? undefined : text;
}

function parseImage(section: Section): UnifiedImage {
  const [signature = "-", ...rows] = lines(section.body);
  return {
    path: `/${section.argument}`,
    // A file whose headers cannot be read is nothing that we could build anew.
    isSigned: signature !== "0",
    commandLine: rows.join(" ").trim(),
  };
}

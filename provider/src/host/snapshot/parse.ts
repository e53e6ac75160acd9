import { createHash } from "node:crypto";
import type {
  CpuFacts,
  DomainFacts,
  FirmwareFacts,
  FirmwareTable,
  HostFacts,
  HostIdentity,
  InputDevice,
  KernelFacts,
  LibvirtFacts,
} from "../../model/host-facts";
import { readDomainName } from "../../model/libvirt/domain-xml";
import { parseActivity } from "./parse-activity";
import { parseBoot } from "./parse-boot";
import { parseHugePageFacts, parseSecurity } from "./parse-guest-needs";
import { parseNetwork } from "./parse-network";
import { parseVirtualization } from "./parse-packages";
import { functionsOnPath, parseIommuGroups, parsePciFunctions } from "./parse-pci";
import { parsePersistence } from "./parse-persistence";
import { parseStorage } from "./parse-storage";
import { parseSurvey } from "./parse-survey";
import {
  baseName,
  parseGrepLines,
  NotRootError,
  parseLinks,
  Sections,
  SnapshotFormatError,
  splitSections,
} from "./sections";

type Texts = ReadonlyMap<string, string>;
type Links = ReadonlyMap<string, string | undefined>;

/** Reads the output of the snapshot script; throws SnapshotFormatError for anything else. */
export function parseSnapshot(output: string, nonce: string): HostFacts {
  const sections = new Sections(splitSections(output, nonce));
  const [user] = sections.lines("user");
  if (user !== "0") throw new NotRootError(`the session runs as user id ${user ?? "unknown"}, not as root`);
  const texts = parseGrepLines(sections.lines("files"));
  const links = parseLinks(sections.lines("links"));
  const survey = parseSurvey(sections);
  const virtualization = parseVirtualization(sections);
  const units = [...links.keys()].flatMap((path) => /^sys\/class\/iommu\/([^/]+)$/.exec(path)?.[1] ?? []);
  return {
    identity: parseIdentity(texts),
    cpu: parseCpu(sections.lines("cpu")),
    firmware: parseFirmware(sections),
    kernel: parseKernel(sections, texts),
    iommu: { units: units.sort(), groups: parseIommuGroups(texts, links) },
    boot: parseBoot(sections),
    pci: parsePciFunctions(parseGrepLines(sections.lines("attributes")), links),
    storage: { uses: parseStorage(texts, links) },
    network: parseNetwork({
      texts,
      links,
      addresses: sections.lines("addresses"),
      routes: sections.lines("routes"),
      session: sections.lines("session").join(" "),
    }),
    inputDevices: parseInputDevices(texts, links),
    libvirt: parseLibvirt(sections),
    hugePages: parseHugePageFacts(sections, texts),
    security: parseSecurity(texts),
    activity: parseActivity(sections.lines("activity")),
    records: Object.fromEntries(sections.all("record").map((section) => [section.argument, section.body])),
    persistence: parsePersistence(sections),
    ...(survey !== undefined && { survey }),
    ...(virtualization !== undefined && { virtualization }),
  };
}

function parseIdentity(texts: Texts): HostIdentity {
  const bootId = texts.get("proc/sys/kernel/random/boot_id");
  if (bootId === undefined)
    throw new SnapshotFormatError("the host has no /proc/sys/kernel/random/boot_id; is it Linux?");
  const release = new Map<string, string>();
  for (const row of (texts.get("etc/os-release") ?? "").split("\n")) {
    const [, name, value] = /^([A-Z_]+)=(.*)$/.exec(row) ?? [];
    if (name !== undefined) release.set(name, (value ?? "").replace(/^(["'])(.*)\1$/, "$2"));
  }
  const words = `${release.get("ID") ?? "linux"} ${release.get("ID_LIKE") ?? ""}`.split(/\s+/);
  return {
    machineId: texts.get("etc/machine-id") ?? "",
    hostname: texts.get("proc/sys/kernel/hostname") ?? "",
    bootId,
    distribution: words.filter((word) => word !== ""),
    distributionName: release.get("PRETTY_NAME") ?? release.get("ID") ?? "Linux",
  };
}

function parseCpu(rows: readonly string[]): CpuFacts {
  const values = new Map(rows.map((row) => [row.split(":")[0]?.trim() ?? "", row.slice(row.indexOf(":") + 1).trim()]));
  const flags = (values.get("flags") ?? "").split(" ");
  const virtualization = (["vmx", "svm"] as const).find((flag) => flags.includes(flag));
  return { vendor: values.get("vendor_id") ?? "", ...(virtualization !== undefined && { virtualization }) };
}

function parseFirmware(sections: Sections): FirmwareFacts {
  const present = sections.lines("present");
  const tables = (["DMAR", "IVRS", "IORT"] as const satisfies readonly FirmwareTable[]).filter((table) =>
    present.includes(`sys/firmware/acpi/tables/${table}`),
  );
  const secureBoot = sections.lines("secure-boot")[0]?.trim();
  return {
    tables,
    isEfi: present.includes("sys/firmware/efi"),
    ...(secureBoot !== undefined && secureBoot !== "" && { secureBoot: secureBoot === "1" }),
  };
}

function parseKernel(sections: Sections, texts: Texts): KernelFacts {
  const config: Record<string, string> = {};
  for (const row of sections.lines("config")) {
    const [, set, value] = /^(CONFIG_\w+)=(.*)$/.exec(row) ?? [];
    const [, unset] = /^# (CONFIG_\w+) is not set$/.exec(row) ?? [];
    if (set !== undefined) config[set] = value ?? "";
    else if (unset !== undefined) config[unset] = "n";
  }
  const lockdown = /\[(none|integrity|confidentiality)\]/.exec(texts.get("sys/kernel/security/lockdown") ?? "")?.[1];
  return {
    release: sections.lines("release")[0] ?? "",
    installedModules: sections.lines("modules").map(baseName),
    commandLine: texts.get("proc/cmdline") ?? "",
    config,
    ...(lockdown !== undefined && { lockdown: lockdown as "none" | "integrity" | "confidentiality" }),
  };
}

function parseInputDevices(texts: Texts, links: Links): InputDevice[] {
  return [...links].flatMap(([path, target]) => {
    if (!/^sys\/class\/input\/input\d+$/.test(path)) return [];
    const functions = functionsOnPath(target ?? "");
    return functions.length === 0 ? [] : [{ name: texts.get(`${path}/name`) ?? path, functions }];
  });
}

function parseLibvirt(sections: Sections): LibvirtFacts {
  const version = sections.lines("libvirt-version")[0];
  const connectError = sections.lines("libvirt-error").join(" ");
  const live = new Map(sections.all("domain-live").map((section) => [section.argument, section.body]));
  const states = new Map(sections.lines("domain-states").map((row) => [row.slice(0, 36), row.slice(37)]));
  const domains = sections.all("domain").flatMap((section): DomainFacts[] => {
    // A domain that was undefined while we read has no XML.
    if (section.body.trim() === "") return [];
    const liveXml = live.get(section.argument);
    const state = liveXml === undefined ? "shut off" : (states.get(section.argument) ?? "running");
    // The newline before the next marker belongs to what virsh printed.
    const sha256 = createHash("sha256").update(`${section.body}\n`, "utf8").digest("hex");
    const common = { uuid: section.argument, name: readDomainName(section.body), state, xml: section.body, sha256 };
    return [liveXml === undefined ? common : { ...common, liveXml }];
  });
  return {
    domains: domains.sort((a, b) => (a.name < b.name ? -1 : 1)),
    ...(version !== undefined && { version }),
    ...(connectError !== "" && { connectError }),
  };
}

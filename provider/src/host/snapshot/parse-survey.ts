import type { MemoryFacts, PciNames, SurveyFacts, UnitFacts } from "../../model/survey/survey-facts";
import { parseHugePages } from "./parse-guest-needs";
import { lines, parseGrepLines, type Sections } from "./sections";

/** What a survey was asked for; undefined where it was not. */
export function parseSurvey(sections: Sections): SurveyFacts | undefined {
  const [section] = sections.all("survey");
  if (section === undefined) return undefined;
  const texts = parseGrepLines(lines(section.body));
  const unsafe = texts.get("sys/module/vfio_iommu_type1/parameters/allow_unsafe_interrupts");
  return {
    hasKvm: sections.lines("present").includes("dev/kvm"),
    interruptChips: sections.lines("interrupt-chips"),
    moduleOptions: sections.lines("module-options").flatMap((row) => row.trim().split(/\s+/).slice(2)),
    memory: parseMemory(texts),
    emulators: sections.lines("emulators").map((path) => `/${path}`),
    units: parseUnits(sections.lines("units")),
    names: parseNames(sections),
    ...(unsafe !== undefined && { allowsUnsafeInterrupts: unsafe === "Y" }),
  };
}

function parseMemory(texts: ReadonlyMap<string, string>): MemoryFacts {
  const total = /^MemTotal:\s+(\d+) kB$/.exec(texts.get("proc/meminfo") ?? "")?.[1];
  return { totalKib: Number(total ?? "0"), hugePages: parseHugePages(texts) };
}

/** `systemctl show` prints one assignment a line, and an empty line between units. */
function parseUnits(rows: readonly string[]): UnitFacts[] {
  const blocks = rows.join("\n").split(/\n\n+/);
  return blocks.flatMap((block): UnitFacts[] => {
    const values = new Map(block.split("\n").map((row) => [row.split("=")[0], row.slice(row.indexOf("=") + 1)]));
    const name = values.get("Id") ?? "";
    if (name === "" || values.get("LoadState") === "not-found") return [];
    return [{ name, fileState: values.get("UnitFileState") ?? "", activeState: values.get("ActiveState") ?? "" }];
  });
}

/** `v VENDOR  NAME` and `d VENDOR<tab>DEVICE  NAME`. */
function parseNames(sections: Sections): PciNames {
  const [section] = sections.all("pci-names");
  const vendors: Record<string, string> = {};
  const devices: Record<string, string> = {};
  for (const row of lines(section?.body ?? "")) {
    const [, vendor, vendorName] = /^v ([0-9a-f]{4})\s+(.+)$/.exec(row) ?? [];
    if (vendor !== undefined && vendorName !== undefined) vendors[vendor] = vendorName.trim();
    const [, owner, device, deviceName] = /^d ([0-9a-f]{4})\t([0-9a-f]{4})\s+(.+)$/.exec(row) ?? [];
    if (owner !== undefined && device !== undefined && deviceName !== undefined)
      devices[`${owner}:${device}`] = deviceName.trim();
  }
  return { source: section === undefined ? "" : `/${section.argument}`, vendors, devices };
}

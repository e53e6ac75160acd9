import { PciAddress } from "../../model/pci/address";
import type { IommuGroup, PciFunction, SriovFacts } from "../../model/host-facts";
import { baseName } from "./sections";

type Texts = ReadonlyMap<string, string>;
type Links = ReadonlyMap<string, string | undefined>;

const DEVICES = "sys/bus/pci/devices";

/** Addresses of the PCI functions that a path of the device tree goes through, from the root down. */
export function functionsOnPath(path: string): PciAddress[] {
  return path.split("/").flatMap((part) => {
    const parsed = PciAddress.safeParse(part);
    return parsed.success && part.length === 12 ? [parsed.data] : [];
  });
}

/** PCI functions, sorted by address. */
export function parsePciFunctions(attributes: Texts, links: Links): PciFunction[] {
  const functions: PciFunction[] = [];
  for (const [path, target] of links) {
    const name = path.startsWith(`${DEVICES}/`) ? path.slice(DEVICES.length + 1) : "";
    const parsed = PciAddress.safeParse(name);
    if (parsed.success && name.length === 12)
      functions.push(parseFunction(parsed.data, target ?? "", attributes, links));
  }
  return functions.sort((a, b) => (a.address < b.address ? -1 : 1));
}

function parseFunction(address: PciAddress, path: string, attributes: Texts, links: Links): PciFunction {
  function read(name: string): string | undefined {
    return attributes.get(`./${address}/${name}`);
  }
  function link(name: string): string | undefined {
    return links.get(`${DEVICES}/${address}/${name}`);
  }
  const subsystem = pair(read("subsystem_vendor"), read("subsystem_device"));
  const driver = link("driver");
  const group = link("iommu_group");
  const override = read("driver_override");
  const numaNode = Number(read("numa_node") ?? "-1");
  const resetMethods = read("reset_method");
  const sriov = parseSriov(read);
  const physical = PciAddress.safeParse(baseName(link("physfn") ?? ""));
  return {
    address,
    id: pair(read("vendor"), read("device")) ?? "0000:0000",
    class: hex(read("class")).padStart(6, "0"),
    isBootVga: read("boot_vga") === "1",
    ancestors: functionsOnPath(path).slice(0, -1).reverse(),
    ...(subsystem !== undefined && { subsystemId: subsystem }),
    ...(driver !== undefined && { driver: baseName(driver) }),
    ...(override !== undefined && override !== "(null)" && override !== "" && { driverOverride: override }),
    ...(group !== undefined && { iommuGroup: Number(baseName(group)) }),
    ...(numaNode >= 0 && { numaNode }),
    ...(resetMethods !== undefined && { resetMethods: resetMethods.split(/\s+/).filter((word) => word !== "") }),
    ...(sriov !== undefined && { sriov }),
    ...(physical.success && { physicalFunction: physical.data }),
  };
}

function parseSriov(read: (name: string) => string | undefined): SriovFacts | undefined {
  const totalVfs = read("sriov_totalvfs");
  if (totalVfs === undefined) return undefined;
  const [autoprobe, offset, stride] = ["drivers_autoprobe", "offset", "stride"].map((name) => read(`sriov_${name}`));
  return {
    totalVfs: Number(totalVfs),
    numVfs: Number(read("sriov_numvfs") ?? "0"),
    ...(autoprobe !== undefined && { driversAutoprobe: autoprobe === "1" }),
    ...(offset !== undefined && { offset: Number(offset) }),
    ...(stride !== undefined && { stride: Number(stride) }),
  };
}

function hex(text: string | undefined): string {
  return (text ?? "").replace(/^0x/, "").toLowerCase();
}

function pair(vendor: string | undefined, device: string | undefined): string | undefined {
  return vendor === undefined || device === undefined ? undefined : `${hex(vendor)}:${hex(device)}`;
}

/** IOMMU groups by number. */
export function parseIommuGroups(texts: Texts, links: Links): IommuGroup[] {
  const members = new Map<number, PciAddress[]>();
  for (const path of links.keys()) {
    const match = /^sys\/kernel\/iommu_groups\/(\d+)\/devices\/(.+)$/.exec(path);
    const address = PciAddress.safeParse(match?.[2]);
    if (match === null || !address.success) continue;
    const number = Number(match[1]);
    members.set(number, [...(members.get(number) ?? []), address.data]);
  }
  return [...members]
    .sort(([a], [b]) => a - b)
    .map(([number, addresses]) => {
      const folder = `sys/kernel/iommu_groups/${number}`;
      const type = texts.get(`${folder}/type`);
      const regions = (texts.get(`${folder}/reserved_regions`) ?? "")
        .split("\n")
        .map((row) => row.split(/\s+/)[2] ?? "");
      return {
        number,
        members: addresses.sort(),
        reservedRegions: [...new Set(regions.filter((kind) => kind !== ""))].sort(),
        ...(type !== undefined && { type }),
      };
    });
}

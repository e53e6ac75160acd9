import { parseOptionalNumber } from "./address-xml";
import { findDomain } from "./domain-xml";
import type { XmlElement } from "./xml";
import { parseXml } from "./xml";
import { attributeOf, firstChild, textOf } from "./xml-query";

/** The memory of a domain, in KiB. */
export interface DomainMemory {
  readonly totalKib: number;
  /** The most that the whole process may have or lock (`<memtune><hard_limit>`). */
  readonly hardLimitKib?: number;
  /** Sizes of the huge pages that it asks for; 0 stands for the host's usual ones. */
  readonly hugePagesKib: readonly number[];
}

/** Bytes by libvirt's names of units; names without a B are binary too. */
const UNITS: Readonly<Record<string, number>> = {
  b: 1,
  bytes: 1,
  KB: 1e3,
  k: 1024,
  KiB: 1024,
  MB: 1e6,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  GB: 1e9,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  TB: 1e12,
  T: 1024 ** 4,
  TiB: 1024 ** 4,
};

/** Reads a domain's memory settings; undefined where the total is no number. */
export function readDomainMemory(xml: string): DomainMemory | undefined {
  const domain = findDomain(parseXml(xml));
  const totalKib = readKib(firstChild(domain, "memory"));
  if (totalKib === undefined) return undefined;
  const hugePages = firstChild(firstChild(domain, "memoryBacking"), "hugepages");
  const hardLimitKib = readKib(firstChild(firstChild(domain, "memtune"), "hard_limit"));
  return {
    totalKib,
    hugePagesKib: hugePages === undefined ? [] : listSizes(hugePages),
    ...(hardLimitKib !== undefined && { hardLimitKib }),
  };
}

/** Without a page of their own they are the host's usual size. */
function listSizes(hugePages: XmlElement): number[] {
  const pages = hugePages.children.filter((child) => typeof child !== "string" && child.name === "page");
  if (pages.length === 0) return [0];
  return pages.flatMap((page) => {
    if (typeof page === "string") return [];
    const size = parseOptionalNumber(attributeOf(page, "size"));
    return size === undefined ? [] : [toKib(size, attributeOf(page, "unit"))];
  });
}

function readKib(element: XmlElement | undefined): number | undefined {
  const text = textOf(element);
  return text === undefined || !/^\d+$/.test(text) ? undefined : toKib(Number(text), attributeOf(element, "unit"));
}

function toKib(value: number, unit = "KiB"): number {
  return Math.ceil((value * (UNITS[unit] ?? 1024)) / 1024);
}

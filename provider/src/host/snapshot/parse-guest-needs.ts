import type { HugePageFacts, SecurityFacts } from "../../model/host-facts";
import type { HugePages } from "../../model/survey/survey-facts";
import type { Sections } from "./sections";

/** Size of the usual huge pages where the kernel does not say, as on x86. */
const USUAL_KIB = 2048;

/** Huge pages that the host has reserved. */
export function parseHugePageFacts(sections: Sections, texts: ReadonlyMap<string, string>): HugePageFacts {
  const usual = /^Hugepagesize:\s+(\d+) kB$/.exec(sections.lines("huge-page-size")[0] ?? "")?.[1];
  return { usualKib: usual === undefined ? USUAL_KIB : Number(usual), pools: parseHugePages(texts) };
}

/** Pools of huge pages below `/sys/kernel/mm`, smallest pages first. */
export function parseHugePages(texts: ReadonlyMap<string, string>): HugePages[] {
  const pools = [...texts].flatMap(([path, total]): HugePages[] => {
    const [folder = "", size] = /^(.*\/hugepages-(\d+)kB)\/nr_hugepages$/.exec(path)?.slice(1) ?? [];
    if (size === undefined) return [];
    const free = Number(texts.get(`${folder}/free_hugepages`) ?? "0");
    return [{ sizeKib: Number(size), total: Number(total), free }];
  });
  return pools.sort((a, b) => a.sizeKib - b.sizeKib);
}

/** Whether the kernel confines QEMU further than its user does. */
export function parseSecurity(texts: ReadonlyMap<string, string>): SecurityFacts {
  return {
    isAppArmorOn: texts.get("sys/module/apparmor/parameters/enabled") === "Y",
    isSelinuxEnforcing: texts.get("sys/fs/selinux/enforce") === "1",
  };
}

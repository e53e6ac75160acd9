import { ownFileName, parseFileMarker, renderFileMarker, renderIdConditions } from "../../model/boot/udev-rules";
import type { ChangeStep, Expectation } from "../../model/change";
import type { HostFacts, HostFile, PciFunction } from "../../model/host-facts";
import type { DeviceSelector } from "../../model/pci/selector";
import type { Problem } from "../definition";
import { expectBootFile, findBootFile, listLeftovers } from "../own-files";
import type { SriovPersistence } from "./state";

const MARKER = "# pulumi-passthrough makes the virtual functions of";

/** What has to change so that virtual functions are, or are no longer, made at boot. */
export interface RulePlan {
  /** In words, in order. */
  readonly steps: readonly string[];
  readonly expectations: readonly Expectation[];
  readonly changes: readonly ChangeStep[];
  readonly problems: readonly Problem[];
}

/** What is to be made at boot. */
export interface BootCount {
  readonly physical: PciFunction;
  readonly count: number;
  readonly driversAutoprobe: boolean | undefined;
}

/** Path of the udev rule of a physical function. */
export function sriovRulePath(address: string): string {
  return `/etc/udev/rules.d/10-passthrough-sriov-${ownFileName(address).slice("passthrough-".length)}.rules`;
}

/**
 * Only the physical function's driver can make virtual functions, so the rule waits for it: it acts when the driver has come
 * (`bind`), and, where the initial ramdisk has bound it before there was a rule, when udev is told of all devices (`add`). It
 * acts on a card without virtual functions only, so that no later event takes any away.
 */
export function renderSriovRule({ physical, count, driversAutoprobe }: BootCount): string {
  const event = `ACTION=="add|bind", SUBSYSTEM=="pci", KERNEL=="${physical.address}", DRIVER=="?*"`;
  const condition = `${event}, ${renderIdConditions(physical)}, ATTR{sriov_numvfs}=="0"`;
  return [
    renderFileMarker(MARKER, physical),
    ...(driversAutoprobe === undefined
      ? []
      : [`${condition}, ATTR{sriov_drivers_autoprobe}="${driversAutoprobe ? 1 : 0}"\n`]),
    `${condition}, ATTR{sriov_numvfs}="${count}"\n`,
  ].join("");
}

/** Plans that the virtual functions are made at every boot. */
export function planRule(facts: HostFacts, selector: DeviceSelector, wanted: BootCount): RulePlan {
  const path = sriovRulePath(wanted.physical.address);
  const text = renderSriovRule(wanted);
  const present = findBootFile(facts, path);
  if (present !== undefined && parseOwner(present) === undefined) {
    const reason = `${path} is there and was not written by this provider; move it away, or set persist to false`;
    return { steps: [], expectations: [], changes: [], problems: [{ property: "persist", reason }] };
  }
  const obsolete = findOwnRules(facts, selector).filter((file) => file.path !== path);
  const removal = planFileRemoval(facts, obsolete, [...obsolete, { path }]);
  const isRight = present?.text === text;
  return {
    steps: [...(isRight ? [] : [`write ${path}: ${describeCount(wanted.count)} at every boot`]), ...removal.steps],
    expectations: [expectBootFile(facts, path), ...removal.expectations],
    changes: [...(isRight ? [] : [{ kind: "write" as const, path, text }]), ...removal.changes],
    problems: [],
  };
}

/** Plans that nothing of ours makes virtual functions at boot any more. */
export function planRuleRemoval(facts: HostFacts, selector: DeviceSelector, address: string): RulePlan {
  const own = findOwnRules(facts, selector);
  return planFileRemoval(facts, own, [...own, { path: sriovRulePath(address) }]);
}

function planFileRemoval(
  facts: HostFacts,
  files: readonly HostFile[],
  places: readonly { readonly path: string }[],
): RulePlan {
  const leftovers = listLeftovers(facts, places);
  return {
    steps: [
      ...files.map(({ path }) => `remove ${path}`),
      ...leftovers.map((path) => `remove ${path}, left behind by an interrupted change`),
    ],
    expectations: files.map(({ path, sha256 }) => ({ kind: "file", path, sha256 })),
    changes: [
      ...files.map(({ path }): ChangeStep => ({ kind: "remove", path })),
      ...leftovers.map((path): ChangeStep => ({ kind: "clean", path })),
    ],
    problems: [],
  };
}

function parseOwner(file: HostFile): { readonly address: string; readonly id: string } | undefined {
  return parseFileMarker(MARKER, file.text ?? "");
}

/** Our rules for the device that is asked for: by its address, or by its id alone where that is all that is declared. */
export function findOwnRules(facts: HostFacts, selector: DeviceSelector): HostFile[] {
  return facts.persistence.files.filter((file) => {
    const owner = parseOwner(file);
    if (owner === undefined) return false;
    return selector.address === undefined ? owner.id === selector.id : owner.address === selector.address;
  });
}

/** Describes what makes virtual functions at boot. */
export function describeRules(facts: HostFacts, selector: DeviceSelector): SriovPersistence {
  const files = findOwnRules(facts, selector);
  const drift = files.flatMap((file) => {
    const { address, id } = parseOwner(file) ?? {};
    const now = facts.pci.find((one) => one.address === address);
    if (now?.id === id) return [];
    const found = now === undefined ? "is no longer there" : `is now ${now.id}, not ${id ?? "?"}`;
    return [`${address ?? "?"} ${found}, so no virtual functions are made there at boot`];
  });
  return { files: files.map(({ path }) => path), drift };
}

/** A number of virtual functions in words. */
export function describeCount(count: number): string {
  return count === 1 ? "1 virtual function" : `${count} virtual functions`;
}

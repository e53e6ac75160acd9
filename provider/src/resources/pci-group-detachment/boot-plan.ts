import { findInitramfsTool, listBootingImages, listImages, type ReleaseImage } from "../../model/boot/initramfs";
import type { ChangeStep, Expectation } from "../../model/change";
import type { HostFacts } from "../../model/host-facts";
import type { DeviceSelector } from "../../model/pci/selector";
import type { Problem } from "../definition";
import { expectBootFile, findBootFile, listLeftovers } from "../own-files";
import {
  findOwnFiles,
  isForeign,
  listDrift,
  listOwnPaths,
  renderBootFiles,
  rulePath,
  type Binding,
  type BootFile,
} from "./boot-files";
import { imageRecordName, isNoteOf, parseImageNotes } from "./image-notes";

/** What has to change so that functions are, or are no longer, bound at boot. */
export interface BootPlan {
  /** In words, in order. */
  readonly steps: readonly string[];
  readonly expectations: readonly Expectation[];
  /** Quick steps: files. */
  readonly files: readonly ChangeStep[];
  /** Steps that may take minutes: initial ramdisks. */
  readonly images: readonly ChangeStep[];
  readonly problems: readonly Problem[];
  readonly warnings: readonly string[];
}

/** Plans that functions are on their driver from the next boot on. `rivals` are the drivers that would take them. */
export function planBinding(
  facts: HostFacts,
  selector: DeviceSelector,
  binding: Binding & { readonly rivals: readonly string[] },
): BootPlan {
  const tool = findInitramfsTool(facts);
  const wanted = renderBootFiles(binding, tool);
  const own = findOwnFiles(facts, selector);
  const foreign = wanted.flatMap(({ path }) => findBootFile(facts, path) ?? []).filter(isForeign);
  const changed = wanted.filter(({ path, text }) => findBootFile(facts, path)?.text !== text);
  const obsolete = own.filter(({ path }) => !wanted.some((file) => file.path === path));
  const leftovers = listLeftovers(facts, [...wanted, ...own]);
  const due = tool === undefined ? [] : listDueImages(facts, binding, wanted);
  return {
    steps: [
      ...changed.map(({ path, purpose }) => `write ${path}: ${purpose}`),
      ...obsolete.map(({ path }) => `remove ${path}`),
      ...leftovers.map((path) => `remove ${path}, left behind by an interrupted change`),
      ...due.map(
        ({ path }) =>
          `look into ${path}; if it holds a driver of these functions, build it anew with the rule, check it, and put it in place`,
      ),
    ],
    expectations: [...new Set([...wanted, ...own].map(({ path }) => path))].map((path) => expectBootFile(facts, path)),
    files: [
      ...changed.map(({ path, text, isExecutable }): ChangeStep => ({ kind: "write", path, text, isExecutable })),
      ...obsolete.map(({ path }): ChangeStep => ({ kind: "remove", path })),
      ...leftovers.map((path): ChangeStep => ({ kind: "clean", path })),
    ],
    images:
      tool === undefined || due.length === 0
        ? []
        : [
            {
              kind: "initramfs",
              work: {
                tool,
                purpose: "carry",
                rule: rulePath(binding.device.address),
                driver: binding.driver,
                rivals: binding.rivals,
                devices: binding.functions.map(({ address }) => address),
                images: due.map(({ release, path }) => ({ release, path })),
                record: imageRecordName(binding.device.address),
              },
            },
          ],
    problems: foreign.map(({ path }) => ({
      property: "persist",
      reason: `${path} is there and was not written by this provider; move it away, or set persist to false`,
    })),
    warnings: [
      ...listDrift(facts, own),
      ...(tool === undefined ? [WITHOUT_TOOL] : []),
      ...warnOfBuiltIn(facts, binding),
    ],
  };
}

const WITHOUT_TOOL =
  "neither initramfs-tools nor dracut builds the initial ramdisks of this host, so the rule stands on the root file system only; " +
  "if the initial ramdisk holds a driver of these functions, put the rule and the new driver into it by hand";

/** A driver that is part of the kernel has its devices before any rule is read. */
function warnOfBuiltIn(facts: HostFacts, { functions, driver }: Binding): string[] {
  return functions.flatMap((one) => {
    if (one.driver === undefined || one.driver === driver) return [];
    if (facts.persistence.moduleDrivers.includes(one.driver)) return [];
    return [
      `the driver ${one.driver} of ${one.address} is built into the kernel, so after a reboot it has the function again until the next update`,
    ];
  });
}

/** Images of which no note says that they are as they should be; while the rule is another one, no note can say so. */
function listDueImages(facts: HostFacts, { device }: Binding, wanted: readonly BootFile[]): ReleaseImage[] {
  const notes = parseImageNotes(facts, device.address);
  const rule = findBootFile(facts, rulePath(device.address));
  const isRight = wanted.some(({ path, text }) => path === rule?.path && text === rule.text);
  return listBootingImages(facts).filter(
    (image) =>
      listLeftovers(facts, [image]).length > 0 ||
      !isRight ||
      !notes.some((note) => rule !== undefined && isNoteOf(note, image, rule)),
  );
}

/** What was asked for: by whom our files are known, and the driver that images may lose with the rule. */
export interface Asked {
  readonly device: DeviceSelector;
  readonly driver: string;
}

/** Plans that nothing is bound at boot any more; every initial ramdisk that holds a rule of ours is built without it. */
export function planUnbinding(facts: HostFacts, asked: Asked, address: string): BootPlan {
  const selector = asked.device;
  const tool = findInitramfsTool(facts);
  const own = findOwnFiles(facts, selector);
  const record = imageRecordName(address);
  const isNoted = record in facts.records;
  const rules = own.map(({ path }) => path).filter((path) => path.endsWith(".rules"));
  if (isNoted && !rules.includes(rulePath(address))) rules.push(rulePath(address));
  const images = tool === undefined ? [] : listImages(facts);
  // A file that an interrupted removal has taken away already is not among our own any more; what is beside it still is.
  const places = [...own, ...listOwnPaths(address).map((path) => ({ path })), ...images];
  const leftovers = listLeftovers(facts, places);
  const visits = tool === undefined || images.length === 0 ? [] : rules;
  return {
    steps: [
      ...own.map(({ path }) => `remove ${path}`),
      ...leftovers.map((path) => `remove ${path}, left behind by an interrupted change`),
      ...(visits.length === 0
        ? []
        : images.map(
            ({ path }) =>
              `look into ${path}; if it holds the rule, build it anew without, check it, and put it in place`,
          )),
    ],
    expectations: own.map(({ path, sha256 }) => ({ kind: "file", path, sha256 })),
    files: [
      ...own.map(({ path }): ChangeStep => ({ kind: "remove", path })),
      ...leftovers.map((path): ChangeStep => ({ kind: "clean", path })),
    ],
    images: [
      ...visits.flatMap((rule): ChangeStep[] =>
        tool === undefined
          ? []
          : [
              {
                kind: "initramfs",
                work: {
                  tool,
                  purpose: "drop",
                  rule,
                  driver: asked.driver,
                  rivals: [],
                  devices: [],
                  images: images.map(({ release, path }) => ({ release, path })),
                  record,
                },
              },
            ],
      ),
      ...(isNoted ? [{ kind: "forget" as const, name: record }] : []),
    ],
    problems: [],
    warnings: [],
  };
}

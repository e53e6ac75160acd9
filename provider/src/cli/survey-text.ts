import type { HostSurvey, SurveyedDevice, SurveyedGroup, Verdict } from "../model/survey/survey";
import { hang, layOut, pad, padStart } from "./layout";
import { widthOf, type Paint, type Terminal } from "./terminal";

type Screen = Pick<Terminal, "columns" | "paint">;

/** A host for people: what it is, its PCI functions as a tree, and what of them could go to a guest. */
export function renderSurvey(survey: HostSurvey, screen: Screen): string {
  const lines = [
    ...renderHeading(survey, screen),
    "",
    ...renderTree(survey, screen),
    "",
    ...renderOffer(survey, screen),
  ];
  return `${lines.join("\n")}\n`;
}

function renderHeading(survey: HostSurvey, { columns, paint }: Screen): string[] {
  const { host, identity, cpu, firmware, kernel, iommu, boot, libvirt } = survey;
  const isUsable = cpu.virtualization !== "none";
  const facts: (readonly [string, string])[] = [
    ["CPU", `${cpu.vendor}, ${isUsable ? cpu.virtualization : paint.bad("no virtualization")}`],
    ["Firmware", `${firmware.isEfi ? "EFI" : "BIOS"}, ${describeTables(survey)}, Secure Boot ${firmware.secureBoot}`],
    ["Kernel", `${kernel.release}, lockdown ${kernel.lockdown}`],
    ["Boot", [boot.loader, boot.initramfsTool, countOf(boot.kernels.length, "kernel")].join(", ")],
    ["IOMMU", describeIommu(survey, paint)],
    ["", iommu.because],
    ["libvirt", describeLibvirt(libvirt, paint)],
    ["Domains", survey.domains.map((domain) => `${domain.name} (${domain.state})`).join(", ")],
  ];
  const name = identity.hostname === host ? "" : `${identity.hostname}, `;
  return [
    `${paint.title(host)}  ${name}${identity.distribution}`,
    ...layOut(
      facts.filter(([, value]) => value !== "").map(([title, value]) => [`  ${paint.faint(pad(title, 8))}`, value]),
      columns,
    ),
    ...(boot.problem === "" ? [] : hang(`  ${pad("", 8)}  `, paint.caution(boot.problem), columns)),
  ];
}

function describeTables({ firmware }: HostSurvey): string {
  return firmware.tables.length === 0 ? "no IOMMU table" : firmware.tables.join(" and ");
}

function describeIommu({ iommu }: HostSurvey, paint: Paint): string {
  const state = iommu.isActive
    ? `${paint.good("in use")}, ${countOf(iommu.groupCount, "group")}`
    : paint.bad("not in use");
  // Firmware and kernel may remap interrupts on a host whose devices are not translated.
  const also = iommu.isActive ? "" : "for the host itself ";
  const remapping = `interrupt remapping ${also}${iommu.interruptRemapping}`;
  const unsafe = iommu.areUnsafeInterruptsAllowed ? `, ${paint.caution("unsafe interrupts allowed")}` : "";
  return `${state}, ${remapping}${unsafe}`;
}

function describeLibvirt(libvirt: HostSurvey["libvirt"], paint: Paint): string {
  if (libvirt.version === "") return paint.caution("not installed");
  return libvirt.error === "" ? libvirt.version : `${libvirt.version}, ${paint.bad(libvirt.error)}`;
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

interface Row {
  readonly device: SurveyedDevice;
  /** Lines of the tree before its address. */
  readonly branch: string;
}

/** Functions below their bridges, in the order of their addresses. */
function listRows(devices: readonly SurveyedDevice[]): Row[] {
  const known = new Set(devices.map(({ address }) => address));
  function below(parent: string, indent: string): Row[] {
    const children = devices.filter((device) => (known.has(device.parent) ? device.parent : "") === parent);
    return children.flatMap((device, i) => {
      const isLast = i === children.length - 1;
      const branch = parent === "" ? "" : `${indent}${isLast ? "└─" : "├─"}`;
      const deeper = parent === "" ? "" : `${indent}${isLast ? "  " : "│ "}`;
      return [{ device, branch }, ...below(device.address, deeper)];
    });
  }
  return below("", "");
}

function renderTree({ devices }: HostSurvey, { columns, paint }: Screen): string[] {
  const short = shortener(devices);
  const rows = listRows(devices).map(({ device, branch }) => ({
    device,
    cells: [
      `${paint.faint(branch)}${short(device.address)}`,
      device.group < 0 ? paint.faint("-") : String(device.group),
      paintVerdict(device.verdict, paint),
      device.driver === "" ? paint.faint("-") : device.driver,
    ],
  }));
  const titles = ["FUNCTION", "GROUP", "VERDICT", "DRIVER"];
  const widths = titles.map((title, i) =>
    Math.max(widthOf(title), ...rows.map(({ cells }) => widthOf(cells[i] ?? ""))),
  );
  function line(cells: readonly string[], text: string): string[] {
    const padded = cells.map((cell, i) => (i === 1 ? padStart(cell, widths[i] ?? 0) : pad(cell, widths[i] ?? 0)));
    return hang(`  ${padded.join("  ")}  `, text, columns);
  }
  const indent = " ".repeat((widths[0] ?? 0) + 4);
  return [
    ...line(titles.map(paint.faint), paint.faint("DEVICE")),
    ...rows.flatMap(({ device, cells }) => [
      ...renderRow(
        device,
        (text) => line(cells, text),
        (text) => hang(indent, text, columns),
      ),
      ...listRemarks(device, short).flatMap((remark) => hang(indent, remark, columns).map(paint.faint)),
    ]),
  ];
}

/** Addresses without their domain where all are in the first one, as lspci writes them; every option takes both forms. */
function shortener(devices: readonly SurveyedDevice[]): (address: string) => string {
  const isShort = devices.every(({ address }) => address.startsWith("0000:"));
  return (address) => (isShort ? address.slice("0000:".length) : address);
}

function paintVerdict({ kind }: Verdict, paint: Paint): string {
  switch (kind) {
    case "free":
    case "together":
      return paint.good(kind);
    case "given":
      return paint.note(kind);
    case "needed":
      return paint.bad(kind);
    case "bridge":
      return paint.faint(kind);
  }
}

/** A row with the function's names where there is room for them; else they stand below it. */
function renderRow(
  { className, id, vendorName, deviceName }: SurveyedDevice,
  line: (text: string) => string[],
  below: (text: string) => string[],
): string[] {
  const names = [vendorName, deviceName].filter((name) => name !== "").join(" ");
  const whole = line(`${className} ${id} ${names}`.trimEnd());
  return whole.length === 1 || names === "" ? whole : [...line(`${className} ${id}`), ...below(names)];
}

/** What is to be known of a function beside its row; the doctor says more of a single one. */
function listRemarks(device: SurveyedDevice, short: (address: string) => string): string[] {
  const { uses, verdict, virtualFunctions, physicalFunction } = device;
  const { total, enabled } = virtualFunctions;
  return [
    ...uses.map(({ what }) => what),
    ...explainVerdict(device, short),
    ...(verdict.kind === "bridge" || total === 0 ? [] : [`SR-IOV: ${enabled} of ${total} virtual functions`]),
    ...(physicalFunction === "" ? [] : [`virtual function of ${short(physicalFunction)}`]),
  ];
}

/** Where the users of a function are named, they say why it is needed; a rule has a page of its own. */
function explainVerdict({ uses, verdict, group }: SurveyedDevice, short: (address: string) => string): string[] {
  const { kind, rules, because } = verdict;
  if (kind === "needed") {
    if (rules.length === 0) return [...because];
    return uses.length > 0 ? [] : [`by the safety ${rules.length === 1 ? "rule" : "rules"} ${rules.join(", ")}`];
  }
  const others = verdict.with.length === 0 ? [] : [`together with ${verdict.with.map(short).join(", ")}`];
  // Without an IOMMU every function would say that its group is not known yet.
  return group < 0 ? others : [...others, ...because];
}

/** What a guest could have, by group, which is what the question was. */
function renderOffer(survey: HostSurvey, { columns, paint }: Screen): string[] {
  const { groups, devices } = survey;
  if (groups.length === 0) {
    return hang(
      "  ",
      paint.caution("The IOMMU is not in use, so there are no groups yet; verdicts are by the probable ones."),
      columns,
    );
  }
  const short = shortener(devices);
  const free = groups.filter(({ verdict }) => isFree(verdict));
  const given = groups.filter(({ verdict }) => verdict.kind === "given");
  function rows(chosen: readonly SurveyedGroup[]): string[][] {
    return chosen.map(({ number, endpoints }) => [
      `    group ${number}`,
      endpoints.map(short).join(" + "),
      endpoints.map((address) => nameOf(devices, address)).join(" + "),
    ]);
  }
  const needed = groups.length - free.length - given.length;
  return [
    free.length === 0 ? paint.caution("  Nothing is free for a guest.") : paint.good("  Free for a guest"),
    ...layOut(rows(free), columns),
    ...(given.length === 0 ? [] : [paint.note("  Given to a driver for guests"), ...layOut(rows(given), columns)]),
    paint.faint(`  ${countOf(needed, "further group")} ${needed === 1 ? "stays" : "stay"} with the host`),
  ];
}

function isFree(verdict: Verdict): boolean {
  return verdict.kind === "free" || verdict.kind === "together";
}

function nameOf(devices: readonly SurveyedDevice[], address: string): string {
  const device = devices.find((candidate) => candidate.address === address);
  if (device === undefined) return "";
  return device.deviceName === "" ? `${device.className} ${device.id}` : `${device.className} ${device.deviceName}`;
}

/** Several hosts in a table, those that could not be read too. */
export function renderSummary(
  surveys: readonly HostSurvey[],
  failures: readonly { readonly host?: string }[],
  { columns, paint }: Screen,
): string {
  const titles = ["HOST", "IOMMU", "GROUPS", "FREE", "GIVEN", "DOMAINS", "SYSTEM"].map(paint.faint);
  const rows = surveys.map((survey) => {
    const { host, iommu, groups, domains, identity } = survey;
    const running = domains.filter(({ state }) => state === "running").length;
    return [
      host,
      iommu.isActive ? paint.good("in use") : paint.bad("off"),
      String(iommu.groupCount),
      String(groups.filter(({ verdict }) => isFree(verdict)).length),
      String(groups.filter(({ verdict }) => verdict.kind === "given").length),
      `${running}/${domains.length}`,
      identity.distribution,
    ];
  });
  const failed = failures.map(({ host = "" }) => [host, paint.bad("not read"), "-", "-", "-", "-", ""]);
  return `${layOut([titles, ...rows, ...failed], columns).join("\n")}\n`;
}

import { make } from "./elements.mjs";
import { icon } from "./icons.mjs";
import { count } from "./words.mjs";

/** @typedef {import("../../model/survey/survey").HostSurvey} Survey */
/** @typedef {{ term: string, text: string, note?: string, mark?: "good" | "bad" | "unknown" }} Fact */

/**
 * What the host is, above its picture.
 *
 * @param {Survey} survey
 */
export function makeFacts(survey) {
  const { hostname, distribution } = survey.identity;
  const aka = hostname === survey.host || hostname === "" ? [] : [make("span", { class: "aka" }, hostname)];
  const title = make("h2", {}, survey.host);
  const head = make("div", { class: "host-name" }, title, ...aka, make("p", {}, distribution));
  const facts = [...listHardware(survey), ...listSoftware(survey)].map(makeFact);
  const line = make(
    "p",
    { class: "command-line" },
    make("span", {}, "Kernel command line"),
    make("code", {}, survey.kernel.commandLine),
  );
  return make(
    "header",
    { class: "facts" },
    make("div", { class: "facts-head" }, head, makeIommu(survey)),
    make("dl", {}, ...facts),
    line,
  );
}

/** @param {Survey} survey */
function makeIommu({ iommu }) {
  const sign = icon(iommu.isActive ? "good" : "bad", 20);
  const groups = iommu.isActive ? `, ${count(iommu.groupCount, "group")}` : "";
  const words = make("strong", {}, `IOMMU ${iommu.isActive ? "in use" : "not in use"}${groups}`);
  const because = make("span", {}, iommu.because);
  return make("div", { class: `iommu ${iommu.isActive ? "good" : "bad"}` }, sign, make("p", {}, words, because));
}

/**
 * @param {Survey} survey
 * @returns {Fact[]}
 */
function listHardware(survey) {
  const { cpu, memory, firmware, iommu } = survey;
  const hasFlag = cpu.virtualization !== "none";
  const remapping = iommu.interruptRemapping;
  const unsafe = iommu.areUnsafeInterruptsAllowed ? ["unsafe interrupts allowed"] : [];
  return [
    {
      term: "Virtualization",
      text: hasFlag ? cpu.virtualization : "no flag",
      note: cpu.hasKvm ? cpu.vendor : `${cpu.vendor}, no /dev/kvm`,
      mark: hasFlag ? "good" : "bad",
    },
    {
      term: "Firmware tables",
      text: firmware.tables.join(", ") || "none",
      note: firmware.isEfi ? "UEFI" : "BIOS",
      mark: firmware.tables.length > 0 ? "good" : "bad",
    },
    {
      term: "Interrupt remapping",
      text: remapping,
      note: [...iommu.units, ...unsafe].join(", "),
      mark: remapping === "unknown" ? "unknown" : remapping === "on" ? "good" : "bad",
    },
    { term: "Memory", text: `${Math.round(memory.totalKib / 1024 / 1024)} GiB`, note: describeHugePages(survey) },
  ];
}

/**
 * @param {Survey} survey
 * @returns {Fact[]}
 */
function listSoftware({ firmware, kernel, boot, libvirt, domains }) {
  const running = domains.filter(({ state }) => state === "running").length;
  const hasLibvirt = libvirt.version !== "" && libvirt.error === "";
  return [
    {
      term: "Secure Boot",
      text: firmware.secureBoot,
      note: kernel.lockdown === "none" ? "no lockdown" : `lockdown: ${kernel.lockdown}`,
    },
    { term: "Kernel", text: kernel.release, note: boot.kernels.length === 0 ? "" : `${boot.kernels.length} installed` },
    {
      term: "Boot loader",
      text: boot.loader,
      note: boot.problem || boot.initramfsTool,
      ...(boot.problem === "" ? {} : { mark: /** @type {const} */ ("bad") }),
    },
    {
      term: "libvirt",
      text: libvirt.version || "not installed",
      note: libvirt.error || (libvirt.version === "" ? "" : `${count(domains.length, "guest")}, ${running} running`),
      mark: hasLibvirt ? "good" : "bad",
    },
  ];
}

/** @param {Survey} survey */
function describeHugePages({ memory }) {
  const pages = memory.hugePages.filter(({ total }) => total > 0);
  const words = pages.map(({ sizeKib, total, free }) => `${total} pages of ${sizeKib / 1024} MiB, ${free} free`);
  return words.join("; ") || "no huge pages";
}

/** @param {Fact} fact */
function makeFact({ term, text, note = "", mark }) {
  const sign = mark === undefined ? [] : [icon(mark, 14)];
  const notes = note === "" ? [] : [make("span", { class: "note" }, note)];
  const value = make("dd", { class: mark ?? "" }, make("span", { class: "value" }, ...sign, text), ...notes);
  return make("div", {}, make("dt", {}, term), value);
}

import { createHash } from "node:crypto";
import type { BootChoice, Change, ChangeStep, Expectation, ImageWork } from "../../model/change";
import { DAEMONS } from "../../model/packages/daemons";
import { renderDomainLines } from "../../model/reboot/domain-record";
import { quoteWords } from "../quote";

/** The lines that call the functions of transaction.sh for a change: they stop at the first that fails. */
export function renderChange(change: Change): string {
  const calls = [
    ["pt_begin", change.label],
    // One at work may be writing what others read, and its dry run would tell of half of it.
    ...(change.steps.some((step) => NEEDS_QUIET.has(step.kind)) ? [["pt_expect_no_package_manager"]] : []),
    ...change.expectations.map(renderExpectation),
    ...change.steps.map(renderStep),
    ["pt_commit", ...touchedFiles(change)],
  ];
  return calls.map(quoteWords).join(" &&\n  ");
}

const NEEDS_QUIET: ReadonlySet<ChangeStep["kind"]> = new Set([
  "generate",
  "repair-packages",
  "install-packages",
  "remove-packages",
]);

function renderExpectation(expectation: Expectation): string[] {
  switch (expectation.kind) {
    case "boot":
      return ["pt_expect_boot", expectation.bootId];
    case "file":
      return ["pt_expect_file", relative(expectation.path), expectation.sha256 ?? "-"];
    case "device":
      return ["pt_expect_device", expectation.address, expectation.id, expectation.driver ?? "-"];
    case "virtual-functions":
      return ["pt_expect_vfs", expectation.address, String(expectation.count)];
    case "domain":
      return ["pt_expect_domain", expectation.uuid, expectation.sha256];
    case "no-domain":
      return ["pt_expect_no_domain", expectation.uuid, expectation.name];
    case "domain-active":
      return ["pt_expect_active", expectation.uuid, expectation.isActive ? "yes" : "no"];
    case "readable":
      return ["pt_expect_readable", base64(expectation.path)];
    case "packages":
      return ["pt_expect_packages", expectation.sha256];
  }
}

function renderStep(step: ChangeStep): string[] {
  switch (step.kind) {
    case "write": {
      const bytes = Buffer.from(step.text, "utf8");
      return [
        "pt_write",
        relative(step.path),
        createHash("sha256").update(bytes).digest("hex"),
        bytes.toString("base64"),
        ...(step.isExecutable === true ? ["755"] : []),
      ];
    }
    case "generate": {
      const { tool, checker, path, present, absent } = step.menu;
      return ["pt_generate", tool, checker, relative(path), base64(present.join(" ")), base64(absent.join(" "))];
    }
    case "initramfs":
      return ["pt_initramfs", ...imageWords(step.work)];
    case "repair-packages":
      return ["pt_repair_packages", String(step.timeoutSeconds)];
    case "install-packages":
      return ["pt_install_packages", String(step.timeoutSeconds), step.packages.join(","), step.brings.join(",")];
    case "remove-packages":
      return ["pt_remove_packages", String(step.timeoutSeconds), step.packages.join(",")];
    case "enable-daemons":
      return ["pt_enable_daemons", step.mode, step.preferred, DAEMONS.monolithic.join(","), DAEMONS.modular.join(",")];
    case "disable-daemons":
      return ["pt_disable_daemons", step.units.join(",")];
    case "record":
      return ["pt_record", recordName(step.name), base64(step.text)];
    case "start-domains":
      return ["pt_start_domains", base64(renderDomainLines(step.domains))];
    case "forget":
      return ["pt_forget", recordName(step.name)];
    case "clean":
      return ["pt_clean", relative(step.path)];
    case "set-variable":
      return ["pt_set_variable", step.tool, relative(step.path), step.name, base64(step.before), base64(step.after)];
    case "remove":
      return ["pt_remove", relative(step.path)];
    case "confirm-trial":
      return ["pt_confirm_trial", step.unit];
    case "boot-once":
      return ["pt_boot_once", ...choiceWords(step.choice), step.entry];
    case "clear-boot-once":
      return ["pt_clear_boot_once", ...choiceWords(step.choice)];
    case "set-arguments":
      return ["pt_set_arguments", step.tool, base64(step.present.join(" ")), base64(step.absent.join(" "))];
    case "refresh-partitions": {
      const { tool, loader, present, absent } = step;
      return ["pt_refresh_partitions", tool, loader, base64(present.join(" ")), base64(absent.join(" "))];
    }
    case "build-image": {
      const { tool, preset, name, path, present, absent } = step.build;
      const words = [base64(present.join(" ")), base64(absent.join(" "))];
      return ["pt_build_unified", tool, relative(preset), name, relative(path), ...words];
    }
    case "take":
      return ["pt_take", step.address, step.driver, step.method, String(step.timeoutSeconds)];
    case "return":
      return ["pt_return", step.address, step.driver ?? "-", String(step.timeoutSeconds)];
    case "set-virtual-functions": {
      const { address, count, driversAutoprobe, timeoutSeconds } = step;
      const autoprobe = driversAutoprobe === undefined ? "-" : driversAutoprobe ? "1" : "0";
      return ["pt_set_vfs", address, String(count), autoprobe, String(timeoutSeconds)];
    }
    case "show-node":
      return ["pt_show_node", step.address];
    case "attach":
      return ["pt_attach", step.uuid, step.name, base64(step.xml)];
    case "detach":
      return ["pt_detach", step.uuid, step.name, base64(step.xml)];
    case "attach-live":
    case "detach-live": {
      const { kind, uuid, name, address, xml, timeoutSeconds } = step;
      const call = kind === "attach-live" ? "pt_attach_live" : "pt_detach_live";
      return [call, uuid, name, address, base64(xml), String(timeoutSeconds)];
    }
    case "define":
      return ["pt_define", step.uuid, step.name, base64(step.xml)];
    case "undefine":
      return ["pt_undefine", step.uuid, step.name, step.keepsVariables ? "--keep-nvram" : "--nvram"];
    case "shut-down":
      return ["pt_end_guest", step.uuid, step.name, String(step.timeoutSeconds)];
    case "start":
      return ["pt_start_guest", step.uuid, step.name, String(step.timeoutSeconds)];
    case "ask-guest": {
      const ids = step.ids.map((id) => id.replace(":", ""));
      return ["pt_ask_guest", step.uuid, step.name, String(step.timeoutSeconds), ...ids];
    }
  }
}

function imageWords(work: ImageWork): string[] {
  return [
    ...[work.purpose, work.tool.kind, work.tool.build, work.tool.list, recordName(work.record)],
    ...[relative(work.rule), work.driver, work.rivals.join(","), work.devices.join(",")],
    ...work.images.map(({ release, path }) => `${release},${relative(path)}`),
  ];
}

function choiceWords(choice: BootChoice): string[] {
  return choice.loader === "grub"
    ? [choice.loader, choice.tool, choice.probe, relative(choice.path)]
    : [choice.loader, choice.tool, "-", "-"];
}

function touchedFiles(change: Change): string[] {
  return change.steps.flatMap((step) => {
    if (step.kind === "write" || step.kind === "remove" || step.kind === "set-variable") return [relative(step.path)];
    if (step.kind === "initramfs") return step.work.images.map((image) => relative(image.path));
    if (step.kind === "build-image") return [relative(step.build.path)];
    if (step.kind === "boot-once" || step.kind === "clear-boot-once")
      return step.choice.loader === "grub" ? [relative(step.choice.path)] : [];
    return step.kind === "generate" ? [relative(step.menu.path)] : [];
  });
}

/** The script works in the root folder of the host, so its paths have no leading slash. */
function relative(path: string): string {
  if (!/^\/[A-Za-z0-9._/@+-]+$/.test(path))
    throw new RangeError(`${JSON.stringify(path)} is not a path that is written to`);
  return path.slice(1);
}

function recordName(name: string): string {
  if (!/^[A-Za-z0-9:._-]+$/.test(name) || name.startsWith("."))
    throw new RangeError(`${JSON.stringify(name)} names no record`);
  return name;
}

function base64(text: string): string {
  return Buffer.from(text, "utf8").toString("base64");
}

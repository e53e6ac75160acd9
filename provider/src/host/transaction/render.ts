import { createHash } from "node:crypto";
import type { Change, ChangeStep, Expectation } from "../../model/change";
import { quoteWords } from "../quote";

/** The lines that call the functions of transaction.sh for a change: they stop at the first that fails. */
export function renderChange(change: Change): string {
  const calls = [
    ["pt_begin", change.label],
    ...change.expectations.map(renderExpectation),
    ...change.steps.map(renderStep),
    ["pt_commit", ...touchedFiles(change)],
  ];
  return calls.map(quoteWords).join(" &&\n  ");
}

function renderExpectation(expectation: Expectation): string[] {
  switch (expectation.kind) {
    case "boot":
      return ["pt_expect_boot", expectation.bootId];
    case "file":
      return ["pt_expect_file", relative(expectation.path), expectation.sha256 ?? "-"];
    case "device":
      return ["pt_expect_device", expectation.address, expectation.id, expectation.driver ?? "-"];
    case "domain":
      return ["pt_expect_domain", expectation.uuid, expectation.sha256];
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
      ];
    }
    case "generate": {
      const { tool, checker, path, present, absent } = step.menu;
      return ["pt_generate", tool, checker, relative(path), base64(present.join(" ")), base64(absent.join(" "))];
    }
    case "record":
      return ["pt_record", recordName(step.name), base64(step.text)];
    case "forget":
      return ["pt_forget", recordName(step.name)];
    case "clean":
      return ["pt_clean", relative(step.path)];
    case "take":
      return ["pt_take", step.address, step.driver, step.method, String(step.timeoutSeconds)];
    case "return":
      return ["pt_return", step.address, step.driver ?? "-", String(step.timeoutSeconds)];
    case "show-node":
      return ["pt_show_node", step.address];
    case "attach":
      return ["pt_attach", step.uuid, step.name, base64(step.xml)];
    case "detach":
      return ["pt_detach", step.uuid, step.name, base64(step.xml)];
  }
}

function touchedFiles(change: Change): string[] {
  return change.steps.flatMap((step) => {
    if (step.kind === "write") return [relative(step.path)];
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

import type { Json, JsonObject } from "../resources/definition";
import { hang, layOut } from "./layout";
import type { ResourcePlan } from "./planning";
import type { Terminal } from "./terminal";

type Screen = Pick<Terminal, "columns" | "paint">;

/** A resource's plan for people: what is refused or waits, what changes in detail, and the steps in their order. */
export function renderResourcePlan(resource: ResourcePlan, screen: Screen): string {
  const { columns, paint } = screen;
  const lines = [
    `${paint.title(`${resource.kind} ${resource.subject}`.trimEnd())}  ${describeOutcome(resource, screen)}`,
    ...resource.problems.flatMap(({ property, reason }) =>
      hang(`  ${paint.bad("✗")} `, property === "" ? reason : `${property}: ${reason}`, columns),
    ),
    ...(resource.waitsFor === undefined ? [] : hang(`  ${paint.caution("…")} `, resource.waitsFor, columns)),
    ...renderDetails(resource, screen),
    ...resource.steps.flatMap((step, i) => hang(`  ${paint.note(`${i + 1}.`)} `, step, columns)),
    ...resource.warnings.flatMap((warning) => hang(`  ${paint.caution("!")} `, warning, columns)),
  ];
  return `${lines.join("\n")}\n`;
}

function describeOutcome({ outcome, steps }: ResourcePlan, { paint }: Screen): string {
  switch (outcome) {
    case "refused":
      return paint.bad("refused");
    case "later":
      return paint.caution("known later");
    case "planned":
      if (steps.length === 0) return paint.good("nothing to do: the host is as declared");
      return paint.note(`${steps.length} ${steps.length === 1 ? "step" : "steps"}`);
  }
}

/** What the plan says beside its steps; a member that has no form of its own here is printed as it is. */
function renderDetails({ plan, computed }: ResourcePlan, screen: Screen): string[] {
  return [
    ...renderMembers(computed, screen),
    ...Object.entries(plan)
      .filter(([name]) => !NOT_DETAILS.includes(name))
      .sort(([a], [b]) => rank(a) - rank(b))
      .flatMap(([name, value]) => (FORMS[name] ?? renderOther)(value, screen, name)),
  ];
}

/** Members of a plan that are shown elsewhere, or that are for comparing only. */
const NOT_DETAILS = ["steps", "basis", "waitsFor"];

type Form = (value: Json, screen: Screen, name: string) => string[];

const FORMS: Readonly<Record<string, Form>> = {
  kernelCommandLine: renderCommandLine,
  kernelArguments: renderWords,
  rebootRequired: () => [],
  rebootReasons: (value, screen) => renderList("reboot needed", value, screen),
  trial: renderTrial,
  // Bridges stand beside the members.
  leftAlone: () => [],
  hostdevs: renderHostdevs,
};

function rank(name: string): number {
  const place = Object.keys(FORMS).indexOf(name);
  return place === -1 ? Number.MAX_SAFE_INTEGER : place;
}

function asRecord(value: Json | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

function asTexts(value: Json | undefined): string[] {
  return Array.isArray(value) ? value.filter((member): member is string => typeof member === "string") : [];
}

function asText(value: Json | undefined): string {
  return typeof value === "string" ? value : JSON.stringify(value ?? "");
}

/** Before and after, where they differ; a command line is one line to boot loaders, so it is broken at blanks only. */
function renderCommandLine(value: Json, { columns, paint }: Screen): string[] {
  const { before, after } = asRecord(value);
  const [old, now] = [asText(before), asText(after)];
  if (old === now) return hang(`  ${paint.faint("command line")}  `, now, columns);
  return [
    `  ${paint.faint("command line")}`,
    ...hang(`  ${paint.bad("-")} `, old, columns),
    ...hang(`  ${paint.good("+")} `, now, columns),
  ];
}

/** Word by word: what comes, what goes, and what takes whose place. */
function renderWords(value: Json, { columns, paint }: Screen): string[] {
  const words = Object.entries(asRecord(value));
  if (words.length === 0) return [];
  const rows = words.map(([word, what]) => {
    const isGone = what === "removed";
    return [`    ${isGone ? paint.bad(`- ${word}`) : paint.good(`+ ${word}`)}`, paint.faint(asText(what))];
  });
  return [`  ${paint.faint("word by word")}`, ...layOut(rows, columns)];
}

function renderTrial(value: Json, { columns, paint }: Screen): string[] {
  const { confirmTimeoutSeconds, furtherWords } = asRecord(value);
  const text = `confirmed within ${asText(confirmTimeoutSeconds)} s, with the further words ${asText(furtherWords)}`;
  return hang(`  ${paint.faint("trial")}  `, text, columns);
}

function renderList(title: string, value: Json, { columns, paint }: Screen): string[] {
  return asTexts(value).flatMap((text) => hang(`  ${paint.faint(title)}  `, text, columns));
}

function renderMembers({ group, members, bridges }: JsonObject, { columns, paint }: Screen): string[] {
  const rows = (Array.isArray(members) ? members : []).map((member: Json) => {
    const { address, class: what, id, previousDriver } = asRecord(member);
    const driver = asText(previousDriver);
    return [`    ${asText(address)}`, asText(id), driver === "" ? paint.faint("no driver") : driver, asText(what)];
  });
  if (rows.length === 0) return [];
  const shown = asTexts(bridges);
  const beside =
    shown.length === 0 ? "" : `, beside ${shown.length === 1 ? "the bridge" : "the bridges"} ${shown.join(", ")}`;
  const title = typeof group === "number" && group >= 0 ? `group ${group}${beside}` : "functions";
  return [`  ${paint.faint(title)}`, ...layOut(rows, columns)];
}

/** The guest's elements that come and go, laid out as in its XML. */
function renderHostdevs(value: Json, { paint }: Screen): string[] {
  const { before, after } = asRecord(value);
  const [old, now] = [asTexts(before), asTexts(after)];
  const kept = now.filter((xml) => old.includes(xml)).length;
  const changes = [
    ...old.filter((xml) => !now.includes(xml)).flatMap((xml) => layOutXml(xml).map((line) => paint.bad(`  - ${line}`))),
    ...now
      .filter((xml) => !old.includes(xml))
      .flatMap((xml) => layOutXml(xml).map((line) => paint.good(`  + ${line}`))),
  ];
  const rest =
    kept === 0
      ? []
      : [
          `  ${paint.faint(`${kept} ${kept === 1 ? "hostdev stays" : "hostdevs stay"} as ${kept === 1 ? "it is" : "they are"}`)}`,
        ];
  return [...changes, ...rest];
}

/** An element on lines of its own: the plan has it on one. */
export function layOutXml(xml: string): string[] {
  let depth = 0;
  return xml
    .replaceAll("><", ">\n<")
    .split("\n")
    .map((tag) => {
      if (tag.startsWith("</")) depth -= 1;
      const line = `${"  ".repeat(Math.max(depth, 0))}${tag}`;
      if (!tag.startsWith("</") && !tag.endsWith("/>") && !tag.includes("</")) depth += 1;
      return line;
    });
}

function renderOther(value: Json, { columns, paint }: Screen, name: string): string[] {
  if (Array.isArray(value) && value.length === 0) return [];
  const title = name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const texts = Array.isArray(value) ? value.map((member: Json) => asText(member)) : [asText(value)];
  return texts.flatMap((text) => hang(`  ${paint.faint(title)}  `, text, columns));
}

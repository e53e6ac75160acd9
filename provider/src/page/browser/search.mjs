import { make, setAttributes } from "./elements.mjs";
import { icon } from "./icons.mjs";
import { count, KINDS, VERDICTS } from "./words.mjs";

/** @typedef {import("./state.mjs").Device} Device */
/** @typedef {import("./state.mjs").HostState} HostState */
/** @typedef {import("./words.mjs").Kind} Kind */

/**
 * The search and the filter of a host. Tells the addresses that are left to whoever asked.
 *
 * @param {HostState} state
 * @param {{ onChange: (matches: ReadonlySet<string> | undefined) => void, onEnter: (address: string) => void }} listeners
 */
export function makeSearch(state, { onChange, onEnter }) {
  const texts = new Map([...state.devices.values()].map((device) => [device, listText(device)]));
  /** @type {Set<Kind>} */
  const kinds = new Set();
  const input = make("input", {
    type: "search",
    placeholder: "Search",
    "aria-label": `Search the devices of ${state.survey.host}`,
    "aria-keyshortcuts": "/",
    autocomplete: "off",
    spellcheck: "false",
  });
  const status = make("p", { class: "status", role: "status" });
  const chips = KINDS.map((kind) => makeChip(state, kind, kinds, update));

  function listMatches() {
    const words = input.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== "");
    if (words.length === 0 && kinds.size === 0) return undefined;
    const found = [...texts].filter(
      ([device, text]) => (kinds.size === 0 || kinds.has(device.verdict.kind)) && isMatch(device, text, words),
    );
    return found.map(([{ address }]) => address);
  }

  function update() {
    const matches = listMatches();
    const all = count(state.devices.size, "function");
    status.textContent = matches === undefined ? all : `${matches.length} of ${all}`;
    onChange(matches === undefined ? undefined : new Set(matches));
  }

  input.addEventListener("input", update);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      input.value = "";
      update();
    } else if (event.key === "Enter") {
      const [first] = listMatches() ?? [];
      if (first !== undefined) onEnter(first);
    } else return;
    event.preventDefault();
  });
  const field = make("div", { class: "search" }, icon("search"), input, make("kbd", { "aria-hidden": "true" }, "/"));
  const filter = make("div", { class: "chips", role: "group", "aria-label": "Show only" }, ...chips);
  return { element: make("div", { class: "tools", role: "search" }, field, filter, status), input, update };
}

/**
 * @param {HostState} state
 * @param {Kind} kind
 * @param {Set<Kind>} kinds
 * @param {() => void} update
 */
function makeChip(state, kind, kinds, update) {
  const number = [...state.devices.values()].filter(({ verdict }) => verdict.kind === kind).length;
  const { word, meaning } = VERDICTS[kind];
  const chip = make("button", { type: "button", class: `chip ${kind}`, "aria-pressed": "false", title: meaning });
  chip.append(make("span", { class: "sign" }, icon(kind, 14)), word, make("span", { class: "number" }, String(number)));
  chip.addEventListener("click", () => {
    if (!kinds.delete(kind)) kinds.add(kind);
    setAttributes(chip, { "aria-pressed": String(kinds.has(kind)) });
    update();
  });
  return chip;
}

/** @param {Device} device */
function listText({ address, id, subsystemId, vendorName, deviceName, className, driver, group, verdict, uses }) {
  const words = [
    address,
    id,
    subsystemId,
    vendorName,
    deviceName,
    className,
    driver,
    `group ${group}`,
    verdict.kind,
    VERDICTS[verdict.kind].word,
  ];
  return [...words, ...uses.map(({ what }) => what)].join("\n").toLowerCase();
}

/**
 * Every word has to be there; `group 1` asks for that group, and not for 10 to 19 as well.
 *
 * @param {Device} device
 * @param {string} text
 * @param {string[]} words
 */
function isMatch(device, text, words) {
  const at = words.indexOf("group");
  const number = at < 0 ? "" : (words[at + 1] ?? "");
  if (!/^\d+$/.test(number)) return words.every((word) => text.includes(word));
  return device.group === Number(number) && words.every((word, i) => i === at || i === at + 1 || text.includes(word));
}

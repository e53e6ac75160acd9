import { make } from "./elements.mjs";
import { count, nameDevice, VERDICTS } from "./words.mjs";

/** @typedef {import("./state.mjs").Device} Device */
/** @typedef {import("./state.mjs").HostState} HostState */

/**
 * All functions as a table: folded on the screen, open on paper.
 *
 * @param {HostState} state
 */
export function makeTable(state) {
  const columns = ["Address", "Device", "Driver", "Group", "Verdict", "Used by", "More"];
  const head = make("tr", {}, ...columns.map((column) => make("th", { scope: "col" }, column)));
  const rows = [...state.devices.values()].map((device) => ({ address: device.address, row: makeRow(device) }));
  const body = make("tbody", {}, ...rows.map(({ row }) => row));
  const caption = make("caption", {}, `All functions of ${state.survey.host}`);
  const summary = make("summary", {}, "All functions as a table");
  const scroller = make("div", {
    class: "scroller",
    tabindex: 0,
    role: "region",
    "aria-label": `All functions of ${state.survey.host} as a table`,
  });
  scroller.append(make("table", {}, caption, make("thead", {}, head), body));
  const element = make("details", { class: "table" }, summary, scroller);
  return {
    element,
    /** @param {ReadonlySet<string> | undefined} matches */
    filter(matches) {
      for (const { address, row } of rows) row.hidden = matches !== undefined && !matches.has(address);
    },
  };
}

/** @param {Device} device */
function makeRow(device) {
  const { verdict, virtualFunctions } = device;
  const more = [
    device.resetMethods.length === 0 ? "" : `reset: ${device.resetMethods.join(", ")}`,
    device.numaNode < 0 ? "" : `NUMA node ${device.numaNode}`,
    virtualFunctions.total === 0
      ? ""
      : `${virtualFunctions.enabled} of ${count(virtualFunctions.total, "virtual function")}`,
    device.driverOverride === "" ? "" : `override: ${device.driverOverride}`,
  ];
  const reasons = [VERDICTS[verdict.kind].word, ...verdict.because];
  const companions = verdict.with.length === 0 ? [] : [`with ${verdict.with.join(", ")}`];
  return make(
    "tr",
    {},
    make("th", { scope: "row" }, device.address),
    make(
      "td",
      {},
      make("b", {}, nameDevice(device)),
      make("span", { class: "note" }, `${device.className}, ${device.id}`),
    ),
    make("td", {}, device.driver || "–"),
    make("td", {}, device.group < 0 ? "–" : String(device.group)),
    makeCell([...reasons, ...companions]),
    makeCell(device.uses.map(({ what }) => what)),
    makeCell(more.filter((text) => text !== "")),
  );
}

/** @param {string[]} lines */
function makeCell(lines) {
  return make("td", {}, ...lines.map((line) => make("span", { class: "line" }, line)));
}

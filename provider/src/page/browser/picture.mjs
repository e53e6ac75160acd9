import { drawColumn } from "./columns.mjs";
import { make, setAttributes } from "./elements.mjs";
import { fitBuses, fitToSheet } from "./grid.mjs";
import { markEdges, markFrames, markNodes } from "./marks.mjs";
import { count, shorten } from "./words.mjs";

/** @typedef {import("../picture").BusPicture} BusPicture */
/** @typedef {import("./state.mjs").HostState} HostState */
/** @typedef {ReturnType<typeof drawBus>} DrawnBus */

/**
 * The picture of a host: each root bus a panel, and all functions the items of one tree.
 *
 * @param {HostState} state
 */
export function drawPicture(state) {
  const buses = state.buses.map((bus) => drawBus(state, bus));
  const tree = make("div", { class: "picture", role: "tree", "aria-label": `PCI devices of ${state.survey.host}` });
  tree.append(...buses.map(({ element }) => element));
  const edges = buses.flatMap((bus) => bus.edges);
  const frames = buses.flatMap((bus) => bus.frames);
  state.onSelect(() => {
    markEdges(state, edges);
    markNodes(state, tree);
    markFrames(state, frames);
  });
  const fit = () => {
    fitBuses(tree, buses);
  };
  new ResizeObserver(fit).observe(tree);
  return { tree, buses, fit };
}

/**
 * @param {HostState} state
 * @param {BusPicture} bus
 */
function drawBus(state, bus) {
  const columns = bus.columns.map((column) => drawColumn(state, column));
  const nodes = columns.flatMap((column) => column.nodes);
  const title = drawTitle(state, bus, nodes.length);
  setPositions(bus, nodes);
  const element = make("div", { class: "bus", role: "none" }, title);
  element.append(make("div", { class: "columns", role: "none" }, ...columns.map((column) => column.element)));
  const edges = columns.flatMap((column) => column.edges);
  const frames = columns.flatMap((column) => column.frames);
  const panel = { element, columns, widths: bus.columns.map(({ width }) => width) };
  fitToSheet(
    panel,
    bus.columns.map(({ height }) => height),
  );
  return { ...panel, nodes, edges, frames, pills: columns.flatMap((column) => column.pills) };
}

/**
 * @param {HostState} state
 * @param {BusPicture} bus
 * @param {number} size
 */
function drawTitle(state, bus, size) {
  const numa = bus.numaNode < 0 ? "" : `NUMA node ${bus.numaNode}`;
  const name = `Root bus ${shorten(bus.bus)}`;
  const rest = [count(size, "function"), numa].filter((word) => word !== "");
  const title = make("div", { class: "bus-title", role: "treeitem", tabindex: -1, "aria-level": 1 });
  title.append(make("strong", {}, name), " ", make("span", {}, rest.join(", ")));
  setAttributes(title, { "aria-posinset": state.buses.indexOf(bus) + 1, "aria-setsize": state.buses.length });
  return title;
}

/**
 * @param {BusPicture} bus
 * @param {HTMLElement[]} elements
 */
function setPositions({ columns }, elements) {
  /** @type {Map<string, HTMLElement[]>} */
  const siblings = new Map();
  const parents = columns.flatMap(({ nodes }) => nodes).map(({ parent }) => parent);
  elements.forEach((element, i) => {
    const parent = parents[i] ?? "";
    siblings.set(parent, [...(siblings.get(parent) ?? []), element]);
  });
  for (const members of siblings.values()) {
    members.forEach((element, i) => {
      setAttributes(element, { "aria-posinset": i + 1, "aria-setsize": members.length });
    });
  }
}

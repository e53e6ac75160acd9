import { make, makeSvg, setBox } from "./elements.mjs";
import { icon } from "./icons.mjs";
import { drawNode } from "./nodes.mjs";

/** @typedef {import("../picture").ColumnPicture} ColumnPicture */
/** @typedef {import("../picture").FramePicture} FramePicture */
/** @typedef {import("./state.mjs").HostState} HostState */

/**
 * A column of a bus: lines and frames below, the functions above.
 *
 * @param {HostState} state
 * @param {ColumnPicture} column
 */
export function drawColumn(state, column) {
  const { width, height } = column;
  const edges = column.edges.map(({ to, line }) => ({ element: makeSvg("path", { class: "edge", d: line }), to }));
  const frames = column.frames.map((frame) => ({ ...drawFrame(frame), members: frame.members }));
  const nodes = column.nodes.map((node) => drawNode(state, node));
  const svg = makeSvg("svg", {
    class: "lines",
    width,
    height,
    viewBox: `0 0 ${width} ${height}`,
    "aria-hidden": "true",
  });
  svg.append(...edges.map(({ element }) => element), ...frames.map(({ element }) => element), ...drawPlaces(column));
  const pills = drawPills(column);
  const labels = [...frames, ...pills].map(({ label }) => label);
  const element = make("div", { class: "column", role: "none" }, svg, ...drawStackTitles(column), ...labels, ...nodes);
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
  return { element, edges, frames, pills, nodes };
}

/** @param {FramePicture} frame */
function drawFrame({ kind, group, outline, band }) {
  const shape = makeSvg("path", { class: "frame", d: outline });
  const element = makeSvg("g", { class: `group ${kind}` }, shape);
  const sign = icon(kind, 15);
  const label = make("div", { class: `band ${kind}`, "aria-hidden": "true" }, sign, group < 0 ? "" : String(group));
  setBox(label, band);
  return { element, label };
}

/**
 * The places of functions, which stay visible when a search leaves them out.
 *
 * @param {ColumnPicture} bus
 */
function drawPlaces({ nodes }) {
  return nodes.map(({ x, y, width, height, kind }) =>
    makeSvg("rect", { class: `place ${kind}`, x, y, width, height, rx: kind === "cell" ? 0 : 6 }),
  );
}

/** @param {ColumnPicture} column */
function drawStackTitles({ stacks }) {
  return stacks.map((stack) => {
    const title = make("div", { class: "stack-title", "aria-hidden": "true" }, stack.title);
    setBox(title, { ...stack, height: 22 });
    return title;
  });
}

/** @param {ColumnPicture} column */
function drawPills({ stacks }) {
  return stacks
    .flatMap(({ pills }) => pills)
    .map((pill) => {
      const label = make("div", { class: `pill ${pill.kind}`, "aria-hidden": "true" }, icon(pill.kind, 12));
      setBox(label, pill);
      return { label, members: pill.members };
    });
}

import { setAttributes } from "./elements.mjs";

/** @typedef {import("./state.mjs").HostState} HostState */
/** @typedef {{ element: SVGElement, to: readonly string[] }} DrawnEdge */
/** @typedef {{ element: SVGElement, label: HTMLElement, members: readonly string[] }} DrawnFrame */

/**
 * The way of the selected function to the bus.
 *
 * @param {HostState} state
 * @param {DrawnEdge[]} edges
 */
export function markEdges(state, edges) {
  const path = [...state.listPath(state.selected), state.selected];
  for (const { element, to } of edges) {
    const isOnPath = to.some((address) => path.includes(address));
    element.classList.toggle("on-path", isOnPath);
    // The line of the path lies above the others, with which it shares its trunk.
    if (isOnPath) element.parentNode?.insertBefore(element, element.parentNode.querySelector("g"));
  }
}

/**
 * The selected function, what goes with it, and the bridges above it.
 *
 * @param {HostState} state
 * @param {HTMLElement} tree
 */
export function markNodes(state, tree) {
  const path = new Set(state.listPath(state.selected));
  const companions = new Set(state.listCompanions(state.selected));
  for (const element of tree.querySelectorAll("[data-address]")) {
    if (!(element instanceof HTMLElement)) continue;
    const address = element.dataset["address"] ?? "";
    element.classList.toggle("selected", address === state.selected);
    element.classList.toggle("companion", companions.has(address));
    element.classList.toggle("on-path", path.has(address));
    setAttributes(element, { "aria-selected": String(address === state.selected) });
  }
}

/**
 * The groups that the selected function and its companions are in.
 *
 * @param {HostState} state
 * @param {DrawnFrame[]} frames
 */
export function markFrames(state, frames) {
  for (const { element, label, members } of frames) {
    const isActive =
      members.includes(state.selected) || members.some((one) => state.listCompanions(state.selected).includes(one));
    element.classList.toggle("active", isActive);
    label.classList.toggle("active", isActive);
  }
}

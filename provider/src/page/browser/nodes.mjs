import { make, setBox } from "./elements.mjs";
import { nameDevice, shorten, VERDICTS } from "./words.mjs";

/** @typedef {import("../picture").NodePicture} NodePicture */
/** @typedef {import("./state.mjs").HostState} HostState */

/**
 * A function, as an item of the tree.
 *
 * @param {HostState} state
 * @param {NodePicture} node
 */
export function drawNode(state, node) {
  const device = state.devices.get(node.address);
  if (device === undefined) throw new Error(`${node.address} is in the picture and not in the survey`);
  const { kind } = device.verdict;
  const element = make("div", {
    class: `node ${node.kind} ${kind}`,
    role: "treeitem",
    tabindex: -1,
    "aria-level": node.level,
    "aria-selected": "false",
    title: listWords(device).join("\n"),
  });
  element.dataset["address"] = node.address;
  if (node.address === state.asked) element.classList.add("asked");
  element.append(...drawContent(device, node));
  setBox(element, node);
  return element;
}

/**
 * All that a row may have to cut off, for the pointer that rests on it.
 *
 * @param {import("./state.mjs").Device} device
 */
function listWords(device) {
  const { className, driver, uses, verdict } = device;
  const what = `${shorten(device.address)} ${className}`;
  const use = uses.map((one) => one.what);
  return [what, nameDevice(device), driver, ...use, VERDICTS[verdict.kind].word].filter((text) => text !== "");
}

/**
 * What is seen of a function, and between it, for those who hear it, all the rest.
 *
 * @param {import("./state.mjs").Device} device
 * @param {NodePicture} node
 */
function drawContent(device, node) {
  const name = nameDevice(device);
  const driver = device.driver || "no driver";
  const end = hear(`${device.group < 0 ? "" : `, group ${device.group}`}, ${VERDICTS[device.verdict.kind].word}`);
  if (node.kind === "cell") {
    const shown = node.address.slice(node.address.lastIndexOf(":") + 1);
    return [shown, hear(`, ${node.address}, ${device.className}, ${name}, ${driver}`), end];
  }
  const address = make("b", {}, shorten(node.address));
  if (node.kind === "port") return [address, hear(", "), make("span", {}, node.role), hear(`, ${name}`), end];
  const what = make("span", { class: "what" }, device.className);
  const line = make(
    "span",
    { class: "line" },
    address,
    hear(", "),
    what,
    hear(", "),
    make("span", { class: "driver" }, driver),
  );
  return [line, hear(", "), make("span", { class: "name" }, name), ...drawUses(device), end];
}

/** @param {import("./state.mjs").Device} device */
function drawUses({ uses }) {
  const text = uses.map(({ what }) => what).join(", ");
  return text === "" ? [] : [hear(", "), make("span", { class: "use" }, text)];
}

/** @param {string} text */
function hear(text) {
  return make("span", { class: "only-heard" }, text);
}

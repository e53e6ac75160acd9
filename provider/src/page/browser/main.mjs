import { make, makeButton } from "./elements.mjs";
import { makeHost, makeTabs } from "./hosts.mjs";
import { icon } from "./icons.mjs";
import { makeThemeSwitch } from "./theme.mjs";

/** @typedef {import("../picture").PageData} PageData */

/** @returns {PageData} */
function readData() {
  /** @type {unknown} */
  const data = JSON.parse(document.getElementById("data")?.textContent ?? "");
  return /** @type {PageData} */ (data);
}

performance.mark("draw-begin");

const data = readData();
const announcement = make("p", { class: "only-heard", role: "status" });

const tabs = makeTabs(data.hosts, data.device?.host ?? 0, (i) => {
  const picture = data.hosts[i];
  if (picture === undefined) throw new Error(`no host ${i}`);
  const asked = data.device?.host === i ? data.device.address : "";
  return makeHost(picture, asked, (text) => (announcement.textContent = text));
});

const printer = makeButton(
  "tool",
  () => {
    print();
  },
  icon("print"),
  "Print",
);
const top = make(
  "header",
  { class: "top" },
  make("h1", {}, "PCI passthrough"),
  ...(data.hosts.length > 1 ? [tabs.list] : []),
);
top.append(make("div", { class: "top-tools" }, makeThemeSwitch(), printer));
document.body.append(top, make("main", {}, ...tabs.panels), announcement);

document.addEventListener("keydown", (event) => {
  const isTyping = event.target instanceof HTMLInputElement;
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  tabs.focusSearch();
  event.preventDefault();
});

/** On paper there is nothing to open: every host is drawn, and every table is unfolded. */
addEventListener("beforeprint", () => {
  tabs.drawAll();
  for (const table of document.querySelectorAll("details")) table.open = true;
});

document.querySelector(".node.asked")?.scrollIntoView({ block: "nearest" });
performance.mark("draw-end");
performance.measure("draw", "draw-begin", "draw-end");

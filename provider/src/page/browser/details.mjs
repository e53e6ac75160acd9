import { make, makeButton } from "./elements.mjs";
import { icon } from "./icons.mjs";
import { count, nameDevice, shorten, VERDICTS, writeProgram } from "./words.mjs";

/** @typedef {import("./state.mjs").Device} Device */
/** @typedef {import("./state.mjs").HostState} HostState */

/**
 * The panel that tells all about the selected function.
 *
 * @param {HostState} state
 * @param {(address: string) => void} onGo called with the address of a function that is to be selected
 */
export function makeDetails(state, onGo) {
  const panel = make("aside", { class: "details", "aria-label": `Details, ${state.survey.host}`, tabindex: 0 });
  function fill() {
    const device = state.devices.get(state.selected);
    panel.classList.toggle("is-empty", device === undefined);
    panel.replaceChildren(...(device === undefined ? makeHelp(state, onGo) : makeSheet(state, device, onGo)));
    panel.scrollTop = 0;
  }
  state.onSelect(fill);
  fill();
  return panel;
}

/**
 * @param {HostState} state
 * @param {(address: string) => void} onGo
 */
function makeHelp({ survey }, onGo) {
  const keys = /** @type {const} */ ([
    ["/", "search"],
    ["↑ ↓", "line by line"],
    ["← →", "towards the bus, away from it"],
    ["Enter", "select"],
    ["Esc", "clear"],
  ]);
  const help = make(
    "dl",
    { class: "keys" },
    ...keys.map(([key, what]) => make("div", {}, make("dt", {}, make("kbd", {}, key)), make("dd", {}, what))),
  );
  const guests = survey.domains.map((domain) =>
    make(
      "li",
      {},
      make("b", {}, domain.name),
      make("span", { class: "note" }, ` ${domain.state}`),
      makeLinks(domain.hostdevs, onGo),
    ),
  );
  return [
    make("h3", {}, "Select a device"),
    make("p", {}, "You see here what goes with it, its way to the bus, who uses it, and how to declare it."),
    help,
    ...(guests.length === 0 ? [] : [make("h4", {}, "Guests"), make("ul", { class: "guests" }, ...guests)]),
  ];
}

/**
 * @param {readonly string[]} addresses
 * @param {(address: string) => void} onGo
 */
function makeLinks(addresses, onGo) {
  return make(
    "span",
    { class: "links" },
    ...addresses.map((address) =>
      makeButton(
        "link",
        () => {
          onGo(address);
        },
        shorten(address),
      ),
    ),
  );
}

/**
 * @param {HostState} state
 * @param {Device} device
 * @param {(address: string) => void} onGo
 */
function makeSheet(state, device, onGo) {
  const { word, meaning } = VERDICTS[device.verdict.kind];
  const badge = make("span", { class: `badge ${device.verdict.kind}` }, icon(device.verdict.kind, 14), word);
  const close = makeButton(
    "close",
    () => {
      state.select("");
    },
    icon("close"),
  );
  close.setAttribute("aria-label", "Close details");
  const asked = state.asked === device.address ? [make("span", { class: "asked-mark" }, "in question")] : [];
  const role = state.nodes.get(device.address)?.role ?? "";
  const reasons = device.verdict.because.map((reason) => make("li", {}, reason));
  return [
    make("div", { class: "sheet-head" }, badge, ...asked, close),
    make("h3", {}, make("code", {}, device.address)),
    make("p", { class: "what" }, [role, device.className].filter((text) => text !== "").join(", ")),
    make(
      "p",
      { class: "full-name" },
      nameDevice(device),
      device.vendorName === "" ? "" : make("span", { class: "note" }, device.vendorName),
    ),
    make("div", { class: `verdict ${device.verdict.kind}` }, make("p", {}, meaning), make("ul", {}, ...reasons)),
    ...makeCompanions(state, device, onGo),
    ...makeProgram(state, device),
    make("dl", { class: "sheet" }, ...listRows(state, device, onGo)),
  ];
}

/**
 * @param {HostState} state
 * @param {Device} device
 * @param {(address: string) => void} onGo
 */
function makeCompanions(state, device, onGo) {
  const companions = state.listCompanions(device.address);
  if (companions.length === 0) return [];
  const items = companions.map((address) => {
    const other = state.devices.get(address);
    const what = other === undefined ? "" : `${other.className}, ${nameDevice(other)}`;
    return make(
      "li",
      {},
      makeButton(
        "link",
        () => {
          onGo(address);
        },
        shorten(address),
      ),
      make("span", {}, what),
    );
  });
  const title = device.verdict.kind === "needed" ? "Shares its group with" : "Goes together with";
  return [make("h4", {}, title), make("ul", { class: "companions" }, ...items)];
}

/**
 * @param {HostState} state
 * @param {Device} device
 */
function makeProgram({ survey }, device) {
  if (device.verdict.kind !== "free" && device.verdict.kind !== "together") return [];
  const code = make("code", {}, writeProgram(survey, device));
  const copy = makeButton("copy", () => void copyText(code, copy), "Copy");
  const program = make("pre", { tabindex: 0 }, code);
  const parts = [make("h4", {}, "In a Pulumi program"), copy, program];
  if (!survey.iommu.isActive)
    parts.push(make("p", { class: "note" }, "It needs the IOMMU, which a HostIommuConfig switches on."));
  return [make("div", { class: "program" }, ...parts)];
}

/**
 * @param {HTMLElement} code
 * @param {HTMLElement} button
 */
async function copyText(code, button) {
  try {
    await navigator.clipboard.writeText(code.textContent);
    button.textContent = "Copied";
  } catch {
    // Browsers refuse the clipboard to some pages; then the text is selected for the person to copy.
    getSelection()?.selectAllChildren(code);
    button.textContent = "Selected";
  }
}

/**
 * @param {HostState} state
 * @param {Device} device
 * @param {(address: string) => void} onGo
 */
function listRows(state, device, onGo) {
  const { total, enabled } = device.virtualFunctions;
  const path = state.listPath(device.address);
  /** @type {[string, string | Node][]} */
  const rows = [
    ["Used by", device.uses.map(({ what, isActive }) => (isActive ? what : `${what} (not now)`)).join("\n")],
    ["Safety rules", device.verdict.rules.join(", ")],
    ["Ids", device.subsystemId === "" ? device.id : `${device.id}, subsystem ${device.subsystemId}`],
    ["Class", device.class],
    ["Driver", device.driver === "" && device.driverOverride === "" ? "none" : device.driver],
    ["Override", device.driverOverride],
    ["IOMMU group", describeGroup(state, device)],
    [
      "Firmware memory",
      state.groups.get(device.group)?.hasFirmwareMemory === true
        ? "kept for a member of the group (RMRR): the kernel assigns none of it"
        : "",
    ],
    ["Way to the bus", path.length === 0 ? "on the root bus" : makeLinks([...path].reverse(), onGo)],
    ["Reset", device.resetMethods.join(", ") || (device.isBridge ? "" : "none")],
    ["NUMA node", device.numaNode < 0 ? "" : String(device.numaNode)],
    ["SR-IOV", total === 0 ? "" : `${enabled} of ${count(total, "virtual function")}`],
    ["Physical function", device.physicalFunction === "" ? "" : makeLinks([device.physicalFunction], onGo)],
    ["Display", device.isBootVga ? "the firmware shows itself on it" : ""],
  ];
  return rows
    .filter(([, value]) => value !== "")
    .map(([term, value]) => make("div", {}, make("dt", {}, term), make("dd", {}, value)));
}

/**
 * @param {HostState} state
 * @param {Device} device
 */
function describeGroup({ groups }, device) {
  const group = groups.get(device.group);
  if (group === undefined) return "none";
  const members = [
    count(group.endpoints.length, "device"),
    ...(group.bridges.length === 0 ? [] : [count(group.bridges.length, "bridge")]),
  ];
  const isReady = group.isViable
    ? "ready: all with drivers for guests, or with none"
    : "not ready: members are with drivers of the host";
  return [`${group.number}, ${members.join(" and ")}`, group.type === "" ? "" : `type ${group.type}`, isReady]
    .filter((text) => text !== "")
    .join("\n");
}

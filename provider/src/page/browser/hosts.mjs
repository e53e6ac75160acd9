import { make, makeButton, setAttributes } from "./elements.mjs";
import { makeDetails } from "./details.mjs";
import { makeFacts } from "./facts.mjs";
import { drawPicture } from "./picture.mjs";
import { makeSearch } from "./search.mjs";
import { HostState } from "./state.mjs";
import { makeTable } from "./table.mjs";
import { wireTree } from "./tree.mjs";
import { shorten, VERDICTS } from "./words.mjs";

/** @typedef {import("./state.mjs").HostPicture} HostPicture */
/** @typedef {{ section: HTMLElement, focusSearch: () => void }} HostSection */

/**
 * Everything about one host.
 *
 * @param {HostPicture} picture
 * @param {string} asked
 * @param {(text: string) => void} announce
 * @returns {HostSection}
 */
export function makeHost(picture, asked, announce) {
  const state = new HostState(picture, asked);
  const { tree, buses, fit } = drawPicture(state);
  const table = makeTable(state);
  const keys = wireTree(state, tree);
  const go = (/** @type {string} */ address) => {
    state.select(address);
    keys.focus(address);
  };
  const search = makeSearch(state, {
    onChange: (matches) => {
      leaveOut(state, buses, matches);
      table.filter(matches);
      keys.repair();
      fit();
    },
    onEnter: go,
  });
  state.onSelect(() => {
    announce(describeSelection(state));
  });
  const board = make("div", { class: "board" }, tree, makeDetails(state, go));
  const section = make("section", { class: "host", "aria-label": state.survey.host });
  const caption = make("p", { class: "caption" }, describeFrames(state));
  section.append(makeFacts(state.survey), search.element, board, caption, table.element);
  search.update();
  if (asked !== "") state.select(asked);
  return {
    section,
    focusSearch: () => {
      search.input.focus();
    },
  };
}

/**
 * Hides what a search does not ask for; bridges on the way to what it does stay.
 *
 * @param {HostState} state
 * @param {import("./picture.mjs").DrawnBus[]} buses
 * @param {ReadonlySet<string> | undefined} matches
 */
function leaveOut(state, buses, matches) {
  const kept = new Set([...(matches ?? [])].flatMap((address) => [address, ...state.listPath(address)]));
  for (const { element, nodes, frames, pills } of buses) {
    let isEmpty = true;
    for (const node of nodes) {
      const { address } = node.dataset;
      if (address === undefined) continue;
      const isKept = matches === undefined || kept.has(address);
      node.classList.toggle("left-out", !isKept);
      node.classList.toggle("match", matches?.has(address) ?? false);
      isEmpty &&= !isKept;
    }
    for (const { label, members } of [...frames, ...pills]) {
      label.classList.toggle("ghost", matches !== undefined && !members.some((address) => kept.has(address)));
    }
    for (const frame of frames) frame.element.classList.toggle("ghost", frame.label.classList.contains("ghost"));
    element.classList.toggle("left-out", isEmpty);
    element.classList.toggle("is-searched", matches !== undefined);
  }
}

/** @param {HostState} state */
function describeFrames({ groups }) {
  if (groups.size === 0) return "Frames have no numbers: there are no IOMMU groups while the IOMMU is not in use.";
  return "A frame with a number is an IOMMU group: its members go to a guest together, or not at all.";
}

/** @param {HostState} state */
function describeSelection(state) {
  const device = state.devices.get(state.selected);
  if (device === undefined) return "Nothing selected.";
  const companions = state.listCompanions(device.address).map(shorten);
  const together = companions.length === 0 ? "" : ` In its group: ${companions.join(", ")}.`;
  return `${device.address} selected. ${VERDICTS[device.verdict.kind].meaning}${together}`;
}

/**
 * Tabs, one for each host; a host is drawn when it is first shown, or printed.
 *
 * @param {readonly HostPicture[]} pictures
 * @param {number} shown
 * @param {(index: number) => HostSection} draw
 */
export function makeTabs(pictures, shown, draw) {
  /** @type {(HostSection | undefined)[]} */
  const sections = pictures.map(() => undefined);
  const panels = pictures.map((_, i) =>
    make("div", {
      id: `host-${i}`,
      class: "panel",
      ...(pictures.length > 1 ? { role: "tabpanel", "aria-labelledby": `tab-${i}` } : {}),
    }),
  );
  const tabs = pictures.map(({ survey }, i) => {
    const tab = makeButton(
      "tab",
      () => {
        show(i);
      },
      survey.host,
    );
    setAttributes(tab, { role: "tab", id: `tab-${i}`, "aria-controls": `host-${i}` });
    return tab;
  });
  let at = shown;

  /** @param {number} i */
  function drawOnce(i) {
    if (sections[i] !== undefined) return;
    sections[i] = draw(i);
    panels[i]?.append(sections[i].section);
  }

  /** @param {number} i */
  function show(i) {
    at = i;
    drawOnce(i);
    panels.forEach((panel, other) => panel.classList.toggle("is-hidden", other !== i));
    tabs.forEach((tab, other) => {
      setAttributes(tab, { "aria-selected": String(other === i), tabindex: other === i ? 0 : -1 });
    });
  }

  const list = make("div", { class: "tabs", role: "tablist", "aria-label": "Hosts" }, ...tabs);
  list.addEventListener("keydown", (event) => {
    const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (step === 0) return;
    show((at + step + tabs.length) % tabs.length);
    tabs[at]?.focus();
    event.preventDefault();
  });
  show(shown);
  return {
    list,
    panels,
    drawAll: () => {
      pictures.forEach((_, i) => {
        drawOnce(i);
      });
    },
    focusSearch: () => sections[at]?.focusSearch(),
  };
}

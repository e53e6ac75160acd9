/** @typedef {import("../picture").PageData} PageData */
/** @typedef {import("../picture").HostPicture} HostPicture */
/** @typedef {import("../picture").NodePicture} NodePicture */
/** @typedef {import("../../model/survey/survey").SurveyedDevice} Device */
/** @typedef {import("../../model/survey/survey").SurveyedGroup} Group */

/**
 * What the parts of a host's section share: the host, indexes of it, and what is selected. Each part says what it does when
 * another function is selected.
 */
export class HostState {
  /** @type {Map<string, Device>} */
  devices = new Map();
  /** @type {Map<string, NodePicture>} */
  nodes = new Map();
  /** @type {Map<number, Group>} */
  groups = new Map();
  /** Address of the selected function; empty: none. */
  selected = "";
  /** @type {(() => void)[]} */
  #listeners = [];

  /**
   * @param {HostPicture} picture
   * @param {string} asked address of the function that the page was made for; empty: none on this host
   */
  constructor(picture, asked) {
    this.survey = picture.survey;
    this.buses = picture.buses;
    this.asked = asked;
    for (const device of picture.survey.devices) this.devices.set(device.address, device);
    for (const group of picture.survey.groups) this.groups.set(group.number, group);
    for (const node of picture.buses.flatMap(({ columns }) => columns).flatMap(({ nodes }) => nodes))
      this.nodes.set(node.address, node);
  }

  /** @param {() => void} listener */
  onSelect(listener) {
    this.#listeners.push(listener);
  }

  /** @param {string} address */
  select(address) {
    this.selected = address;
    for (const listener of this.#listeners) listener();
  }

  /**
   * Bridges and ports from the root bus down to a function.
   *
   * @param {string} address
   */
  listPath(address) {
    /** @type {string[]} */
    const path = [];
    for (let at = this.devices.get(address)?.parent ?? ""; this.devices.has(at) && !path.includes(at);) {
      path.unshift(at);
      at = this.devices.get(at)?.parent ?? "";
    }
    return path;
  }

  /**
   * What has to go to a guest together with a function.
   *
   * @param {string} address
   */
  listCompanions(address) {
    const device = this.devices.get(address);
    if (device === undefined || device.verdict.kind === "bridge") return [];
    const members = this.groups.get(device.group)?.endpoints ?? [];
    return [...new Set([...members, ...device.verdict.with])].filter(
      (other) => other !== address && this.devices.has(other),
    );
  }
}

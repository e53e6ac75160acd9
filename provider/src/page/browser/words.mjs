/** @typedef {import("../../model/survey/survey").SurveyedDevice} Device */
/** @typedef {import("../../model/survey/survey").HostSurvey} Survey */
/** @typedef {import("../../model/survey/survey").Verdict["kind"]} Kind */

/** @type {Kind[]} */
export const KINDS = ["free", "together", "given", "needed", "bridge"];

/** @type {Record<Kind, { word: string, meaning: string }>} */
export const VERDICTS = {
  free: { word: "Free", meaning: "Can go to a guest by itself." },
  together: { word: "Goes together", meaning: "Can go to a guest, together with the rest of its group." },
  given: { word: "Set aside", meaning: "With a driver for guests already." },
  needed: { word: "Host needs it", meaning: "Stays: the host needs it, or a member of its group." },
  bridge: { word: "Bridge", meaning: "Stays: bridges are never passed through." },
};

/**
 * The name of a function as far as it is known.
 *
 * @param {Device} device
 */
export function nameDevice({ deviceName, vendorName, id }) {
  if (deviceName !== "") return deviceName;
  return vendorName === "" ? id : `${vendorName} ${id}`;
}

/**
 * An address without the domain that nearly all have.
 *
 * @param {string} address
 */
export function shorten(address) {
  return address.replace(/^0000:/, "");
}

/**
 * @param {number} count
 * @param {string} noun
 */
export function count(count, noun) {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Names for resources, by the first digits of the class. */
const RESOURCE_NAMES = { "03": "gpu", "02": "nic", "0108": "nvme", "01": "storage", "0c03": "usb", "0403": "audio" };

/**
 * The lines of a Pulumi program that take a function, with the rest of its group, for guests.
 *
 * @param {Survey} survey
 * @param {Device} device
 */
export function writeProgram(survey, { address, id, class: classCode }) {
  const known = Object.entries(RESOURCE_NAMES).filter(([digits]) => classCode.startsWith(digits));
  const kind = known.sort(([a], [b]) => b.length - a.length)[0]?.[1] ?? "device";
  const name = `${kind}-${address.split(":").at(-2)}`;
  return [
    `new PciGroupDetachment(${JSON.stringify(name)}, {`,
    `  host: ${JSON.stringify(survey.host)},`,
    "  device: {",
    `    address: ${JSON.stringify(address)},`,
    `    id: ${JSON.stringify(id)},`,
    "  },",
    "});",
  ].join("\n");
}

import { createHash } from "node:crypto";

const FILES = ["/etc/default/grub", "/boot/grub/grub.cfg"];
const GPU = ["0000:01:00.0", "0000:01:00.1"];

/** What the program changes on the host: bytes by their hash, the rest in words. */
export function takePicture(host) {
  return new Map([
    ...FILES.map((file) => [file, hash(host.readFile(file))]),
    ["XML of domain win11", hash(host.domainXml("win11", { withSecrets: true }))],
    ...GPU.map((address) => [`driver of ${address}`, host.driverOf(address) ?? "none"]),
    ["IOMMU words of the running kernel", iommuWords(host.commandLine())],
  ]);
}

/** The pictures side by side, a line for each thing. */
export function renderPictures(pictures) {
  const names = [...pictures.keys()];
  const things = [...pictures.get(names[0]).keys()];
  const rows = [
    ["", ...names],
    ...things.map((thing) => [thing, ...names.map((name) => pictures.get(name).get(thing))]),
  ];
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

/** Whether two pictures show the same host. */
export function isSame(a, b) {
  return [...a].every(([thing, value]) => b.get(thing) === value);
}

function hash(text) {
  return `sha256 ${createHash("sha256").update(text).digest("hex").slice(0, 12)}`;
}

function iommuWords(commandLine) {
  return commandLine
    .split(/\s+/)
    .filter((word) => word.includes("iommu"))
    .join(" ");
}

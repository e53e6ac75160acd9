import type { Machine } from "../machine";

const MODULAR = ["virtqemud", "virtnodedevd", "virtnetworkd", "virtstoraged", "virtproxyd"];

/**
 * Services and sockets of libvirt that a machine has: one daemon for everything, or one for each driver, as Fedora has them
 * since 35 (its change LibvirtModularDaemons) and RHEL since 9.
 */
export function listLibvirtUnits({ libvirt, osRelease }: Machine): string[] {
  if (libvirt === undefined) return [];
  const id = /^ID="?([\w-]+)/m.exec(osRelease)?.[1] ?? "";
  const isOldRhel = id === "rhel" && /^VERSION_ID="?8/m.test(osRelease);
  const isModular = ["fedora", "rhel"].includes(id) && !isOldRhel;
  const daemons = [...(isModular ? MODULAR : ["libvirtd"]), "virtlogd"];
  return daemons.flatMap((name) => [`${name}.service`, `${name}.socket`]);
}

import type { DomainFacts } from "../../model/host-facts";
import { freePorts, readGuestTopology } from "../../model/libvirt/guest-topology";
import { splitPciAddress } from "../../model/pci/address";
import type { Problem } from "../definition";
import type { Difference, FormDifference } from "./difference";
import type { DomainHostdevInputs } from "./inputs";

/** Longest time for a running guest to let go of a device. */
export const UNPLUG_SECONDS = 60;

/** Whether the running form of a domain changes now, and if not, why not, where it was to. */
export type LiveChoice =
  | { readonly kind: "now" }
  | { readonly kind: "later"; readonly reason?: string }
  | { readonly kind: "refused"; readonly problem: Problem };

/** Decides on `apply`, for a domain that will go on running. */
export function chooseLive(inputs: DomainHostdevInputs, domain: DomainFacts, { live }: Difference): LiveChoice {
  const { apply = "config" } = inputs;
  if (apply === "live" && domain.liveXml === undefined) {
    return refuse(
      `${domain.name} does not run, so it has no running form to change; start it, or declare apply: "both", which gives it the devices at its next start`,
    );
  }
  if (apply === "config" || inputs.running === false || domain.liveXml === undefined) return { kind: "later" };
  if (live.missing.length + live.leaving.length === 0) return { kind: "later" };
  const obstacle = findObstacle(domain, domain.liveXml, live);
  if (obstacle === undefined) return { kind: "now" };
  if (apply === "auto") return { kind: "later", reason: obstacle };
  return refuse(
    `${domain.name} cannot get or lose the devices while it runs: ${obstacle}; declare apply: "config" or "auto", and start it again when it suits`,
  );
}

function refuse(reason: string): LiveChoice {
  return { kind: "refused", problem: { property: "apply", reason } };
}

/** What stands against a change of the running guest, as far as its XML tells. */
function findObstacle(domain: DomainFacts, liveXml: string, { missing, leaving }: FormDifference): string | undefined {
  if (domain.state === "paused") return "it is paused";
  const topology = readGuestTopology(liveXml);
  if (!topology.hasAcpi && topology.root === "conventional")
    return "it has no ACPI, by which guests learn of new devices";
  const seats = missing.flatMap(({ guestAddress }) => guestAddress ?? []);
  if (seats.some(({ address, multifunction }) => multifunction === true || !address.endsWith(".0"))) {
    return "libvirt adds a card function by function, and to a running guest nothing but a function 0";
  }
  const absent = seats.map(({ address }) => splitPciAddress(address).bus).find((bus) => !topology.buses.includes(bus));
  if (absent !== undefined) return `it has no PCI bus ${absent}, and buses cannot be added while it runs`;
  if (topology.root === "conventional") return undefined;
  const left = topology.seats.filter(({ source }) => !leaving.some((hostdev) => hostdev.source === source));
  const free = freePorts({ ...topology, seats: left }).length;
  if (missing.length <= free) return undefined;
  return `it has ${free} free PCIe root port${free === 1 ? "" : "s"} and needs ${missing.length}, and ports cannot be added while it runs`;
}

import type { HostFacts, NetworkFacts, NetworkInterface, PciFunction } from "../host-facts";
import { isNetworkClass } from "./class-names";
import { joinWords } from "./describe";
import { hasHostDriver } from "./group";
import type { Hazard } from "./safety-finding";
import { hangsOn } from "./topology";

/** What stands against taking a function from the host's networks. */
export function listNetworkHazards(facts: HostFacts, device: PciFunction): Hazard[] {
  const interfaces = facts.network.interfaces.filter((candidate) =>
    hangsOn(facts, candidate.functions, device.address),
  );
  return [
    findSessionHazard(facts.network, device, interfaces),
    findDefaultRouteHazard(facts.network, device, interfaces),
    findUseHazard(facts.network, device, interfaces),
  ].filter((hazard) => hazard !== undefined);
}

const SESSION_LOSS = "this SSH session, and with it the way to take the change back";

function findSessionHazard(
  network: NetworkFacts,
  device: PciFunction,
  interfaces: readonly NetworkInterface[],
): Hazard | undefined {
  const session = network.interfaces.find((candidate) => candidate.name === network.sessionInterface);
  if (session === undefined || session.functions.length === 0) return suspectSession(network, device, interfaces);
  if (!interfaces.includes(session)) return undefined;
  const others = interfaces.filter((candidate) => candidate !== session).map((candidate) => candidate.name);
  const through = others.length === 0 ? "" : `, together with ${joinWords(others)}`;
  const is = `carries interface ${session.name} of this SSH session${through}`;
  return { rule: "ssh-session", device, is, loses: SESSION_LOSS };
}

/** Where the session's PCI function is not known, everything that may be it counts. */
function suspectSession(
  network: NetworkFacts,
  device: PciFunction,
  interfaces: readonly NetworkInterface[],
): Hazard | undefined {
  const suspects = interfaces.filter((candidate) => mayCarrySession(network, candidate));
  const isBlind = network.interfaces.length === 0 && isNetworkClass(device.class) && hasHostDriver(device);
  if (suspects.length === 0 && !isBlind) return undefined;
  const doubt =
    network.sessionInterface === undefined
      ? "it could not be told which interface does"
      : `it could not be told on which device its interface ${network.sessionInterface} hangs`;
  const names = suspects.map((suspect) => suspect.name);
  const suspicion = isBlind ? "this is a network controller in use" : `${joinWords(names)} ${areUp(names)}`;
  return {
    rule: "ssh-session",
    device,
    is: `may carry this SSH session: ${doubt}, and ${suspicion}`,
    loses: SESSION_LOSS,
  };
}

function areUp(names: readonly string[]): string {
  return names.length === 1 ? "is up" : "are up";
}

function mayCarrySession(network: NetworkFacts, candidate: NetworkInterface): boolean {
  const isConfigured = candidate.hasDefaultRoute || candidate.addresses.length > 0;
  return candidate.isUp && (isConfigured || !network.isTraced);
}

function findDefaultRouteHazard(
  network: NetworkFacts,
  device: PciFunction,
  interfaces: readonly NetworkInterface[],
): Hazard | undefined {
  const routed = interfaces.filter((candidate) => candidate.hasDefaultRoute).map((candidate) => candidate.name);
  if (routed.length > 0) {
    const is = `carries the default route, which leads through ${joinWords(routed)}`;
    return { rule: "default-route", device, is, loses: "the host's way to other networks" };
  }
  const up = network.isTraced
    ? []
    : interfaces.filter((candidate) => candidate.isUp).map((candidate) => candidate.name);
  if (up.length === 0) return undefined;
  const is = `may carry the default route: routes could not be read, and ${joinWords(up)} ${areUp(up)}`;
  return { rule: "default-route", device, is, loses: "perhaps the host's way to other networks" };
}

function findUseHazard(
  network: NetworkFacts,
  device: PciFunction,
  interfaces: readonly NetworkInterface[],
): Hazard | undefined {
  const uses = interfaces.flatMap((candidate) => describeUses(network, candidate));
  if (uses.length === 0) return undefined;
  const names = interfaces.map((candidate) => candidate.name);
  return {
    rule: "network-in-use",
    device,
    is: `is in use by the host's network: ${joinWords(uses)}`,
    loses: `the network behind ${joinWords(names)}`,
  };
}

function describeUses(network: NetworkFacts, candidate: NetworkInterface): string[] {
  const { name, controller, addresses } = candidate;
  const port = controller === undefined ? [] : [`${name} is a port of ${controller}`];
  // The kernel gives every interface that is up a link-local address, so that alone is no use.
  const chosen = addresses.filter((address) => !address.toLowerCase().startsWith("fe80:"));
  const address = chosen.length === 0 ? [] : [`${name} has ${joinWords(chosen)}`];
  const doubt = !network.isTraced && candidate.isUp ? [`${name} is up and its addresses could not be read`] : [];
  const known = [...port, ...address];
  return known.length > 0 ? known : doubt;
}

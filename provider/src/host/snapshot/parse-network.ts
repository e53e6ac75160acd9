import type { PciAddress } from "../../model/pci/address";
import type { NetworkFacts, NetworkInterface } from "../../model/host-facts";
import { functionsOnPath } from "./parse-pci";
import { baseName } from "./sections";

type Texts = ReadonlyMap<string, string>;
type Links = ReadonlyMap<string, string | undefined>;

/** What the network part of a snapshot holds. */
export interface NetworkSections {
  readonly texts: Texts;
  readonly links: Links;
  /** `ip -o addr show`. */
  readonly addresses: readonly string[];
  /** `ip -o route show default`, both families. */
  readonly routes: readonly string[];
  /** `SSH_CONNECTION`: client address and port, server address and port. */
  readonly session: string;
}

/** Interfaces with the PCI functions below them, and the one that carries the SSH session. */
export function parseNetwork(sections: NetworkSections): NetworkFacts {
  const addresses = parseAddresses(sections.addresses);
  const routes = sections.routes.flatMap((row) => / dev (\S+)/.exec(row)?.[1] ?? []);
  const names = [...sections.links.keys()]
    .filter((path) => /^sys\/class\/net\/[^/]+$/.test(path))
    .map(baseName)
    .sort();
  const interfaces = names.map((name): NetworkInterface => {
    const controller = sections.links.get(`sys/class/net/${name}/master`);
    return {
      name,
      functions: functionsBelow(name, sections.links),
      addresses: addresses.get(name) ?? [],
      // Virtual interfaces say "unknown" though they carry traffic.
      isUp: sections.texts.get(`sys/class/net/${name}/operstate`) !== "down",
      hasDefaultRoute: routes.includes(name),
      ...(controller !== undefined && { controller: baseName(controller) }),
    };
  });
  const session = sessionInterface(sections.session, interfaces);
  return { interfaces, isTraced: addresses.size > 0, ...(session !== undefined && { sessionInterface: session }) };
}

function parseAddresses(rows: readonly string[]): Map<string, string[]> {
  const addresses = new Map<string, string[]>();
  for (const row of rows) {
    const [, name, , address] = /^\d+:\s+(\S+?)(@\S+)?\s+inet6?\s+([^\s/]+)/.exec(row) ?? [];
    if (name !== undefined && address !== undefined) addresses.set(name, [...(addresses.get(name) ?? []), address]);
  }
  return addresses;
}

function functionsBelow(name: string, links: Links, depth = 0): PciAddress[] {
  if (depth > 8) return [];
  const own = functionsOnPath(links.get(`sys/class/net/${name}`) ?? "");
  const lower = [...links.keys()].flatMap((path) => {
    const match = /^sys\/class\/net\/([^/]+)\/lower_(.+)$/.exec(path);
    return match?.[1] === name && match[2] !== undefined ? functionsBelow(match[2], links, depth + 1) : [];
  });
  return [...new Set([...own, ...lower])].sort();
}

function sessionInterface(session: string, interfaces: readonly NetworkInterface[]): string | undefined {
  const [, , server = ""] = session.trim().split(/\s+/);
  const [address = "", zone] = server.replace(/^::ffff:/i, "").split("%");
  if (zone !== undefined) return zone;
  return interfaces.find((candidate) => candidate.addresses.includes(address))?.name;
}

import { createHash } from "node:crypto";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { parseDefinition, withUuid, type DomainDefinition } from "../../model/libvirt/definition";
import { canonicalText } from "../../model/libvirt/canonical";
import { XmlError } from "../../model/libvirt/xml-grammar";
import type { Problem } from "../definition";
import { listAddresses } from "./devices";
import type { DomainHostdevInputs } from "./inputs";

/** A domain that exists, or that comes into being by the change. */
export interface DomainView {
  readonly facts: DomainFacts;
  /** The text that libvirt is given, for a domain that does not exist yet. */
  readonly definition?: string;
}

/** Finds a domain by UUID or name. */
export function findDomainFacts(facts: HostFacts, name: string): DomainFacts | undefined {
  return (
    facts.libvirt.domains.find((domain) => domain.uuid === name.toLowerCase()) ??
    facts.libvirt.domains.find((domain) => domain.name === name)
  );
}

/** Problems with libvirt and the domain, which show before the devices are known. */
export function checkDomain(
  { domain: name, connectUri }: Pick<DomainHostdevInputs, "domain" | "connectUri">,
  facts: HostFacts,
  hasDefinition: boolean,
): Problem[] {
  const { version, connectError, domains } = facts.libvirt;
  if (version === undefined) {
    return [
      {
        property: "domain",
        reason:
          "there is no virsh on the host; install libvirt and its client (Debian: libvirt-daemon-system libvirt-clients)",
      },
    ];
  }
  if (connectError !== undefined) return [describeSilence(connectUri, connectError)];
  if (hasDefinition || findDomainFacts(facts, name) !== undefined) return [];
  const known =
    domains.length === 0 ? "it has no domains at all" : `it has ${domains.map((domain) => domain.name).join(", ")}`;
  return [
    {
      property: "domain",
      reason: `${connectUri === SYSTEM_URI ? "the host" : `libvirt at ${connectUri}`} has no domain ${JSON.stringify(name)}; ${known}. Correct the name, or define the domain first`,
    },
  ];
}

/** The system's libvirt is there and can be started; another one may be a slip of the pen. */
function describeSilence(connectUri: string, connectError: string): Problem {
  if (connectUri === SYSTEM_URI) {
    return {
      property: "domain",
      reason: `libvirt does not answer: ${connectError}; start its daemon (systemctl start libvirtd, or virtqemud.socket) and look at its log`,
    };
  }
  return {
    property: "connectUri",
    reason: `libvirt does not answer at ${connectUri}: ${connectError}; correct the URI, or see that on the host, as root, virsh -c '${connectUri}' list answers`,
  };
}

/** The domain as it is, or as the definition makes it; or what is wrong. */
export function viewDomain(
  inputs: DomainHostdevInputs,
  facts: HostFacts,
): DomainView | { readonly problems: readonly Problem[] } {
  const problems = checkDomain(inputs, facts, inputs.definition !== undefined);
  if (problems.length > 0) return { problems };
  const found = findDomainFacts(facts, inputs.domain);
  if (inputs.definition === undefined) return found === undefined ? { problems } : { facts: found };
  try {
    const definition = parseDefinition(inputs.definition);
    const wrong = checkDefinition(definition, inputs, facts);
    if (wrong !== undefined) return { problems: [{ property: "definition", reason: wrong }] };
    return found === undefined ? viewDefinition(definition, facts) : { facts: found };
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    return {
      problems: [{ property: "definition", reason: `it is no domain that libvirt could define: ${error.message}` }],
    };
  }
}

function checkDefinition(
  { name, uuid, claims }: DomainDefinition,
  inputs: DomainHostdevInputs,
  facts: HostFacts,
): string | undefined {
  if (inputs.domain !== name && inputs.domain.toLowerCase() !== uuid) {
    return `it is of a domain ${JSON.stringify(name)}, and domain names ${JSON.stringify(inputs.domain)}; make them the same`;
  }
  const { domains } = facts.libvirt;
  const other = domains.find((known) => known.name === name && uuid !== undefined && known.uuid !== uuid);
  if (other !== undefined) return `the host has a domain ${name} with another UUID (${other.uuid}); correct the text`;
  const namesake = domains.find((known) => known.uuid === uuid && known.name !== name);
  if (namesake !== undefined) return `its UUID is that of the domain ${namesake.name} on the host; correct the text`;
  const doubled = claims.filter((claim) => listAddresses(inputs).includes(claim));
  if (doubled.length === 0) return undefined;
  return `it holds ${doubled.join(", ")} itself, which devices names too; take it out of the text`;
}

function viewDefinition(definition: DomainDefinition, facts: HostFacts): DomainView {
  const uuid = definition.uuid ?? deriveUuid(facts.identity.machineId, definition.name);
  const xml = withUuid(definition, uuid);
  return { facts: { uuid, name: definition.name, state: "shut off", xml, sha256: "" }, definition: xml };
}

/** The same for the same host and name, so that a preview can show it. Version 8 of RFC 9562 is for such ones. */
function deriveUuid(machineId: string, name: string): string {
  const hex = createHash("sha256").update(`${machineId}/${name}`).digest("hex");
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    "-",
  );
}

/** What tells one definition from another, whatever its layout: it stands in the host's note of a domain that we defined. */
export function fingerprint(definition: string): string {
  return createHash("sha256").update(canonicalText(definition)).digest("hex");
}

import type { Change, ChangeStep } from "../change";
import type { HostFacts } from "../host-facts";
import type { DomainName } from "./conditions";

/** Name of the host's note of domains that were shut down for a reboot and have to be started after it. */
export const DOMAIN_RECORD = "domains-to-start";

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Lines as the host's note has them: the UUID, a blank, the name. */
export function renderDomainLines(domains: readonly DomainName[]): string {
  return domains.map(({ uuid, name }) => `${uuid} ${name}`).join("\n");
}

/** Reads such lines, each domain once; what is not ours is left out. */
export function parseDomainLines(text: string): DomainName[] {
  const domains = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [uuid = ""] = line.split(" ");
    if (UUID.test(uuid)) domains.set(uuid, line.slice(uuid.length + 1));
  }
  return [...domains].map(([uuid, name]) => ({ uuid, name }));
}

/** Domains that wait to be started, the last that was shut down first. */
export function listDomainsToStart(facts: HostFacts): DomainName[] {
  return parseDomainLines(facts.records[DOMAIN_RECORD] ?? "").reverse();
}

/** The step that starts them; what it has started leaves the note. */
export function planDomainStart(facts: HostFacts): ChangeStep[] {
  const domains = listDomainsToStart(facts);
  return domains.length === 0 ? [] : [{ kind: "start-domains", domains }];
}

/** The same as a change of its own, for the time right after a reboot. */
export function domainStartChange(facts: HostFacts): Change | undefined {
  const steps = planDomainStart(facts);
  if (steps.length === 0) return undefined;
  return { label: "start-domains", expectations: [{ kind: "boot", bootId: facts.identity.bootId }], steps };
}

/** Names in a sentence. */
export function listNames(domains: readonly DomainName[]): string {
  return domains.map(({ name }) => name).join(", ");
}

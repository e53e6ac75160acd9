import { HostError } from "../../model/errors";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { addedControllers } from "../../model/libvirt/controllers";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { parseDomain } from "../../model/libvirt/domain-xml";
import type { Applied, Definition, Observed, Problem } from "../definition";
import { listAddresses } from "./devices";
import { DomainHostdevInputs } from "./inputs";
import { mayHoldPassword } from "../../model/libvirt/definition";
import { readGuestAnswer, type GuestAnswer } from "../../model/libvirt/guest-agent";
import { checkDomain, findDomainFacts, viewDomain } from "./domain-view";
import { planHostdevs } from "./plan";
import { deviceIds, SHUTDOWN_SECONDS, AGENT_SECONDS } from "./power";
import { recordNames } from "./records";
import { planHostdevRemoval } from "./removal-plan";
import {
  describeAttachment,
  describeProof,
  listUnproven,
  type DomainHostdevState,
  type OwnedController,
} from "./state";

type Inputs = DomainHostdevInputs;
type State = DomainHostdevState;

/** DomainHostdev: PCI functions of the host in a guest's configuration. */
export const domainHostdev: Definition<Inputs, State> = {
  kind: "DomainHostdev",
  schema: DomainHostdevInputs,
  computed: ["domainUuid"],
  changeTimeoutSeconds: (inputs) =>
    180 + inputs.devices.length * 240 + (mayChangePower(inputs) ? powerSeconds(inputs) : 0),
  precheck,
  plan: planHostdevs,
  basis: (inputs, facts) => {
    const domain = findDomainFacts(facts, inputs.domain);
    const configured = [domain?.uuid ?? "", domain?.sha256 ?? ""];
    return restsOnState(inputs) ? [...configured, domain?.state ?? ""] : configured;
  },
  state,
  shortfall,
  secrets: ({ definition }) => (typeof definition === "string" && mayHoldPassword(definition) ? ["definition"] : []),
  observe,
  planRemoval: planHostdevRemoval,
  identify: (inputs, facts) => {
    const view = viewDomain(inputs, facts);
    return `${"facts" in view ? view.facts.uuid : inputs.domain}/${listAddresses(inputs)[0] ?? ""}`;
  },
  replaces: (inputs, prior) => (["domain", "connectUri"] as const).filter((name) => inputs[name] !== prior[name]),
};

/** Whether the plan depends on whether the domain runs; for others its basis is what it always was. */
function restsOnState(inputs: Inputs): boolean {
  return mayChangePower(inputs) || (inputs.apply ?? "config") !== "config";
}

function mayChangePower({ running, restart }: Inputs): boolean {
  return running !== undefined || restart === "ifRequired";
}

/** A shut-down, one more should it have to be taken back, a start, and the agent. */
function powerSeconds({
  shutdownTimeoutSeconds = SHUTDOWN_SECONDS,
  agentTimeoutSeconds = AGENT_SECONDS,
}: Inputs): number {
  return 2 * shutdownTimeoutSeconds + agentTimeoutSeconds + 600;
}

function precheck(
  inputs: Readonly<Record<string, unknown>>,
  facts: HostFacts,
  waitsFor: readonly string[],
): readonly Problem[] {
  const { domain, connectUri = SYSTEM_URI, definition } = inputs;
  const hasDefinition = definition !== undefined || waitsFor.includes("definition");
  if (typeof domain !== "string" || typeof connectUri !== "string") return [];
  return checkDomain({ domain, connectUri }, facts, hasDefinition);
}

function state(applied: Applied<Inputs, State>): State {
  const { inputs, before, facts, prior } = applied;
  const domain = requireDomain(applied);
  const old = findDomainFacts(before, inputs.domain);
  const fresh = old === undefined ? [] : addedControllers(old.xml, domain.xml);
  const known = prior?.controllers ?? (old === undefined ? [] : recordedControllers(old, facts));
  const all = [...known.filter((ours) => !fresh.some((other) => other.index === ours.index)), ...fresh];
  const controllers = all.map(({ index, model }) => ({ index, model }));
  return {
    ...describeAttachment(inputs, domain, controllers),
    ...describeProof(inputs, domain, facts, sayGuestAnswer(applied)),
  };
}

function requireDomain({ inputs, facts }: Applied<Inputs, State>): DomainFacts {
  const domain = findDomainFacts(facts, inputs.domain);
  if (domain !== undefined) return domain;
  throw new HostError({
    host: facts.identity.hostname,
    what: `the domain ${inputs.domain} vanished during the change`,
    next: "define it again and run again",
  });
}

/** What the guest said in this change; without one, what it said before. */
function sayGuestAnswer(applied: Applied<Inputs, State>): string {
  const answer = guestAnswer(applied);
  if (answer === undefined) return applied.prior?.proof?.guestAgent ?? "not asked";
  const ids = deviceIds(applied.inputs, applied.facts);
  switch (answer.kind) {
    case "seen":
      return `saw ${ids.join(", ")}`;
    case "missing":
      return `did not see ${answer.ids.join(", ")}`;
    case "unproven":
      return answer.reason;
  }
}

function guestAnswer(applied: Applied<Inputs, State>): GuestAnswer | undefined {
  const text = applied.guests.get(requireDomain(applied).uuid);
  return text === undefined ? undefined : readGuestAnswer(text, deviceIds(applied.inputs, applied.facts));
}

/** A guest that lists its devices, and ours is not among them, or a host that says otherwise than libvirt. */
function shortfall(applied: Applied<Inputs, State>): string | undefined {
  if (applied.inputs.running !== true) return undefined;
  const domain = requireDomain(applied);
  const unproven = listUnproven(applied.inputs, domain, applied.facts);
  if (unproven.length > 0) {
    return `${domain.name} runs and has its devices by libvirt's word, but ${unproven.join(", ")} on the host. Next: look at virsh dumpxml ${domain.name} and at the host's kernel log`;
  }
  const answer = guestAnswer(applied);
  if (answer?.kind !== "missing") return undefined;
  return `${domain.name} runs and has its devices, but the system in it does not see ${answer.ids.join(", ")}. Next: look in the guest with lspci -nn and at its kernel log; give it longer with agentTimeoutSeconds; then run again`;
}

/** After a change whose answer was lost, the host's note tells which controllers came with it. */
function recordedControllers(domain: DomainFacts, facts: HostFacts): OwnedController[] {
  const record = facts.records[recordNames(domain.uuid).controllers];
  if (record === undefined) return [];
  const before = record.split(" ").map(Number);
  return parseDomain(domain.xml).controllers.flatMap(({ type, index, model }) =>
    type !== "pci" || index === undefined || model === undefined || before.includes(index) ? [] : [{ index, model }],
  );
}

function observe(inputs: Inputs, old: State, facts: HostFacts): Observed<State> {
  const { version, connectError, domains } = facts.libvirt;
  if (version === undefined || connectError !== undefined) {
    throw new HostError({
      host: facts.identity.hostname,
      what: `libvirt does not answer at ${inputs.connectUri} (${connectError ?? "no virsh on the host"}), so the domain ${old.domainName} cannot be seen`,
      next: "start libvirt's daemon and run again; the resource is kept",
    });
  }
  const domain = domains.find((candidate) => candidate.uuid === old.domainUuid);
  if (domain === undefined)
    return {
      kind: "gone",
      proof: `libvirt has no domain ${old.domainName} (${old.domainUuid}) at ${inputs.connectUri} any more`,
    };
  return {
    kind: "present",
    state: {
      ...describeAttachment(inputs, domain, old.controllers),
      ...describeProof(inputs, domain, facts, old.proof?.guestAgent ?? "not asked"),
    },
  };
}

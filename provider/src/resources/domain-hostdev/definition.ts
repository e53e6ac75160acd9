import { HostError } from "../../model/errors";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { addedControllers } from "../../model/libvirt/controllers";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { parseDomain } from "../../model/libvirt/domain-xml";
import type { Applied, Definition, Observed, Problem } from "../definition";
import { DomainHostdevInputs } from "./inputs";
import { checkDomain, controllerRecordName, findDomainFacts, planHostdevRemoval, planHostdevs } from "./plan";
import { describeAttachment, type DomainHostdevState, type OwnedController } from "./state";

type Inputs = DomainHostdevInputs;
type State = DomainHostdevState;

/** DomainHostdev: PCI functions of the host in a guest's configuration. */
export const domainHostdev: Definition<Inputs, State> = {
  kind: "DomainHostdev",
  schema: DomainHostdevInputs,
  computed: ["domainUuid"],
  changeTimeoutSeconds: (inputs) => 180 + inputs.devices.length * 240,
  precheck,
  plan: planHostdevs,
  basis: (inputs, facts) => {
    const domain = findDomainFacts(facts, inputs.domain);
    return [domain?.uuid ?? "", domain?.sha256 ?? ""];
  },
  state,
  observe,
  planRemoval: planHostdevRemoval,
  identify: (inputs, facts) =>
    `${findDomainFacts(facts, inputs.domain)?.uuid ?? inputs.domain}/${inputs.devices[0] ?? ""}`,
  replaces: (inputs, prior) => (["domain", "connectUri"] as const).filter((name) => inputs[name] !== prior[name]),
};

function precheck(inputs: Readonly<Record<string, unknown>>, facts: HostFacts): readonly Problem[] {
  const { domain, connectUri = SYSTEM_URI } = inputs;
  return typeof domain === "string" && typeof connectUri === "string" ? checkDomain({ domain, connectUri }, facts) : [];
}

function state({ inputs, before, facts, prior }: Applied<Inputs, State>): State {
  const domain = findDomainFacts(facts, inputs.domain);
  const old = findDomainFacts(before, inputs.domain);
  if (domain === undefined || old === undefined) {
    throw new HostError({
      host: facts.identity.hostname,
      what: `the domain ${inputs.domain} vanished during the change`,
      next: "define it again and run again",
    });
  }
  const fresh = addedControllers(old.xml, domain.xml);
  const known = prior?.controllers ?? recordedControllers(old, facts);
  const all = [...known.filter((ours) => !fresh.some((other) => other.index === ours.index)), ...fresh];
  const controllers = all.map(({ index, model }) => ({ index, model }));
  return describeAttachment(domain, inputs.devices, controllers);
}

/** After a change whose answer was lost, the host's note tells which controllers came with it. */
function recordedControllers(domain: DomainFacts, facts: HostFacts): OwnedController[] {
  const record = facts.records[controllerRecordName(domain.uuid)];
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
  return { kind: "present", state: describeAttachment(domain, inputs.devices, old.controllers) };
}

import type { Change, ChangeStep } from "../../model/change";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { redundantControllers } from "../../model/libvirt/controllers";
import { parseDefinition } from "../../model/libvirt/definition";
import { patchDomain, type PatchedDomain } from "../../model/libvirt/domain-patch";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { isOurs, type Hostdev } from "../../model/libvirt/hostdev";
import type { PlanResult, Problem } from "../definition";
import type { DomainHostdevInputs } from "./inputs";
import { detachStep, liveDetachStep } from "./plan";
import { shutdownSeconds } from "./power";
import { recordNames } from "./records";
import type { DomainHostdevState } from "./state";

/**
 * Plans how our elements leave the domain, and the controllers that libvirt added for them once nothing uses these. A domain
 * that we started is shut down before, and one that we defined goes as a whole.
 */
export function planHostdevRemoval(
  inputs: DomainHostdevInputs,
  state: DomainHostdevState,
  facts: HostFacts,
): PlanResult {
  const { domain: ours, problem } = findOwnDomain(inputs, state, facts);
  if (problem !== undefined) return { outcome: "refused", problems: [problem] };
  if (ours === undefined) return forgetDomain(state, facts);
  const removal = ourDefined(ours, facts) ? undefineDomain(inputs, ours) : removeDevices(state, ours);
  if ("refused" in removal) return { outcome: "refused", problems: [{ property: "domain", reason: removal.refused }] };
  const isActive = ours.liveXml !== undefined;
  const isLive = isActive && (inputs.apply ?? "config") !== "config";
  const records = recordNames(ours.uuid);
  const stops = isActive && (records.started in facts.records || ourDefined(ours, facts));
  const letsGo = isLive && !stops ? listLive(state, ours) : [];
  if (stops && ours.state === "paused") {
    const reason = `${ours.name} is paused and does not hear a request to shut down; resume it (virsh resume ${ours.name}), or end it yourself`;
    return { outcome: "refused", problems: [{ property: "domain", reason }] };
  }
  const change = {
    label: "DomainHostdev-delete",
    expectations: [
      { kind: "domain", uuid: ours.uuid, sha256: ours.sha256 },
      ...(stops || letsGo.length > 0 ? [{ kind: "domain-active" as const, uuid: ours.uuid, isActive: true }] : []),
    ],
    steps: [
      ...(stops
        ? [{ kind: "shut-down" as const, uuid: ours.uuid, name: ours.name, timeoutSeconds: shutdownSeconds(inputs) }]
        : []),
      ...letsGo.map((hostdev) => liveDetachStep(ours.uuid, hostdev)),
      ...removal.steps,
      ...forgetSteps(removal.forgotten, facts),
    ],
  } satisfies Change;
  return {
    outcome: "planned",
    steps: [
      ...(stops ? [`shut down ${ours.name} (within ${shutdownSeconds(inputs)} s, not by force)`] : []),
      ...letsGo.map((hostdev) => `take ${hostdev.source} from the running ${ours.name}`),
      ...removal.words,
    ],
    plan: {},
    computed: {},
    warnings:
      isActive && !stops && !isLive && removal.words.length > 0
        ? [`${ours.name} is running and keeps its devices until it stops`]
        : [],
    ...(change.steps.length > 0 && { change }),
  };
}

/** Our elements in the running form. */
function listLive(state: DomainHostdevState, { liveXml }: DomainFacts): Hostdev[] {
  const live = liveXml === undefined ? [] : parseDomain(liveXml).hostdevs;
  return live.filter((hostdev) => isOurs(hostdev) && state.attached.includes(hostdev.source));
}

/** What leaves, beside the power of the domain. */
interface Removal {
  readonly words: readonly string[];
  readonly steps: readonly ChangeStep[];
  /** Notes of the host that are no longer needed. */
  readonly forgotten: readonly string[];
}

function ourDefined(domain: DomainFacts, facts: HostFacts): boolean {
  return recordNames(domain.uuid).defined in facts.records;
}

/** A file of firmware variables that the text names is somebody's own; libvirt's own goes with the domain. */
function undefineDomain({ definition }: DomainHostdevInputs, { uuid, name }: DomainFacts): Removal {
  const keepsVariables = definition === undefined || parseDefinition(definition).namesVariables;
  return {
    words: [`undefine ${name}`],
    steps: [{ kind: "undefine", uuid, name, keepsVariables }],
    forgotten: Object.values(recordNames(uuid)),
  };
}

function removeDevices(
  state: DomainHostdevState,
  domain: DomainFacts,
): Removal | Extract<PatchedDomain, { refused: string }> {
  const { uuid, name, xml } = domain;
  const leaving = parseDomain(xml).hostdevs.filter(
    (hostdev) => isOurs(hostdev) && state.attached.includes(hostdev.source),
  );
  const patched = patchDomain(xml, { add: [], remove: leaving.map((hostdev) => hostdev.source) });
  if ("refused" in patched) return patched;
  const controllers = redundantControllers(patched.xml, state.controllers);
  const records = recordNames(uuid);
  const isLast = !parseDomain(patched.xml).hostdevs.some(isOurs);
  return {
    words: leaving.map((hostdev) => `remove hostdev ${hostdev.source} from ${name}`),
    steps: [
      ...leaving.map((hostdev) => detachStep(uuid, hostdev)),
      ...controllers.map((controller): ChangeStep => ({
        kind: "detach",
        uuid,
        name: `controller-${controller.index}`,
        xml: controller.xml,
      })),
    ],
    forgotten: [...(isLast ? [records.controllers] : []), records.started, records.restart],
  };
}

function forgetSteps(names: readonly string[], facts: HostFacts): ChangeStep[] {
  return names.filter((name) => name in facts.records).map((name) => ({ kind: "forget", name }));
}

/** A note on a domain that is gone would speak of the next one with its UUID. */
function forgetDomain(state: DomainHostdevState, facts: HostFacts): PlanResult {
  const steps = forgetSteps(Object.values(recordNames(state.domainUuid)), facts);
  return {
    outcome: "planned",
    steps: [],
    plan: {},
    computed: {},
    warnings: [`the domain ${state.domainName} is gone, and its devices with it`],
    ...(steps.length > 0 && { change: { label: "DomainHostdev-delete", expectations: [], steps } }),
  };
}

/** A libvirt that does not answer proves nothing about its domains. */
function findOwnDomain(
  { connectUri }: DomainHostdevInputs,
  state: DomainHostdevState,
  facts: HostFacts,
): { domain?: DomainFacts; problem?: Problem } {
  const { version, connectError, domains } = facts.libvirt;
  if (version === undefined || connectError !== undefined) {
    return {
      problem: {
        property: "domain",
        reason: `libvirt does not answer at ${connectUri} (${connectError ?? "no virsh on the host"}), so nothing can be said of ${state.domainName}`,
      },
    };
  }
  const domain = domains.find((candidate) => candidate.uuid === state.domainUuid);
  return domain === undefined ? {} : { domain };
}

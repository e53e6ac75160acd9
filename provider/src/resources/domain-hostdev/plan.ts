import type { Change, ChangeStep, Expectation } from "../../model/change";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { patchDomain } from "../../model/libvirt/domain-patch";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { renderHostdev, type Hostdev } from "../../model/libvirt/hostdev";
import type { HostdevSpec } from "../../model/libvirt/hostdev-spec";
import type { PciAddress } from "../../model/pci/address";
import type { Json, PlanResult } from "../definition";
import { checkDevices } from "./checks";
import { optionsOf } from "./devices";
import { compareDomain, type Difference } from "./difference";
import { fingerprint, viewDomain, type DomainView } from "./domain-view";
import type { DomainHostdevInputs } from "./inputs";
import { chooseLive, UNPLUG_SECONDS, type LiveChoice } from "./live";
import { askStep, planPower, type PowerPlan } from "./power";
import { recordNames } from "./records";
import type { DomainHostdevState } from "./state";
import { listWarnings } from "./warnings";

const LAYOUT = { newline: "\n", indent: "", unit: "  " };

/** Plans which hostdevs come, which of ours go, what becomes of a running domain, and shows the elements. */
export function planHostdevs(
  inputs: DomainHostdevInputs,
  facts: HostFacts,
  prior: Partial<DomainHostdevState> | undefined,
): PlanResult {
  const view = viewDomain(inputs, facts);
  if ("problems" in view) return { outcome: "refused", problems: view.problems };
  const domain = view.facts;
  const difference = compareDomain(inputs, domain, facts, prior);
  const live = chooseLive(inputs, domain, difference);
  const isStale = live.kind !== "now" && difference.live.missing.length + difference.live.leaving.length > 0;
  const power = planPower(inputs, domain, facts, isStale);
  const problems = [
    ...checkDevices(inputs, domain, facts, difference),
    ...(live.kind === "refused" ? [live.problem] : power.problems),
  ];
  if (problems.length > 0) return { outcome: "refused", problems };
  return planned(inputs, view, facts, { ...difference, power, choice: live });
}

interface WholeDifference extends Difference {
  readonly power: PowerPlan;
  readonly choice: LiveChoice;
}

function planned(
  inputs: DomainHostdevInputs,
  view: DomainView,
  facts: HostFacts,
  difference: WholeDifference,
): PlanResult {
  const { missing, leaving, power } = difference;
  const domain = view.facts;
  const patched = patchDomain(domain.xml, { add: missing, remove: leaving.map((hostdev) => hostdev.source) });
  if ("refused" in patched) return { outcome: "refused", problems: [{ property: "domain", reason: patched.refused }] };
  const steps = describeSteps(view, difference);
  const asked = power.isRunningAfter ? askStep(inputs, domain, facts) : [];
  return {
    outcome: "planned",
    steps,
    plan: { hostdevs: showHostdevs(domain.xml, patched.xml) },
    computed: { domainUuid: domain.uuid },
    warnings: listWarnings(inputs, view, facts, difference),
    ...(steps.length + asked.length > 0 && {
      change: {
        label: "DomainHostdev",
        expectations: listExpectations(inputs, view, difference),
        steps: [...listSteps(inputs, view, facts, { ...difference, patched: patched.xml }), ...asked],
      } satisfies Change,
    }),
  };
}

function describeSteps(view: DomainView, { missing, leaving, live, power, choice }: WholeDifference): string[] {
  const { name, liveXml } = view.facts;
  const edits = [
    ...leaving.map((hostdev) => `remove hostdev ${hostdev.source} from ${name}`),
    ...missing.map((spec) => `add hostdev ${spec.address} to ${name}`),
  ];
  const isNow = choice.kind === "now";
  const waits = liveXml !== undefined && !power.stops && !isNow && edits.length > 0;
  const why = choice.kind === "later" && choice.reason !== undefined ? `, since ${choice.reason}` : "";
  return [
    ...(view.definition === undefined ? [] : [`define ${name}`]),
    ...power.before.words,
    ...(isNow ? live.leaving.map((hostdev) => `take ${hostdev.source} from the running ${name}`) : []),
    ...edits,
    ...(isNow ? live.missing.map((spec) => `give ${spec.address} to the running ${name}`) : []),
    ...power.after.words,
    ...(waits ? [`the running domain ${name} sees this when it is started again${why}`] : []),
  ];
}

/** The PCI hostdevs of the domain's XML before and after. */
function showHostdevs(before: string, after: string): Json {
  return { before: listHostdevXml(before), after: listHostdevXml(after) };
}

/** Each on one line: Pulumi's display cuts texts of several lines. */
function listHostdevXml(xml: string): string[] {
  return parseDomain(xml).hostdevs.map((hostdev) => hostdev.xml.replace(/>\s+</g, "><"));
}

function listExpectations(
  inputs: DomainHostdevInputs,
  { facts: { uuid, name, sha256 }, definition }: DomainView,
  { power, choice }: WholeDifference,
): Expectation[] {
  const files = inputs.devices.flatMap((device) => optionsOf(device).rom?.file ?? []);
  return [
    ...(definition === undefined
      ? [{ kind: "domain" as const, uuid, sha256 }]
      : [{ kind: "no-domain" as const, uuid, name }]),
    ...(definition === undefined ? power.expectations : []),
    ...(choice.kind === "now" ? [{ kind: "domain-active" as const, uuid, isActive: true }] : []),
    ...files.map((path) => ({ kind: "readable" as const, path })),
  ];
}

/** A domain that is defined gets its devices with the definition, so that libvirt places all of it at once. */
function listSteps(
  { definition = "" }: DomainHostdevInputs,
  view: DomainView,
  facts: HostFacts,
  { missing, leaving, live, power, choice, patched }: WholeDifference & { readonly patched: string },
): ChangeStep[] {
  const { uuid, name } = view.facts;
  if (view.definition !== undefined) {
    return [
      // The note comes first: a domain of ours must not look like somebody's own when the answer is lost.
      { kind: "record", name: recordNames(uuid).defined, text: fingerprint(definition) },
      { kind: "define", uuid, name, xml: patched },
      ...power.after.steps,
    ];
  }
  const isNow = choice.kind === "now";
  return [
    ...noteControllers(view.facts, facts, leaving.length + missing.length > 0),
    ...power.before.steps,
    ...(isNow ? live.leaving.map((hostdev) => liveDetachStep(uuid, hostdev)) : []),
    ...leaving.map((hostdev) => detachStep(uuid, hostdev)),
    ...missing.map((spec) => attachStep(uuid, spec)),
    ...(isNow ? live.missing.map((spec) => liveAttachStep(uuid, spec)) : []),
    ...power.after.steps,
  ];
}

function noteControllers(domain: DomainFacts, facts: HostFacts, isNeeded: boolean): ChangeStep[] {
  const { controllers, defined } = recordNames(domain.uuid);
  if (!isNeeded || controllers in facts.records || defined in facts.records) return [];
  const indexes = parseDomain(domain.xml)
    .controllers.filter((controller) => controller.type === "pci")
    .map((controller) => controller.index ?? 0);
  return [{ kind: "record", name: controllers, text: indexes.join(" ") }];
}

function attachStep(uuid: string, spec: HostdevSpec): ChangeStep {
  return { kind: "attach", uuid, name: stepName(spec.address), xml: renderHostdev(spec, LAYOUT) };
}

/** The step that takes an element of ours out of the stored configuration. */
export function detachStep(uuid: string, hostdev: Hostdev): ChangeStep {
  return { kind: "detach", uuid, name: stepName(hostdev.source), xml: hostdev.xml };
}

function liveAttachStep(uuid: string, spec: HostdevSpec): ChangeStep {
  const { address } = spec;
  const xml = renderHostdev(spec, LAYOUT);
  return { kind: "attach-live", uuid, name: stepName(address), address, xml, timeoutSeconds: UNPLUG_SECONDS };
}

/** The step that takes an element of ours out of the running form. */
export function liveDetachStep(uuid: string, { source: address, xml }: Hostdev): ChangeStep {
  return { kind: "detach-live", uuid, name: stepName(address), address, xml, timeoutSeconds: UNPLUG_SECONDS };
}

function stepName(address: PciAddress): string {
  return `hostdev-${address}`;
}

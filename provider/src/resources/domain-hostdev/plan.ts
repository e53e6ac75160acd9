import type { Change, ChangeStep } from "../../model/change";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { redundantControllers } from "../../model/libvirt/controllers";
import { patchDomain } from "../../model/libvirt/domain-patch";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { isOurs, isSatisfied, renderHostdev, type Hostdev, type HostdevSpec } from "../../model/libvirt/hostdev";
import type { PciAddress } from "../../model/pci/address";
import { isPciBridge } from "../../model/pci/class-names";
import { describeFunction } from "../../model/pci/describe";
import type { Json, PlanResult, Problem } from "../definition";
import type { DomainHostdevInputs } from "./inputs";
import type { DomainHostdevState } from "./state";

const LAYOUT = { newline: "\n", indent: "", unit: "  " };

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
  if (findDomainFacts(facts, name) !== undefined) return [];
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

/** Plans which hostdevs come, which of ours go, and shows the elements. */
export function planHostdevs(
  inputs: DomainHostdevInputs,
  facts: HostFacts,
  prior: Partial<DomainHostdevState> | undefined,
): PlanResult {
  const problems = checkDomain(inputs, facts);
  const domain = findDomainFacts(facts, inputs.domain);
  if (domain === undefined || problems.length > 0) return { outcome: "refused", problems };
  const present = parseDomain(domain.xml).hostdevs;
  const wanted = inputs.devices.map((address): HostdevSpec => ({ address, managed: inputs.managed }));
  const more = wanted.flatMap((spec, i) => checkDevice(spec, i, domain, facts, present));
  if (more.length > 0) return { outcome: "refused", problems: more };
  const missing = wanted.filter(
    (spec) => !present.some((hostdev) => hostdev.source === spec.address && isSatisfied(spec, hostdev)),
  );
  const leaving = present.filter((hostdev) => isOurs(hostdev) && isLeaving(hostdev, inputs, missing, prior));
  return planned(inputs, domain, facts, { missing, leaving, present });
}

/** An element of ours goes when it is no longer declared, and when it has to be written anew. */
function isLeaving(
  hostdev: Hostdev,
  inputs: DomainHostdevInputs,
  missing: readonly HostdevSpec[],
  prior: Partial<DomainHostdevState> | undefined,
): boolean {
  if (missing.some((spec) => spec.address === hostdev.source)) return true;
  return knownDevices(prior).includes(hostdev.source) && !inputs.devices.includes(hostdev.source);
}

/** The devices that were declared in the last run: they stand in its inputs and in its outputs alike. */
function knownDevices(prior: Partial<DomainHostdevState> | undefined): readonly string[] {
  const declared: unknown = prior?.["devices"];
  return Array.isArray(declared) ? declared.filter((device) => typeof device === "string") : [];
}

function checkDevice(
  spec: HostdevSpec,
  index: number,
  domain: DomainFacts,
  facts: HostFacts,
  present: readonly Hostdev[],
): Problem[] {
  const property = `devices[${index}]`;
  const device = facts.pci.find((candidate) => candidate.address === spec.address);
  if (device === undefined)
    return [
      {
        property,
        reason: `the host has no PCI function ${spec.address}; look with lspci -D, since buses are renumbered when cards are added or removed`,
      },
    ];
  if (isPciBridge(device.class)) {
    return [
      {
        property,
        reason: `${describeFunction(device)} is a bridge, and libvirt assigns no bridges (a non-endpoint); name an endpoint below it`,
      },
    ];
  }
  const foreign = present.find((hostdev) => hostdev.source === spec.address && !isOurs(hostdev));
  if (foreign !== undefined && !isSatisfied(spec, foreign)) {
    return [
      {
        property,
        reason: `domain ${domain.name} has a hostdev for ${spec.address} that is not ours and differs from what is declared; remove it (virsh detach-device --config) or declare managed: ${foreign.managed}`,
      },
    ];
  }
  const holder = listDeviceClaims(facts)
    .get(spec.address)
    ?.find((claim) => claim.isActive && claim.uuid !== domain.uuid);
  if (holder === undefined) return [];
  return [{ property, reason: `${describeFunction(device)} is in use by the running domain ${holder.domain}` }];
}

interface Difference {
  readonly missing: readonly HostdevSpec[];
  readonly leaving: readonly Hostdev[];
  readonly present: readonly Hostdev[];
}

function planned(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  facts: HostFacts,
  difference: Difference,
): PlanResult {
  const { missing, leaving } = difference;
  const patched = patchDomain(domain.xml, { add: missing, remove: leaving.map((hostdev) => hostdev.source) });
  if ("refused" in patched) return { outcome: "refused", problems: [{ property: "domain", reason: patched.refused }] };
  const steps = [
    ...leaving.map((hostdev) => `remove hostdev ${hostdev.source} from ${domain.name}`),
    ...missing.map((spec) => `add hostdev ${spec.address} to ${domain.name}`),
  ];
  const restart = domain.liveXml !== undefined && steps.length > 0;
  return {
    outcome: "planned",
    steps: restart ? [...steps, `the running domain ${domain.name} sees this when it is started again`] : steps,
    plan: { hostdevs: showHostdevs(domain.xml, patched.xml) },
    computed: { domainUuid: domain.uuid },
    warnings: listWarnings(inputs, domain, facts, difference),
    ...(steps.length > 0 && { change: attachChange(domain, facts, difference) }),
  };
}

/** The PCI hostdevs of the domain's XML before and after. */
function showHostdevs(before: string, after: string): Json {
  return { before: listHostdevXml(before), after: listHostdevXml(after) };
}

/** Each on one line: Pulumi's display cuts texts of several lines. */
function listHostdevXml(xml: string): string[] {
  return parseDomain(xml).hostdevs.map((hostdev) => hostdev.xml.replace(/>\s+</g, "><"));
}

function listWarnings(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  facts: HostFacts,
  { present }: Difference,
): string[] {
  const claims = listDeviceClaims(facts);
  return inputs.devices.flatMap((address) => {
    const others = (claims.get(address) ?? [])
      .filter((claim) => claim.uuid !== domain.uuid)
      .map((claim) => claim.domain);
    const foreign = present.some((hostdev) => hostdev.source === address && !isOurs(hostdev));
    return [
      ...(others.length > 0
        ? [`${address} is also configured in ${others.join(", ")}; only one of the domains can run at a time`]
        : []),
      ...(foreign ? [`${domain.name} has ${address} already, not by us: it stays when this resource is deleted`] : []),
    ];
  });
}

/** Name of the host's note on the controllers that a domain had before our first device. */
export function controllerRecordName(uuid: string): string {
  return `controllers-${uuid}`;
}

function attachChange(domain: DomainFacts, facts: HostFacts, { missing, leaving }: Difference): Change {
  const record = controllerRecordName(domain.uuid);
  const indexes = parseDomain(domain.xml)
    .controllers.filter((controller) => controller.type === "pci")
    .map((controller) => controller.index ?? 0);
  return {
    label: "DomainHostdev",
    expectations: [{ kind: "domain", uuid: domain.uuid, sha256: domain.sha256 }],
    steps: [
      ...(record in facts.records ? [] : [{ kind: "record" as const, name: record, text: indexes.join(" ") }]),
      ...leaving.map((hostdev) => detachStep(domain.uuid, hostdev)),
      ...missing.map((spec) => attachStep(domain.uuid, spec)),
    ],
  };
}

function attachStep(uuid: string, spec: HostdevSpec): ChangeStep {
  return { kind: "attach", uuid, name: stepName(spec.address), xml: renderHostdev(spec, LAYOUT) };
}

function detachStep(uuid: string, hostdev: Hostdev): ChangeStep {
  return { kind: "detach", uuid, name: stepName(hostdev.source), xml: hostdev.xml };
}

function stepName(address: PciAddress): string {
  return `hostdev-${address}`;
}

/** Plans how our elements leave the domain, and the controllers that libvirt added for them once nothing uses these. */
export function planHostdevRemoval(
  inputs: DomainHostdevInputs,
  state: DomainHostdevState,
  facts: HostFacts,
): PlanResult {
  const { domain: ours, problem } = findOwnDomain(inputs, state, facts);
  if (problem !== undefined) return { outcome: "refused", problems: [problem] };
  if (ours === undefined) return nothingLeft(`the domain ${state.domainName} is gone, and its devices with it`);
  const leaving = parseDomain(ours.xml).hostdevs.filter(
    (hostdev) => isOurs(hostdev) && state.attached.includes(hostdev.source),
  );
  const patched = patchDomain(ours.xml, { add: [], remove: leaving.map((hostdev) => hostdev.source) });
  if ("refused" in patched) return { outcome: "refused", problems: [{ property: "domain", reason: patched.refused }] };
  const controllers = redundantControllers(patched.xml, state.controllers);
  const record = controllerRecordName(ours.uuid);
  const isLast = !parseDomain(patched.xml).hostdevs.some(isOurs);
  const steps: ChangeStep[] = [
    ...leaving.map((hostdev) => detachStep(ours.uuid, hostdev)),
    ...controllers.map((controller): ChangeStep => ({
      kind: "detach",
      uuid: ours.uuid,
      name: `controller-${controller.index}`,
      xml: controller.xml,
    })),
    ...(isLast && record in facts.records ? [{ kind: "forget" as const, name: record }] : []),
  ];
  return {
    outcome: "planned",
    steps: leaving.map((hostdev) => `remove hostdev ${hostdev.source} from ${ours.name}`),
    plan: {},
    computed: {},
    warnings:
      ours.liveXml !== undefined && leaving.length > 0
        ? [`${ours.name} is running and keeps its devices until it stops`]
        : [],
    ...(steps.length > 0 && {
      change: {
        label: "DomainHostdev-delete",
        expectations: [{ kind: "domain", uuid: ours.uuid, sha256: ours.sha256 }],
        steps,
      },
    }),
  };
}

function nothingLeft(warning: string): PlanResult {
  return { outcome: "planned", steps: [], plan: {}, computed: {}, warnings: [warning] };
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

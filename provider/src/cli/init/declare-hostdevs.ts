import type { HostConnection } from "../../model/connection";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { SYSTEM_URI } from "../../model/libvirt/connect-uri";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { joinWords } from "../../model/pci/describe";
import {
  isQuiet,
  planHostdev,
  planHostdevWithoutDevices,
  type GuestWishes,
  type HostdevWishes,
  type ResourcePlan,
} from "../planning";
import type { DeclaredGroup } from "./declare-groups";
import { Code, type Declaration, type Names, type Omission, type Value } from "./declaration";

/** Devices of a domain as they are declared. */
export interface DeclaredHostdevs {
  readonly declaration: Declaration;
  readonly domainUuid: string;
  readonly wishes: HostdevWishes;
}

/** Where hostdevs are declared. */
export interface HostdevPlace {
  readonly host: HostConnection;
  readonly facts: HostFacts;
  readonly connectUri: string;
  readonly groups: readonly DeclaredGroup[];
}

/** Declares the devices that domains have, those that libvirt manages apart from the others. */
export function declareHostdevs(
  place: HostdevPlace,
  names: Names,
): { readonly hostdevs: readonly DeclaredHostdevs[]; readonly omissions: readonly Omission[] } {
  const found = place.facts.libvirt.domains.flatMap((domain) =>
    [true, false].flatMap((managed) => declareDomain(place, domain, managed, names)),
  );
  return {
    hostdevs: found.flatMap((one) => ("declaration" in one ? [one] : [])),
    omissions: found.flatMap((one) => ("why" in one ? [one] : [])),
  };
}

function declareDomain(
  place: HostdevPlace,
  domain: DomainFacts,
  managed: boolean,
  names: Names,
): (DeclaredHostdevs | Omission)[] {
  const { host, facts, connectUri } = place;
  const sources = parseDomain(domain.xml)
    .hostdevs.filter((hostdev) => hostdev.managed === managed)
    .map(({ source }) => source);
  const planned = sources.map((source) => ({
    source,
    plan: planHostdev(host, facts, { domain: domain.uuid, connectUri, managed, devices: [source] }),
  }));
  const omissions = planned
    .filter(({ plan }) => !isQuiet(plan))
    .map(({ source, plan }) => ({
      what: `${source} of domain ${domain.name}`,
      why: explain(plan),
      addresses: [source],
    }));
  const devices = planned.filter(({ plan }) => isQuiet(plan)).map(({ source }): string => source);
  if (devices.length === 0) return omissions;
  const wishes = { domain: domain.name, devices, connectUri, ...(!managed && { managed }) };
  const plan = planHostdev(host, facts, wishes);
  return [...omissions, renderHostdevs(place, { wishes, plan, isAskedFor: false }, domain.uuid, names)];
}

function explain(plan: ResourcePlan): string {
  return (plan.outcome === "refused" ? plan.problems.map(({ reason }) => reason) : plan.steps).join("; ");
}

interface HostdevChoice {
  readonly wishes: HostdevWishes;
  readonly plan: ResourcePlan;
  readonly isAskedFor: boolean;
  /** The declaration whose place it takes. */
  readonly instead?: Declaration | undefined;
}

function renderHostdevs(place: HostdevPlace, choice: HostdevChoice, uuid: string, names: Names): DeclaredHostdevs {
  const { wishes, plan, isAskedFor, instead } = choice;
  const { groups } = place;
  const whole = groups.find(({ members }) => isSame(members, wishes.devices));
  const parts = groups.filter(({ members }) => members.some((member) => wishes.devices.includes(member)));
  const devices: Value = whole === undefined ? wishes.devices : new Code(`${whole.declaration.variable}.members`);
  return {
    domainUuid: uuid,
    wishes,
    declaration: {
      ...(instead === undefined ? names.take(wishes.domain) : { name: instead.name, variable: instead.variable }),
      inputs: renderInputs(wishes, devices),
      dependsOn: whole === undefined ? parts.map(({ declaration }) => declaration.variable) : [],
      remarks: [
        isAskedFor
          ? `Gives ${joinWords(wishes.devices)} to ${wishes.domain}.`
          : `${wishes.domain} has ${wishes.devices.length === 1 ? "this device" : "these devices"} already.`,
      ],
      isAskedFor,
      plan,
    },
  };
}

function renderInputs(wishes: HostdevWishes, devices: Value): Readonly<Record<string, Value>> {
  const given = Object.entries({ ...wishes, devices }).filter((entry): entry is [string, Value] => {
    const [name, value] = entry;
    return value !== undefined && !(name === "connectUri" && value === SYSTEM_URI);
  });
  return Object.fromEntries(given);
}

function isSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((address, i) => address === right[i]);
}

/** A guest that is to get a group. */
export interface GuestWish {
  readonly domain: string;
  readonly guest: GuestWishes;
  readonly group: DeclaredGroup;
}

/** Declares that a guest gets a group; devices of it that the guest has already stay in the same resource. */
export function declareWish(
  place: HostdevPlace,
  { domain, guest, group }: GuestWish,
  before: readonly DeclaredHostdevs[],
  names: Names,
): readonly DeclaredHostdevs[] {
  const { host, facts, connectUri } = place;
  const devices: string[] = [...group.members];
  if (devices.length === 0) {
    const plan = planHostdevWithoutDevices(host, facts, { domain, connectUri, ...guest });
    return [...before, withMembersLater(place, { domain, guest, group }, plan, names)];
  }
  const uuid = findDomain(facts, domain)?.uuid ?? "";
  const has = before.find(
    (one) => one.domainUuid === uuid && one.wishes.devices.some((device) => devices.includes(device)),
  );
  const { managed, ...others } = guest;
  const isThere = has !== undefined && devices.every((device) => has.wishes.devices.includes(device));
  if (isThere && Object.keys(others).length === 0) return before;
  const all = [...new Set([...(has?.wishes.devices ?? []), ...devices])];
  const isManaged = has === undefined ? managed !== false : has.wishes.managed !== false;
  const wishes = { domain, devices: all, connectUri, ...(!isManaged && { managed: false }), ...others };
  const plan = planHostdev(host, facts, wishes);
  const declared = renderHostdevs(place, { wishes, plan, isAskedFor: true, instead: has?.declaration }, uuid, names);
  return [...before.filter((one) => one !== has), declared];
}

function findDomain(facts: HostFacts, name: string): DomainFacts | undefined {
  return facts.libvirt.domains.find((domain) => domain.name === name || domain.uuid === name.toLowerCase());
}

function withMembersLater(
  { connectUri }: HostdevPlace,
  { domain, guest, group }: GuestWish,
  plan: ResourcePlan,
  names: Names,
): DeclaredHostdevs {
  const variable = group.declaration.variable;
  const wishes = { domain, devices: [], connectUri, ...guest };
  return {
    domainUuid: "",
    wishes,
    declaration: {
      ...names.take(domain),
      inputs: renderInputs(wishes, new Code(`${variable}.members`)),
      dependsOn: [],
      remarks: [`Gives the whole group to ${domain}.`],
      isAskedFor: true,
      plan,
    },
  };
}

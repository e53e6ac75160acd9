import { describeHost, type HostConnection } from "../../model/connection";
import type { HostFacts } from "../../model/host-facts";
import { selectDevice, type DeviceSelector } from "../../model/pci/selector";
import { CommandError, nameOptions } from "../failure";
import { listMembers, planGroup, withoutObstacle, type ResourcePlan } from "../planning";
import { groupWishes, guestWishes, iommuWishes, type WishOptions } from "../wish-options";
import { declareGroups, renderGroup, type DeclaredGroup } from "./declare-groups";
import { declareHostdevs, declareWish } from "./declare-hostdevs";
import { declareIommu } from "./declare-iommu";
import { declareVirtualFunctions } from "./declare-virtual-functions";
import { Names, type Declaration, type HostProgram } from "./declaration";

/** What the program is to change. */
export interface Wishes extends WishOptions {
  readonly device?: DeviceSelector;
  readonly domain?: string;
  readonly connectUri: string;
}

/**
 * Describes a host as the program that changes nothing but what is asked for: each declaration of what is there already is
 * one whose plan has no steps. What is asked for and refused is an error.
 */
export function describeHostAsProgram(host: HostConnection, facts: HostFacts, wishes: Wishes): HostProgram {
  const names = new Names();
  const iommu = declareIommu(
    host,
    facts,
    { wishes: iommuWishes(wishes), isNeeded: wishes.device !== undefined },
    names,
  );
  const first = "declaration" in iommu ? iommu.declaration : undefined;
  const virtual = declareVirtualFunctions(host, facts, names);
  const given = declareGroups(host, facts, virtual.physical, names);
  const wished =
    wishes.device === undefined
      ? undefined
      : wishGroup(host, facts, { given, names, first, device: wishes.device, wishes });
  const groups = wished === undefined || given.groups.includes(wished) ? given.groups : [...given.groups, wished];
  const place = { host, facts, connectUri: wishes.connectUri, groups };
  const has = declareHostdevs(place, names);
  const { domain } = wishes;
  const hostdevs =
    domain === undefined || wished === undefined
      ? has.hostdevs
      : declareWish(place, { domain, guest: guestWishes(wishes), group: wished }, has.hostdevs, names);
  const declarations = [
    ...("declaration" in iommu ? [iommu.declaration] : []),
    ...virtual.physical.map(({ declaration }) => declaration),
    ...groups.map(({ declaration }) => declaration),
    ...hostdevs.map(({ declaration }) => declaration),
  ];
  for (const { isAskedFor, plan } of declarations) if (isAskedFor) requireAccepted(host, plan);
  const asked = wished?.members ?? [];
  return {
    declarations,
    omissions: [
      ...("omission" in iommu ? [iommu.omission] : []),
      ...virtual.omissions,
      ...given.omissions.filter(({ addresses }) => !addresses.some((address) => asked.includes(address))),
      ...has.omissions,
    ],
  };
}

interface GroupWish {
  readonly given: { readonly groups: readonly DeclaredGroup[] };
  readonly names: Names;
  readonly first: Declaration | undefined;
  readonly device: DeviceSelector;
  readonly wishes: Wishes;
}

/** The group of the device that is asked for; one that is declared already serves as it is. */
function wishGroup(host: HostConnection, facts: HostFacts, wish: GroupWish): DeclaredGroup {
  const { given, names, first, wishes } = wish;
  const selection = selectDevice(facts, wish.device);
  if ("problem" in selection) {
    throw new CommandError({ host: describeHost(host), cause: selection.problem.reason, next: "Correct --device" });
  }
  const { address, id } = selection.device;
  const has = given.groups.find(({ members }) => members.includes(address));
  if (has !== undefined) return has;
  const asked = groupWishes({ address, id }, wishes);
  const alone = planGroup(host, facts, asked);
  const plan = first?.plan.willReboot === true ? withoutObstacle(alone) : alone;
  const declaration = renderGroup(
    facts,
    { wishes: asked, plan, isAskedFor: true, dependsOn: first === undefined ? [] : [first.variable] },
    names,
  );
  return { declaration, members: listMembers(plan) };
}

/** A program whose preview would fail is of no use to anybody. */
function requireAccepted(host: HostConnection, { kind, outcome, problems }: ResourcePlan): void {
  if (outcome !== "refused") return;
  const causes = problems.map(({ reason }) => nameOptions(reason)).join("\n");
  throw new CommandError({ host: describeHost(host), cause: `the ${kind} that this takes is refused: ${causes}` });
}

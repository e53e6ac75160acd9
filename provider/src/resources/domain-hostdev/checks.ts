import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { listDeviceClaims } from "../../model/libvirt/claims";
import { readBootSettings, type BootSettings } from "../../model/libvirt/boot-settings";
import { readGuestTopology } from "../../model/libvirt/guest-topology";
import { isOurs, isSatisfied, type Hostdev } from "../../model/libvirt/hostdev";
import type { HostdevSpec } from "../../model/libvirt/hostdev-spec";
import type { PciAddress } from "../../model/pci/address";
import { isPciBridge } from "../../model/pci/class-names";
import { describeFunction } from "../../model/pci/describe";
import { compareVersions } from "../../model/reboot/next-kernel";
import type { Problem } from "../definition";
import { addressOf, optionsOf } from "./devices";
import type { Difference } from "./difference";
import type { DomainHostdevInputs } from "./inputs";
import { listCards } from "./specs";

/** libvirt before these takes the setting for granted, or does not know it. */
const SINCE = { driverModel: "10.0.0", acpiIndex: "7.3.0" } as const;

/** What is wrong with the devices, each at its place in the inputs. */
export function checkDevices(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  facts: HostFacts,
  difference: Difference,
): Problem[] {
  const { wanted, present } = difference;
  const boot = readBootSettings(domain.xml, listAll(inputs));
  const seats = readGuestTopology(domain.xml).seats;
  return [
    ...wanted.flatMap((spec, i) => {
      const property = `devices[${i}]`;
      const basic = checkDevice(spec, domain, facts, present);
      const reasons = basic === undefined ? checkOptions(spec, domain, facts, boot) : [basic];
      return reasons.map((reason) => ({ property, reason }));
    }),
    ...checkSeats(inputs, wanted, seats, domain),
    ...checkDoubles(wanted),
    ...(inputs.multifunction === true ? checkCards(inputs, wanted, facts) : []),
  ];
}

function listAll(inputs: DomainHostdevInputs): PciAddress[] {
  return inputs.devices.map(addressOf);
}

function checkDevice(
  spec: HostdevSpec,
  domain: DomainFacts,
  facts: HostFacts,
  present: readonly Hostdev[],
): string | undefined {
  const device = facts.pci.find((candidate) => candidate.address === spec.address);
  if (device === undefined) {
    return `the host has no PCI function ${spec.address}; look with lspci -D, since buses are renumbered when cards are added or removed`;
  }
  if (isPciBridge(device.class)) {
    return `${describeFunction(device)} is a bridge, and libvirt assigns no bridges (a non-endpoint); name an endpoint below it`;
  }
  const foreign = present.find((hostdev) => hostdev.source === spec.address && !isOurs(hostdev));
  if (foreign !== undefined && !isSatisfied(spec, foreign)) {
    return `domain ${domain.name} has a hostdev for ${spec.address} that is not ours and differs from what is declared; remove it (virsh detach-device --config) or declare managed: ${foreign.managed}`;
  }
  const holder = listDeviceClaims(facts)
    .get(spec.address)
    ?.find((claim) => claim.isActive && claim.uuid !== domain.uuid);
  return holder === undefined
    ? undefined
    : `${describeFunction(device)} is in use by the running domain ${holder.domain}`;
}

function checkOptions(spec: HostdevSpec, domain: DomainFacts, facts: HostFacts, boot: BootSettings): string[] {
  const { version = "0" } = facts.libvirt;
  const tooNew = (Object.keys(SINCE) as (keyof typeof SINCE)[]).filter(
    (name) => spec[name] !== undefined && compareVersions(version, SINCE[name]) < 0,
  );
  const rival = spec.bootOrder === undefined ? undefined : boot.orders.get(spec.bootOrder);
  return [
    ...tooNew.map(
      (name) =>
        `${name} needs libvirt ${SINCE[name]} or newer, and the host has ${version}; leave it out, or upgrade libvirt`,
    ),
    ...(spec.bootOrder !== undefined && boot.hasOsBoot
      ? [
          `bootOrder cannot be combined with <boot dev=…> in <os> of ${domain.name}, by libvirt's rule; give its disks a <boot order=…> of their own instead (virsh edit ${domain.name})`,
        ]
      : []),
    ...(rival !== undefined
      ? [`bootOrder ${spec.bootOrder ?? ""} is that of a ${rival} of ${domain.name} already; choose another number`]
      : []),
  ];
}

/** Of two devices one would not be placed; libvirt says so, but names neither. */
function checkSeats(
  inputs: DomainHostdevInputs,
  wanted: readonly HostdevSpec[],
  seats: ReturnType<typeof readGuestTopology>["seats"],
  domain: DomainFacts,
): Problem[] {
  const ours = listAll(inputs);
  return wanted.flatMap(({ guestAddress }, i) => {
    const holder = seats.find(
      ({ address, source }) => address === guestAddress?.address && (source === undefined || !ours.includes(source)),
    );
    if (holder === undefined) return [];
    const reason = `${holder.address} in ${domain.name} is taken by its ${holder.source ?? holder.element}; choose another guestAddress`;
    return [{ property: `devices[${i}]`, reason }];
  });
}

/** What only one of the declared devices can have. */
function checkDoubles(wanted: readonly HostdevSpec[]): Problem[] {
  return wanted.flatMap((spec, i) => {
    const earlier = wanted.slice(0, i);
    const doubles = [
      ["bootOrder", spec.bootOrder, earlier.map((one) => one.bootOrder)],
      ["acpiIndex", spec.acpiIndex, earlier.map((one) => one.acpiIndex)],
      ["guestAddress", spec.guestAddress?.address, earlier.map((one) => one.guestAddress?.address)],
    ] as const;
    return doubles
      .filter(([, value, others]) => value !== undefined && (others as readonly unknown[]).includes(value))
      .map(([name, value]) => ({
        property: `devices[${i}]`,
        reason: `${name} ${value ?? ""} is that of another device here; each needs its own`,
      }));
  });
}

/** A card gets one slot: its first function may say which, and the others follow. */
function checkCards(inputs: DomainHostdevInputs, wanted: readonly HostdevSpec[], facts: HostFacts): Problem[] {
  return listCards(inputs.devices, facts).flatMap((card) => {
    const problems = inputs.devices.flatMap((device, i) => {
      const { guestAddress } = optionsOf(device);
      if (guestAddress === undefined || !card.includes(addressOf(device))) return [];
      if (addressOf(device) === card[0] && guestAddress.endsWith(".0")) return [];
      const reason = `with multifunction the slot of a card is chosen by guestAddress of its first function ${card[0] ?? ""}, as a function 0; leave this one out`;
      return [{ property: `devices[${i}]`, reason }];
    });
    const isSeated = wanted.some((spec) => spec.address === card[0] && spec.guestAddress !== undefined);
    if (isSeated || problems.length > 0) return problems;
    return [{ property: "multifunction", reason: `the domain has no free slot for the card ${card[0] ?? ""}` }];
  });
}

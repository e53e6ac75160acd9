import type { DomainFacts, HostFacts } from "../../model/host-facts";
import { parseDomain } from "../../model/libvirt/domain-xml";
import { isOurs, isSatisfied, type Hostdev } from "../../model/libvirt/hostdev";
import type { HostdevSpec } from "../../model/libvirt/hostdev-spec";
import type { HostdevPart } from "../../model/libvirt/hostdev-spec";
import type { PciAddress } from "../../model/pci/address";
import type { JsonObject } from "../definition";
import { addressOf, Device, listAddresses, optionsOf, type DeviceInput } from "./devices";
import type { DomainHostdevInputs } from "./inputs";
import { declareHostdevs } from "./specs";
import type { DomainHostdevState } from "./state";

/** What a form of a domain lacks, and what of ours it has too much. */
export interface FormDifference {
  readonly missing: readonly HostdevSpec[];
  readonly leaving: readonly Hostdev[];
}

/** What is declared, and what of it a domain's stored and running form have not. */
export interface Difference extends FormDifference {
  readonly wanted: readonly HostdevSpec[];
  readonly present: readonly Hostdev[];
  /** Of the running form; empty where the domain does not run. */
  readonly live: FormDifference;
}

/** What was declared in the last run. */
interface Earlier {
  readonly devices: readonly DeviceInput[];
  readonly multifunction: boolean;
}

/** Compares a domain with what is declared. An element of ours that differs is written anew: it leaves, and comes. */
export function compareDomain(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  facts: HostFacts,
  prior: Partial<DomainHostdevState> | undefined,
): Difference {
  const earlier = readEarlier(prior);
  const present = parseDomain(domain.xml).hostdevs;
  const wanted = declareHostdevs(inputs, domain.xml, present, facts);
  const declared = listAddresses(inputs);
  const known = earlier.devices.map(addressOf);
  function rewrite(spec: HostdevSpec): HostdevSpec | undefined {
    const old = present.find((hostdev) => hostdev.source === spec.address);
    if (old === undefined) return spec;
    const drops = isOurs(old) ? listWithdrawn(inputs, spec.address, earlier, old) : [];
    if (drops.length === 0 && isSatisfied(spec, old)) return undefined;
    return isOurs(old) ? { ...spec, base: { xml: old.xml, drops } } : spec;
  }
  const missing = inputs.apply === "live" ? [] : wanted.flatMap((spec) => rewrite(spec) ?? []);
  const leaving = present.filter((hostdev) => {
    if (!isOurs(hostdev)) return false;
    if (inputs.apply === "live") return declared.includes(hostdev.source) || known.includes(hostdev.source);
    if (missing.some((spec) => spec.address === hostdev.source)) return true;
    return known.includes(hostdev.source) && !declared.includes(hostdev.source);
  });
  const live = compareLive(domain, { wanted, missing, known, declared });
  return { wanted, present, missing, leaving, live };
}

interface Compared {
  readonly wanted: readonly HostdevSpec[];
  readonly missing: readonly HostdevSpec[];
  readonly known: readonly PciAddress[];
  readonly declared: readonly PciAddress[];
}

/** A running form is behind where it lacks a device, or still has one in the form that the configuration loses. */
function compareLive(domain: DomainFacts, { wanted, missing, known, declared }: Compared): FormDifference {
  if (domain.liveXml === undefined) return { missing: [], leaving: [] };
  const live = parseDomain(domain.liveXml).hostdevs;
  const configured = parseDomain(domain.xml).hostdevs;
  const old = live.filter((hostdev) => isOurs(hostdev) && missing.some((spec) => spec.address === hostdev.source));
  const gone = live.filter(
    (hostdev) =>
      isOurs(hostdev) &&
      !declared.includes(hostdev.source) &&
      (known.includes(hostdev.source) || !configured.some((other) => other.source === hostdev.source)),
  );
  return {
    missing: wanted.filter(
      (spec) =>
        !live.some((hostdev) => hostdev.source === spec.address) ||
        old.some((hostdev) => hostdev.source === spec.address),
    ),
    leaving: [...old, ...gone],
  };
}

/** The declaration of the last run stands in its inputs and in its outputs alike. */
function readEarlier(prior: Partial<DomainHostdevState> | undefined): Earlier {
  const { devices, multifunction } = (prior ?? {}) as JsonObject;
  const parsed = Array.isArray(devices) ? devices.map((device) => Device.safeParse(device)) : [];
  return { devices: parsed.flatMap(({ data }) => data ?? []), multifunction: multifunction === true };
}

/** What was declared of a device and is not any more, as far as its element still has it. */
function listWithdrawn(
  inputs: DomainHostdevInputs,
  address: PciAddress,
  earlier: Earlier,
  hostdev: Hostdev,
): HostdevPart[] {
  const [before, now] = [earlier.devices, inputs.devices].map((devices) => {
    const device = devices.find((one) => addressOf(one) === address);
    return device === undefined ? {} : optionsOf(device);
  });
  const simple = (["driverModel", "bootOrder", "acpiIndex"] as const).filter(
    (name) => before?.[name] !== undefined && now?.[name] === undefined && hostdev[name] === before[name],
  );
  const isRomOver = (["enabled", "bar", "file"] as const).some(
    (name) => before?.rom?.[name] !== undefined && now?.rom?.[name] === undefined && hostdev.rom?.[name] !== undefined,
  );
  const seat = hostdev.guestAddress;
  const isShared = seat !== undefined && (seat.multifunction === true || !seat.address.endsWith(".0"));
  const isSplit = earlier.multifunction && inputs.multifunction !== true && isShared && now?.guestAddress === undefined;
  return [...simple, ...(isRomOver ? (["rom"] as const) : []), ...(isSplit ? (["guestAddress"] as const) : [])];
}

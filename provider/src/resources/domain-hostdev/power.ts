import type { ChangeStep, Expectation } from "../../model/change";
import type { DomainFacts, HostFacts } from "../../model/host-facts";
import type { Problem } from "../definition";
import { listAddresses } from "./devices";
import type { DomainHostdevInputs } from "./inputs";
import { recordNames } from "./records";

/** Longest time for a guest to shut down, unless the declaration says another. */
export const SHUTDOWN_SECONDS = 120;

/** Longest time for the agent in a guest to answer, unless the declaration says another. */
export const AGENT_SECONDS = 90;

/** What a change does with the domain's power, before and behind what it does with the devices. */
export interface PowerPlan {
  readonly problems: readonly Problem[];
  readonly before: PowerSteps;
  readonly after: PowerSteps;
  readonly expectations: readonly Expectation[];
  /** Whether the domain is off while its configuration changes, although it ran. */
  readonly stops: boolean;
  readonly isRunningAfter: boolean;
}

interface PowerSteps {
  readonly words: readonly string[];
  readonly steps: readonly ChangeStep[];
}

const NOTHING: PowerSteps = { words: [], steps: [] };

/** Plans whether the domain stops and starts; `isStale`: it runs, and has not what its configuration will have. */
export function planPower(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  facts: HostFacts,
  isStale: boolean,
): PowerPlan {
  const isActive = domain.liveXml !== undefined;
  const records = recordNames(domain.uuid);
  const isInterrupted = records.restart in facts.records;
  const restarts = isActive && isStale && inputs.running !== false && inputs.restart === "ifRequired";
  const stops = isActive && (restarts || inputs.running === false);
  const starts = restarts || (!isActive && inputs.running !== false && (inputs.running === true || isInterrupted));
  const problems = checkPower(inputs, domain, { stops, isStale });
  return {
    problems,
    stops,
    isRunningAfter: starts || (isActive && !stops),
    before: stops ? stopSteps(inputs, domain, { facts, restarts }) : NOTHING,
    after: afterSteps(inputs, domain, { facts, starts, restarts, isInterrupted }),
    expectations: stops || starts ? [{ kind: "domain-active", uuid: domain.uuid, isActive }] : [],
  };
}

function checkPower(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  { stops, isStale }: { stops: boolean; isStale: boolean },
): Problem[] {
  const isActive = domain.liveXml !== undefined;
  if (isActive && domain.state === "paused" && (stops || inputs.running === true)) {
    return [
      {
        property: "running",
        reason: `${domain.name} is paused, so it neither runs nor hears a request to shut down; resume it (virsh resume ${domain.name}), or end it yourself`,
      },
    ];
  }
  if (stops && domain.state === "transient") {
    return [
      {
        property: inputs.running === false ? "running" : "restart",
        reason: `${domain.name} is transient and would be gone when it is shut down; define it first (virsh dumpxml --inactive ${domain.name} > ${domain.name}.xml, virsh define ${domain.name}.xml)`,
      },
    ];
  }
  if (inputs.running !== true || !isActive || !isStale || stops) return [];
  return [
    {
      property: "running",
      reason: `${domain.name} runs without what is declared, and has to be started again to get it; allow that with restart: "ifRequired", or shut it down yourself when it suits`,
    },
  ];
}

interface Stop {
  readonly facts: HostFacts;
  readonly restarts: boolean;
}

function stopSteps(inputs: DomainHostdevInputs, domain: DomainFacts, { facts, restarts }: Stop): PowerSteps {
  const { restart } = recordNames(domain.uuid);
  const seconds = shutdownSeconds(inputs);
  return {
    words: [`shut down ${domain.name} (within ${seconds} s, not by force)`],
    steps: [
      ...(restarts && !(restart in facts.records) ? [{ kind: "record" as const, name: restart, text: "" }] : []),
      { kind: "shut-down", uuid: domain.uuid, name: domain.name, timeoutSeconds: seconds },
    ],
  };
}

interface Start {
  readonly facts: HostFacts;
  readonly starts: boolean;
  readonly restarts: boolean;
  readonly isInterrupted: boolean;
}

function afterSteps(
  inputs: DomainHostdevInputs,
  domain: DomainFacts,
  { facts, starts, restarts, isInterrupted }: Start,
): PowerSteps {
  const { uuid, name } = domain;
  const records = recordNames(uuid);
  const isFirst = starts && !restarts && !isInterrupted && !(records.started in facts.records);
  const isOver = isInterrupted && !starts;
  const forgotten = [
    ...(restarts || isInterrupted ? [records.restart] : []),
    ...(inputs.running === false && records.started in facts.records ? [records.started] : []),
  ];
  return {
    words: [
      ...(starts ? [`start ${name}${restarts || isInterrupted ? " again" : ""}`] : []),
      ...(isOver ? [`forget that ${name} was to be started again`] : []),
    ],
    steps: [
      ...(isFirst ? [{ kind: "record" as const, name: records.started, text: "" }] : []),
      ...(starts ? [{ kind: "start" as const, uuid, name, timeoutSeconds: shutdownSeconds(inputs) }] : []),
      ...forgotten.map((record) => ({ kind: "forget" as const, name: record })),
    ],
  };
}

/** The time that a guest gets to shut down. */
export function shutdownSeconds(inputs: DomainHostdevInputs): number {
  return inputs.shutdownTimeoutSeconds ?? SHUTDOWN_SECONDS;
}

/** Asks the guest for its devices, where it has to run. */
export function askStep(inputs: DomainHostdevInputs, domain: DomainFacts, facts: HostFacts): ChangeStep[] {
  if (inputs.running !== true) return [];
  return [
    {
      kind: "ask-guest",
      uuid: domain.uuid,
      name: domain.name,
      ids: deviceIds(inputs, facts),
      timeoutSeconds: inputs.agentTimeoutSeconds ?? AGENT_SECONDS,
    },
  ];
}

/** `vendor:device` of the declared devices. */
export function deviceIds(inputs: DomainHostdevInputs, facts: HostFacts): string[] {
  return listAddresses(inputs).flatMap((address) => facts.pci.find((device) => device.address === address)?.id ?? []);
}

import { describeHost, type HostConnection } from "../../model/connection";
import type { HostFacts } from "../../model/host-facts";
import { isIommuActive } from "../../model/iommu/active";
import type { DeviceSelector } from "../../model/pci/selector";
import { EXIT, renderJson, type Context, type ExitCode } from "../context";
import { checkWishes } from "../check-wishes";
import { readConnection, type HostOptions } from "../host-options";
import { renderResourcePlan } from "../plan-text";
import {
  listMembers,
  planGroup,
  planHostdev,
  planHostdevWithoutDevices,
  planIommuConfig,
  withoutObstacle,
  type ResourcePlan,
} from "../planning";
import { readHost } from "../reading";
import { makePrintable } from "../terminal";
import { groupWishes, guestWishes, iommuWishes, type WishOptions } from "../wish-options";

/** Options of `passthrough plan`. */
export interface PlanOptions extends HostOptions, WishOptions {
  readonly device: DeviceSelector;
  readonly domain?: string;
  readonly json?: boolean;
}

/** Shows what Pulumi's preview would show of one device on one host; what is refused is a failure of the command. */
export async function plan(hostText: string, options: PlanOptions, context: Context): Promise<ExitCode> {
  const { terminal, signal } = context;
  checkWishes(options);
  const connection = readConnection(hostText, options, await context.readSecrets(options));
  const facts = await readHost(connection, { terminal, signal, connectUri: options.connectUri });
  const resources = planAll(connection, facts, options);
  const host = describeHost(connection);
  if (options.json === true) terminal.write(renderJson({ host, resources }));
  else {
    const title = `${terminal.paint.title(makePrintable(host))}  ${makePrintable(facts.identity.distributionName)}\n`;
    const texts = makePrintable(resources).map((resource) => renderResourcePlan(resource, terminal));
    terminal.write([title, ...texts].join("\n"));
  }
  return resources.some(({ outcome }) => outcome === "refused") ? EXIT.failure : EXIT.fine;
}

/** Without a reboot that is allowed, an `up` of the same wishes ends at the group. */
function explainStop({ waitsFor }: ResourcePlan, facts: HostFacts): Pick<ResourcePlan, "waitsFor"> {
  if (waitsFor === undefined || isIommuActive(facts)) return {};
  return {
    waitsFor:
      "pulumi up would stop here with an error until the host was rebooted with the IOMMU on; see what --trial-boot or --reboot if-required would do",
  };
}

/** The three resources of the guide, as a program would declare them. */
export function planAll(host: HostConnection, facts: HostFacts, options: PlanOptions): ResourcePlan[] {
  const iommu = planIommuConfig(host, facts, iommuWishes(options));
  const alone = planGroup(host, facts, groupWishes(options.device, options));
  const group = iommu.willReboot ? withoutObstacle(alone) : { ...alone, ...explainStop(alone, facts) };
  const { domain, connectUri } = options;
  if (domain === undefined) return [iommu, group];
  const wishes = { domain, connectUri, ...guestWishes(options) };
  const devices = listMembers(group);
  const guest =
    devices.length === 0
      ? planHostdevWithoutDevices(host, facts, wishes)
      : planHostdev(host, facts, { ...wishes, devices });
  return [iommu, group, guest];
}

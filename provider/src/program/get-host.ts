import type * as pulumi from "@pulumi/pulumi";
import type { HostSurvey } from "../model/survey/survey";
import {
  callFunction,
  callFunctionOutput,
  type HostFunction,
  type HostFunctionArgs,
  type HostFunctionOutputArgs,
} from "./function-call";

/** Arguments of {@link getHost}. */
export type GetHostArgs = HostFunctionArgs;

/** Arguments of {@link getHostOutput}. */
export type GetHostOutputArgs = HostFunctionOutputArgs;

/** What {@link getHost} answers. */
export type GetHostResult = HostSurvey;

const GET_HOST: HostFunction<HostSurvey> = { name: "getHost", answer: (survey) => survey };

/**
 * Reads what a host is and what it could give to guests: CPU, firmware, IOMMU and why it is in use or not, boot loader,
 * libvirt, and every PCI function with its name, driver, group, users and verdict. It changes nothing. All calls for a host in
 * one run, and its resources, share one reading.
 *
 * @throws when the host cannot be reached or read; the message names the host, the cause and the next step.
 */
export function getHost(args: GetHostArgs, opts?: pulumi.InvokeOptions): Promise<GetHostResult> {
  return callFunction(GET_HOST, args, opts);
}

/**
 * The same for arguments that may be outputs. It waits for them and for `dependsOn`; where it waited for a resource the host is
 * read anew. In a preview the answer is unknown while such a resource does not exist yet. It is secret when an argument is.
 */
export function getHostOutput(
  args: GetHostOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetHostResult> {
  return callFunctionOutput(GET_HOST, args, opts);
}

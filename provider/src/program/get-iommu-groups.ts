import type * as pulumi from "@pulumi/pulumi";
import { pickGroups, type IommuGroups } from "../model/survey/iommu-groups";
import {
  callFunction,
  callFunctionOutput,
  type HostFunction,
  type HostFunctionArgs,
  type HostFunctionOutputArgs,
} from "./function-call";

/** Arguments of {@link getIommuGroups}. */
export type GetIommuGroupsArgs = HostFunctionArgs;

/** Arguments of {@link getIommuGroupsOutput}. */
export type GetIommuGroupsOutputArgs = HostFunctionOutputArgs;

/** What {@link getIommuGroups} answers. */
export type GetIommuGroupsResult = IommuGroups;

const GET_IOMMU_GROUPS: HostFunction<IommuGroups> = { name: "getIommuGroups", answer: pickGroups };

/**
 * Reads the IOMMU groups of a host with their functions, and of each group whether it can go to a guest: free, with which other
 * members, or needed by the host because of what. It changes nothing, and shares its reading with {@link getHost}.
 *
 * @throws when the host cannot be reached or read; the message names the host, the cause and the next step.
 */
export function getIommuGroups(args: GetIommuGroupsArgs, opts?: pulumi.InvokeOptions): Promise<GetIommuGroupsResult> {
  return callFunction(GET_IOMMU_GROUPS, args, opts);
}

/**
 * The same for arguments that may be outputs. It waits for them and for `dependsOn`; where it waited for a resource the host is
 * read anew. In a preview the answer is unknown while such a resource does not exist yet. It is secret when an argument is.
 */
export function getIommuGroupsOutput(
  args: GetIommuGroupsOutputArgs,
  opts?: pulumi.InvokeOutputOptions,
): pulumi.Output<GetIommuGroupsResult> {
  return callFunctionOutput(GET_IOMMU_GROUPS, args, opts);
}

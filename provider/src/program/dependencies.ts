import * as pulumi from "@pulumi/pulumi";

type Dependencies = NonNullable<pulumi.InvokeOutputOptions["dependsOn"]>;

/**
 * Resolves when all of these resources, and those below them where they are components, are done. In a preview it is
 * unknown while one of them does not exist yet, as for Pulumi's own functions.
 */
export function whenDone(dependsOn: Dependencies): pulumi.Output<unknown> {
  const roots = pulumi.output(dependsOn) as pulumi.Output<pulumi.Resource | readonly pulumi.Resource[]>;
  return roots.apply((found) => pulumi.all([found].flat().flatMap(listParts)));
}

/** Custom resources have an id once they are there; what a component is made of stands below it. */
function listParts(resource: pulumi.Resource): pulumi.Output<unknown>[] {
  if (pulumi.CustomResource.isInstance(resource)) return [resource.id];
  // Pulumi's types do not tell of this member; its own functions wait in the same way.
  const { __childResources: children } = resource as { __childResources?: ReadonlySet<pulumi.Resource> };
  return [resource.urn, ...[...(children ?? [])].flatMap(listParts)];
}

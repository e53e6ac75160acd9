import { afterEach, beforeEach } from "@jest/globals";
import { PulumiWorkspace } from "../pulumi/workspace";

/** A stack of its own for every test of a `describe`; what a test leaves on the host is taken back behind it. */
export function useStack(): () => PulumiWorkspace {
  let workspace: PulumiWorkspace | undefined;

  beforeEach(async () => {
    workspace = await PulumiWorkspace.create();
  });

  afterEach(async () => {
    await workspace?.destroy();
    await workspace?.remove();
    workspace = undefined;
  });

  return () => {
    if (workspace === undefined) throw new Error("a stack is there during a test only");
    return workspace;
  };
}

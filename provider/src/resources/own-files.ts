import type { Expectation } from "../model/change";
import type { HostFacts, HostFile } from "../model/host-facts";

/** A file of ours that decides over the next boot, or one of another at its path; undefined without any. */
export function findBootFile(facts: HostFacts, path: string): HostFile | undefined {
  return facts.persistence.files.find((file) => file.path === path);
}

/** That a file is as the plan saw it, or still not there. */
export function expectBootFile(facts: HostFacts, path: string): Expectation {
  return { kind: "file", path, sha256: findBootFile(facts, path)?.sha256 };
}

/** What an interrupted change left beside these files. */
export function listLeftovers(facts: HostFacts, files: readonly { readonly path: string }[]): string[] {
  const { leftovers } = facts.persistence;
  return leftovers.filter((path) => files.some((file) => path.startsWith(`${file.path}.passthrough-`)));
}

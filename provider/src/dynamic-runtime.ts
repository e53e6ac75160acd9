import { dynamicProvider, type DynamicProvider } from "./engine/provider";
import { definitions, isKind } from "./engine/registry";
import { Sessions } from "./engine/sessions";
import { ShellPool } from "./transport/pool";

/** Connections stay open between the calls of one run. */
const LINGER_MS = 30_000;

const sessions = new Sessions(new ShellPool({ lingerMs: LINGER_MS }));
const providers = new Map<string, DynamicProvider>();

/**
 * The provider of a kind of resource. State files of every release name this module and this function: both are frozen.
 */
export function provider(kind: string): DynamicProvider {
  const known = providers.get(kind);
  if (known !== undefined) return known;
  if (!isKind(kind))
    throw new Error(`this release of pulumi-passthrough has no resource ${JSON.stringify(kind)}; install a newer one`);
  // Each kind has types of its own; from here on only Pulumi's untyped values pass.
  const made = dynamicProvider(definitions[kind] as unknown as Parameters<typeof dynamicProvider>[0], sessions);
  providers.set(kind, made);
  return made;
}

// Pulumi ends its providers with SIGINT. A change on a host ends by itself, with us or without.
process.once("SIGINT", () => {
  void sessions.close().finally(() => process.exit(130));
});

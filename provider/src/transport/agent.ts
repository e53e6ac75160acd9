import { isNativeError } from "node:util/types";
import {
  BaseAgent,
  createAgent,
  type IdentityCallback,
  type ParsedKey,
  type SignCallback,
  type SigningRequestOptions,
  utils,
} from "ssh2";

type AgentKey = ParsedKey | Buffer | string;

/** How to use an agent: which of its keys come first, and whether the others count. */
export interface AgentUse {
  readonly path: string;
  readonly preferred: readonly Buffer[];
  readonly onlyPreferred: boolean;
  /** Hears why the agent could not be asked; then the other ways to log in are tried. */
  readonly onFailure: (reason: string) => void;
}

/**
 * An SSH agent that offers the keys of the identity files first: a server hangs up after a handful of wrong ones, and an
 * agent may hold many.
 */
export class OrderedAgent extends BaseAgent {
  private readonly agent: BaseAgent;
  private readonly use: AgentUse;

  constructor(use: AgentUse) {
    super();
    this.agent = createAgent(use.path);
    this.use = use;
  }

  override getIdentities(callback: IdentityCallback): void {
    this.agent.getIdentities((error, keys) => {
      if (error !== undefined && error !== null) this.use.onFailure(error.message);
      callback(undefined, this.order(keys ?? []));
    });
  }

  override sign(
    key: AgentKey,
    data: Buffer,
    options: SigningRequestOptions | SignCallback,
    callback?: SignCallback,
  ): void {
    if (typeof options === "function") this.agent.sign(key, data, options);
    else this.agent.sign(key, data, options, callback);
  }

  private order(keys: readonly unknown[]): ParsedKey[] {
    const usable = keys.flatMap((key) => {
      const parsed = utils.parseKey(key as AgentKey);
      return isNativeError(parsed) ? [] : [parsed];
    });
    const isPreferred = (key: ParsedKey): boolean =>
      this.use.preferred.some((other) => other.equals(key.getPublicSSH()));
    const others = this.use.onlyPreferred ? [] : usable.filter((key) => !isPreferred(key));
    return [...usable.filter(isPreferred), ...others];
  }
}

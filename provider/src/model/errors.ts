import { recogniseError, renderReference } from "./error-catalogue/catalogue";

/** The three things an operator needs from an error. */
export interface HostErrorFacts {
  /** Label of the host, as the user wrote it. */
  readonly host: string;
  /** What went wrong and why. */
  readonly what: string;
  /** What to do next. */
  readonly next: string;
}

/**
 * An error about a host that is expected to happen: its message is for people and holds no secret. Where the catalogue knows
 * what went wrong, the message names cause, remedy and page as well.
 */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly facts: HostErrorFacts;

  constructor(facts: HostErrorFacts) {
    super(renderMessage(facts));
    this.facts = facts;
  }
}

function renderMessage({ host, what, next }: HostErrorFacts): string {
  const known = recogniseError(what);
  if (known === undefined) return `${host}: ${what}. Next: ${next}.`;
  const why = known.isExplained ? "" : `. Cause: ${known.cause}. Remedy: ${known.remedy}`;
  return `${host}: ${what}${why}. Next: ${next} ${renderReference(known.id)}.`;
}

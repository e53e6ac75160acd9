/** The three things an operator needs from an error. */
export interface HostErrorFacts {
  /** Label of the host, as the user wrote it. */
  readonly host: string;
  /** What went wrong and why. */
  readonly what: string;
  /** What to do next. */
  readonly next: string;
}

/** An error about a host that is expected to happen: its message is for people and holds no secret. */
export class HostError extends Error {
  override readonly name = "HostError";
  readonly facts: HostErrorFacts;

  constructor(facts: HostErrorFacts) {
    super(`${facts.host}: ${facts.what}. Next: ${facts.next}.`);
    this.facts = facts;
  }
}

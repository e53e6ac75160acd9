import type { AuthenticationType, AuthHandlerMiddleware } from "ssh2";
import type { Credentials, LoginAttempt } from "./credentials";
import { TransportError } from "./errors";
import type { Target } from "./target";

/** One login: offers what there is to offer and knows afterwards what was tried. */
export class Authentication {
  private readonly target: Target;
  private readonly credentials: Credentials;
  private readonly tried: string[] = [];
  private readonly rest: LoginAttempt[];
  private accepted: readonly AuthenticationType[] | undefined;
  private wasAsked = false;

  constructor(target: Target, credentials: Credentials) {
    this.target = target;
    this.credentials = credentials;
    this.rest = [...credentials.attempts];
  }

  /** True once the host wants a login, also where there is nothing to offer. */
  get hasStarted(): boolean {
    return this.wasAsked;
  }

  /** What ssh2 asks for the next attempt; `null` stands for "the server has not said what it accepts". */
  readonly handler: AuthHandlerMiddleware = (methods: AuthenticationType[] | null, _isPartial, next) => {
    this.wasAsked = true;
    if (methods !== null) this.accepted = methods;
    for (let attempt = this.rest.shift(); attempt !== undefined; attempt = this.rest.shift()) {
      if (this.accepted !== undefined && !this.accepted.includes(attempt.method)) continue;
      this.tried.push(attempt.description);
      next(attempt.auth);
      return;
    }
    // ssh2 takes `false` for "nothing left", which its types do not know.
    next(false as never);
  };

  /** The error of a login that failed. */
  failure(): TransportError {
    const { target } = this;
    const tried = this.tried.length === 0 ? "there was nothing to log in with" : `tried: ${this.tried.join(", ")}`;
    const accepts = this.accepted === undefined ? "" : `; the host accepts: ${this.accepted.join(", ")}`;
    const notes = this.credentials.notes.map((note) => `; ${note}`).join("");
    return new TransportError({
      ...{ kind: "authentication", host: target.label, property: this.property() },
      cause: `could not log in as ${target.user} (${tried}${accepts}${notes})`,
      next: `Put the public key into ~${target.user}/.ssh/authorized_keys of the host, or give another key or a password in ${target.property}.privateKeyPath or ${target.property}.password`,
    });
  }

  private property(): string {
    const { login, property } = this.target;
    for (const field of ["privateKey", "privateKeyPath", "password"] as const) {
      if (login[field] !== undefined) return `${property}.${field}`;
    }
    return property;
  }
}

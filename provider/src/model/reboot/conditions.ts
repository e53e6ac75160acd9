/** What a reboot may do to whoever uses the host; without it, whatever is in use stops the reboot. */
export interface RebootConditions {
  readonly loggedInUsers: "refuse" | "ignore";
  readonly inhibitors: "refuse" | "ignore";
  /** Domains to shut down first, in this order; any other that is active stops the reboot. */
  readonly domains: readonly DomainName[];
  /** Longest wait for each of them. */
  readonly domainShutdownTimeoutSeconds: number;
}

/** A domain by both its names. */
export interface DomainName {
  readonly uuid: string;
  readonly name: string;
}

export const STRICT_CONDITIONS: RebootConditions = {
  loggedInUsers: "refuse",
  inhibitors: "refuse",
  domains: [],
  domainShutdownTimeoutSeconds: 120,
};

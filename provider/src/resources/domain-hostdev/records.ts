/** Names of the host's notes on a domain. They outlive a run whose answer was lost, and win over the state. */
export function recordNames(uuid: string): {
  /** The controllers that it had before our first device. */
  readonly controllers: string;
  /** That we defined it, and the fingerprint of the text. */
  readonly defined: string;
  /** That we started it, and it was off before. */
  readonly started: string;
  /** That it was running, and is being shut down to be started again. */
  readonly restart: string;
} {
  return {
    controllers: `controllers-${uuid}`,
    defined: `defined-${uuid}`,
    started: `started-${uuid}`,
    restart: `restart-${uuid}`,
  };
}

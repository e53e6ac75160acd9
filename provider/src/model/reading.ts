import { SYSTEM_URI } from "./libvirt/connect-uri";

/** What a reading of a host is asked for beyond what every reading tells. */
export interface ReadingRequest {
  /** The libvirt that is asked. Default: the system's. */
  readonly connectUri?: string;
  /**
   * Packages whose installation the host's package manager plays through, or the distribution's own set. It costs seconds, so
   * it is left out unless a resource manages packages.
   */
  readonly packages?: "default" | readonly string[];
}

/** One text for all ways to ask for the same. */
export function readingKey({ connectUri = SYSTEM_URI, packages }: ReadingRequest): string {
  return JSON.stringify([connectUri, packages ?? ""]);
}

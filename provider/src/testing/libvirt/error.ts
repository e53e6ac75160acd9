/**
 * A refusal in libvirt's own words: the last `error:` line of virsh. `headline` is the line above it, where it is not the
 * command's usual one; null for none.
 */
export class LibvirtError extends Error {
  readonly headline: string | null | undefined;

  constructor(message: string, headline?: string | null) {
    super(message);
    this.headline = headline;
  }
}

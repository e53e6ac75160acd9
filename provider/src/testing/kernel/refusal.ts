/** The kernel's word for a refused write; the text is what `strerror` says. */
export class KernelRefusal extends Error {}

/** An error that users meet, what it means, and what to do about it. */
export interface KnownError {
  /** Stable: messages and links name it. */
  readonly id: `PT-E${number}`;
  /** What has happened, as a heading. */
  readonly title: string;
  /**
   * Messages of the kernel, of QEMU, libvirt and the tools under LC_ALL=C, as shapes: words in order, in which `{address}` is
   * a PCI address, `{number}` a number, `{path}` an absolute path, `{group}` VFIO's file of a group, `{aliases}` the kernel's
   * list of drivers, and `{word}` any word. Their cause is added to the message.
   */
  readonly foreign: readonly string[];
  /** Our own messages, which say cause and remedy themselves: only the reference is added. */
  readonly own: readonly string[];
  /** Complete sentences without the last full stop; `{address}` and other names stand for what was found. */
  readonly cause: string;
  readonly remedy: string;
}

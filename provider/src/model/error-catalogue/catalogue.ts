import type { KnownError } from "./entry";
import { GUEST_ERRORS } from "./guest-errors";
import { HOST_ERRORS } from "./host-errors";
import { LIBVIRT_ERRORS } from "./libvirt-errors";
import { recogniseAmong, type RecognisedError } from "./recognise";

/** Page that has a section for each entry, from the folder of packages on: few know where a package keeps its pages. */
const PAGE = "pulumi-passthrough/docs/errors.md";

/** Every error that is known, in the order in which they are looked for: what says more comes first. */
export const KNOWN_ERRORS: readonly KnownError[] = [...GUEST_ERRORS, ...LIBVIRT_ERRORS, ...HOST_ERRORS];

/** Recognises an error by its message; undefined for one that is not known. */
export function recogniseError(text: string): RecognisedError | undefined {
  return recogniseAmong(KNOWN_ERRORS, text);
}

/** Where to read on: `(PT-E01, pulumi-passthrough/docs/errors.md#pt-e01)`. */
export function renderReference(id: KnownError["id"]): string {
  return `(${id}, ${PAGE}#${id.toLowerCase()})`;
}

/** The message with a reference behind it, if it is a known one and has none yet. */
export function withReference(message: string): string {
  const known = recogniseError(message);
  if (known === undefined || message.includes(renderReference(known.id))) return message;
  return `${message} ${renderReference(known.id)}`;
}

import { withReference } from "../model/error-catalogue/catalogue";
import { TransportError } from "../transport/errors";

/** What is said of a failure: at which input, and in which words. */
export interface Failure {
  readonly property: string;
  readonly message: string;
}

/** Puts an error into words for the user; what is not expected keeps its kind, so that a report can name it. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof TransportError) return { property: error.property, message: withReference(error.message) };
  if (error instanceof Error) return { property: "host", message: error.message };
  return { property: "host", message: String(error) };
}

/**
 * An error for Pulumi's dynamic provider process, which prints `${error}: ${error.stack}` to the user's screen for some of its
 * methods: so that the message stands there once, the stack is the message and the text says only whose it is.
 */
export function toUserError(error: unknown): Error {
  const { message } = describeFailure(error);
  const plain = new Error(message);
  plain.stack = message;
  plain.toString = () => "pulumi-passthrough";
  return plain;
}

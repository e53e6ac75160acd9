import { TransportError, type TransportErrorKind } from "../../provider/src/transport/errors";

/** The error that some work ends in; fails when it succeeds, or ends in another kind of error. */
export async function failureOf(work: Promise<unknown>): Promise<TransportError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof TransportError) return error;
    throw error;
  }
  throw new Error("it should have failed");
}

/** What code decides on, in one value. */
export function factsOf(error: TransportError): { kind: TransportErrorKind; property: string } {
  return { kind: error.kind, property: error.property };
}

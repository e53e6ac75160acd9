import { createRequire } from "node:module";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Says things on a resource's row of the display. */
export interface ResourceLog {
  /** Replaces the last status line; gone when the work is done. */
  status(text: string): void;
  /** Stays. */
  note(text: string): void;
  /** Stays, as a warning. */
  warn(text: string): void;
}

type Client = InstanceType<typeof EngineClient>;

let client: Client | undefined;
const said = new Set<string>();
let sent: Promise<void> = Promise.resolve();

/** The engine hands its address to every provider as the last argument. */
function connect(): Client | undefined {
  const address = process.argv.at(-1) ?? "";
  if (client !== undefined || !/^[\w.[\]:-]+:\d+$/.test(address)) return client;
  // Pulumi's own copy of the gRPC library: two copies do not accept each other's credentials.
  const grpc = createRequire(require.resolve("@pulumi/pulumi/package.json"))("@grpc/grpc-js") as {
    credentials: { createInsecure(): ConstructorParameters<typeof EngineClient>[1] };
  };
  client = new EngineClient(address, grpc.credentials.createInsecure());
  return client;
}

/** The log of the resource with this URN; without an engine, as in tests, it says nothing. */
export function resourceLog(urn: string | undefined): ResourceLog {
  return {
    status: (text) => {
      send(urn, text, { severity: LogSeverity.INFO, isEphemeral: true });
    },
    note: (text) => {
      sayOnce(urn, text, LogSeverity.INFO);
    },
    warn: (text) => {
      sayOnce(urn, text, LogSeverity.WARNING);
    },
  };
}

/** A replacement is checked twice; what stays is said once. */
function sayOnce(urn: string | undefined, text: string, severity: LogSeverity): void {
  const key = `${urn ?? ""}\n${text}`;
  if (said.has(key)) return;
  said.add(key);
  send(urn, text, { severity, isEphemeral: false });
}

function send(urn: string | undefined, text: string, kind: { severity: LogSeverity; isEphemeral: boolean }): void {
  const engine = connect();
  if (engine === undefined) return;
  const request = new LogRequest();
  request.setSeverity(kind.severity);
  request.setMessage(text);
  request.setEphemeral(kind.isEphemeral);
  if (urn !== undefined) request.setUrn(urn);
  // One after another: two calls under way at once may arrive in any order.
  sent = sent.then(
    () =>
      new Promise((resolve) => {
        // A status that cannot be shown must not fail the work it speaks of.
        engine.log(request, () => {
          resolve();
        });
      }),
  );
}

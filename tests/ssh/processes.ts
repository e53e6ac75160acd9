import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";

/** A program that runs until it is stopped. */
export interface RunningProcess {
  readonly pid: number;
  /** What it has written to its standard error so far. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts a program and waits until it answers on its port; fails with its own words when it ends before. */
export async function startProcess(argv: readonly string[], port: number): Promise<RunningProcess> {
  const [program = "", ...args] = argv;
  const child = spawn(program, args, { stdio: ["ignore", "ignore", "pipe"] });
  let text = "";
  child.stderr.on("data", (chunk: Buffer) => (text += chunk.toString()));
  await once(child, "spawn");
  const deadline = Date.now() + 15_000;
  while (!(await answers(port))) {
    if (child.exitCode !== null || Date.now() > deadline) throw new Error(`${argv.join(" ")} did not start: ${text}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return { pid: child.pid ?? 0, log: () => text, stop: () => stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGTERM");
  await ended;
}

/** Whether something on the port speaks: an SSH server says its version at once. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("data", () => {
      resolve(true);
      socket.destroy();
    });
    socket.once("error", () => {
      resolve(false);
    });
    socket.once("close", () => {
      resolve(false);
    });
  });
}

/** A port of the loopback interface that nobody uses now. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  server.close();
  await once(server, "close");
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

/** A wire to a server that can be cut, or go silent as a dead network does. */
export interface Wire {
  readonly port: number;
  readonly cut: () => void;
  readonly freeze: () => void;
  /** Connections accepted so far. */
  readonly count: () => number;
  readonly stop: () => Promise<void>;
}

/** Relays a port of its own to the server's port. */
export async function startWire(serverPort: number): Promise<Wire> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createServer((near) => {
    count += 1;
    const far = connect({ host: "127.0.0.1", port: serverPort });
    for (const socket of [near, far]) {
      sockets.add(socket.on("error", () => undefined));
    }
    near.pipe(far).pipe(near);
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  function cut(): void {
    for (const socket of sockets) socket.destroy();
  }
  return {
    port: address.port,
    cut,
    freeze: () => {
      for (const socket of sockets) socket.unpipe().pause();
    },
    count: () => count,
    stop: async () => {
      cut();
      server.close();
      await once(server, "close");
    },
  };
}

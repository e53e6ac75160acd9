import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { openShell } from "../../provider/src/transport/shell";
import { factsOf, failureOf } from "./failures";
import { findFreePort, startWire, type Wire } from "./processes";
import { type SshServer, startDropbear, startOpenSsh } from "./servers";

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("a connection to %s that breaks", (_name, start) => {
  let server: SshServer;
  let wire: Wire;

  beforeAll(async () => {
    server = await start();
    wire = await startWire(server.port);
  });

  afterAll(async () => {
    await wire.stop();
    await server.stop();
  });

  it.each([
    [
      "is cut",
      () => {
        wire.cut();
      },
    ],
    [
      "goes silent",
      () => {
        wire.freeze();
      },
    ],
  ])("fails the command that runs when the network %s", async (_what, breakWire) => {
    const shell = await openShell(server.connection({ port: wire.port, keepaliveIntervalSeconds: 0.1 }));
    const lines: string[] = [];
    function onLine(line: string): void {
      lines.push(line);
      breakWire();
    }

    const error = await failureOf(shell.run({ script: "echo started; exec sleep 30", onLine }));
    const next = await failureOf(shell.run({ script: "true" }));
    await shell.close();

    expect(lines).toEqual(["started"]);
    expect([error, next].map(factsOf)).toEqual(Array(2).fill({ kind: "connection-lost", property: "host" }));
    expect(shell.lost.aborted).toBe(true);
  });

  it("fails the command that runs when the shell is closed", async () => {
    const shell = await openShell(server.connection());

    const running = failureOf(shell.run({ script: "exec sleep 30" }));
    await shell.close();

    expect(factsOf(await running)).toEqual({ kind: "connection-lost", property: "host" });
  });
});

/** Something that accepts connections and does this with them. */
async function startListener(answer: (socket: Socket) => void, port = 0): Promise<{ port: number; stop: () => void }> {
  const sockets: Socket[] = [];
  const listener: Server = createServer((socket) => {
    sockets.push(socket.on("error", () => undefined));
    answer(socket);
  }).listen(port, "127.0.0.1");
  await once(listener, "listening");
  const address = listener.address();
  return {
    port: typeof address === "object" && address !== null ? address.port : 0,
    stop: () => {
      listener.close();
      sockets.forEach((socket) => socket.destroy());
    },
  };
}

describe("connecting", () => {
  const nobody = { address: "127.0.0.1", user: "root", sshConfigPath: "none" };

  it("says where nothing listens, after trying again", async () => {
    const attempts: string[] = [];
    const port = await findFreePort();

    const error = await failureOf(openShell({ ...nobody, port }, { onProgress: (text) => attempts.push(text) }));

    expect(factsOf(error)).toEqual({ kind: "unreachable", property: "host" });
    expect(error.message).toContain(`root@127.0.0.1:${port}: cannot connect to 127.0.0.1 port ${port}`);
    expect(attempts.length).toBe(2);
  });

  it("says that a name does not exist, at once", async () => {
    const attempts: string[] = [];

    const error = await failureOf(
      openShell({ ...nobody, address: "host.invalid" }, { onProgress: (text) => attempts.push(text) }),
    );

    expect(factsOf(error)).toEqual({ kind: "unreachable", property: "host" });
    expect(error.message).toContain("host.invalid");
  });

  it.each([
    ["says nothing", () => undefined, "unreachable"],
    [
      "hangs up",
      (socket: Socket) => {
        socket.destroy();
      },
      "unreachable",
    ],
    [
      "speaks another protocol",
      (socket: Socket) => {
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n".repeat(30));
      },
      "unreachable",
    ],
  ] as const)("fails within its time when the other end %s", async (_what, answer, kind) => {
    const listener = await startListener(answer);
    const before = Date.now();

    const error = await failureOf(openShell({ ...nobody, port: listener.port, connectTimeoutSeconds: 1 }));
    listener.stop();

    expect(error.kind).toBe(kind);
    expect(Date.now() - before).toBeLessThan(2500);
  });

  it("stops when the caller gives up", async () => {
    const listener = await startListener(() => undefined);
    const stopped = new AbortController();

    const opening = failureOf(openShell({ ...nobody, port: listener.port }, { signal: stopped.signal }));
    setTimeout(() => {
      stopped.abort();
    }, 50);
    const error = await opening;
    listener.stop();

    expect(factsOf(error)).toEqual({ kind: "timeout", property: "host" });
  });

  it("succeeds when the server refuses the first attempt only", async () => {
    const server = await startOpenSsh();
    let count = 0;
    const wire = await startWire(server.port);
    const { createConnection } = await import("node:net");
    const listener = await startListener((socket) => {
      count += 1;
      if (count === 1) socket.destroy();
      else socket.pipe(createConnection(wire.port, "127.0.0.1").on("error", () => undefined)).pipe(socket);
    });

    const shell = await openShell(server.connection({ port: listener.port }));
    const result = await shell.run({ script: "echo here" });
    await shell.close();
    listener.stop();
    await wire.stop();
    await server.stop();

    expect(result.stdout).toBe("here\n");
    expect(count).toBe(2);
  });
});

describe("jump hosts", () => {
  let far: SshServer;
  let near: SshServer;
  let middle: SshServer;

  beforeAll(async () => {
    [far, middle, near] = await Promise.all([startOpenSsh(), startDropbear(), startOpenSsh()]);
  });

  afterAll(async () => {
    await Promise.all([far, middle, near].map((server) => server.stop()));
  });

  const SCRIPT = "echo $SSH_CONNECTION | cut -d ' ' -f 4";

  it("leads over one hop", async () => {
    const shell = await openShell(far.connection({ jumpHost: near.connection() }));
    const result = await shell.run({ script: SCRIPT });
    await shell.close();

    expect(result.stdout).toBe(`${far.port}\n`);
  });

  it.each([
    ["in a list", () => far.connection({ jumpHost: [near.connection(), middle.connection()] })],
    ["one inside the other", () => far.connection({ jumpHost: middle.connection({ jumpHost: near.connection() }) })],
  ])("leads over two hops %s", async (_what, connection) => {
    const shell = await openShell(connection());
    const big = await shell.run({ script: `${SCRIPT}; head -c 1000000 /dev/zero | tr '\\0' a` });
    await shell.close();

    expect(big.stdout).toBe(`${far.port}\n${"a".repeat(1_000_000)}`);
  });

  it("is checked as every host is, under its own path", async () => {
    const bad = middle.connection({ hostKey: far.hostKeys.map((key) => key.publicKey) });

    const error = await failureOf(openShell(far.connection({ jumpHost: [near.connection(), bad] })));

    expect(factsOf(error)).toEqual({ kind: "host-key-mismatch", property: "host.jumpHost[1].hostKey" });
    expect(error.host).toContain("jump host of root@127.0.0.1");
  });

  it("says which hop cannot go on", async () => {
    const port = await findFreePort();

    const error = await failureOf(openShell(far.connection({ port, jumpHost: near.connection() })));

    expect(factsOf(error)).toEqual({ kind: "unreachable", property: "host" });
    expect(error.message).toContain(
      `root@127.0.0.1:${near.port} (jump host of root@127.0.0.1:${port}) cannot connect to`,
    );
  });

  it("tells the loss of the far connection when the jump host's is cut", async () => {
    const wire = await startWire(near.port);
    const shell = await openShell(far.connection({ jumpHost: near.connection({ port: wire.port }) }));

    const running = shell.run({
      script: "echo started; exec sleep 30",
      onLine: () => {
        wire.cut();
      },
    });
    const error = await failureOf(running);
    await shell.close();
    await wire.stop();

    expect(factsOf(error)).toEqual({ kind: "connection-lost", property: "host" });
  });

  it("are found in the ssh config, with everything else that a name stands for", async () => {
    const home = join(far.dir, "user-home");
    mkdirSync(join(home, ".ssh", "config.d"), { recursive: true });
    const known = [near, far].map((server) => `[127.0.0.1]:${server.port} ${server.hostKeys[0]?.publicKey ?? ""}`);
    writeFileSync(join(home, ".ssh", "known"), known.join("\n"));
    writeFileSync(
      join(home, ".ssh", "config"),
      `Include config.d/*\nHost *\n  User root\n  IdentityFile ${near.clientKey.path}\n  IdentityFile ${far.clientKey.path}\n  UserKnownHostsFile ~/.ssh/known\n`,
    );
    writeFileSync(
      join(home, ".ssh", "config.d", "kvm"),
      `Host far\n  HostName 127.0.0.1\n  Port ${far.port}\n  ProxyJump near\nHost near\n  HostName 127.0.0.1\n  Port ${near.port}\n`,
    );

    const shell = await openShell("far", {
      env: { homeDir: home, userName: "nobody", variables: {}, globalKnownHosts: [] },
    });
    const result = await shell.run({ script: SCRIPT });
    await shell.close();

    expect(shell.label).toBe("far");
    expect(result.stdout).toBe(`${far.port}\n`);
  });
});

import { afterAll, afterEach, beforeAll, describe, expect, it } from "@jest/globals";
import { once } from "node:events";
import { join } from "node:path";
import { ShellPool } from "../../provider/src/transport/pool";
import { factsOf, failureOf } from "./failures";
import { startWire, type Wire } from "./processes";
import { type SshServer, startDropbear, startOpenSsh } from "./servers";

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("a pool of shells on %s", (_name, start) => {
  let server: SshServer;
  let wire: Wire;
  let pool = new ShellPool({ lingerMs: 100 });

  beforeAll(async () => {
    server = await start();
    wire = await startWire(server.port);
  });

  afterEach(async () => {
    await pool.closeAll();
    pool = new ShellPool({ lingerMs: 100 });
  });

  afterAll(async () => {
    await wire.stop();
    await server.stop();
  });

  it("runs everything of a host over one connection", async () => {
    const before = wire.count();

    const outputs = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const shell = await pool.acquire(server.connection({ port: wire.port }));
        const result = await shell.run({ script: `echo ${index}` });
        shell.release();
        return result.stdout;
      }),
    );

    expect(outputs).toEqual(Array.from({ length: 30 }, (_, index) => `${index}\n`));
    expect(wire.count() - before).toBe(1);
  });

  it("keeps connections with other credentials apart", async () => {
    const before = wire.count();
    const users = ["root", "operator"];

    const shells = await Promise.all(users.map((user) => pool.acquire(server.connection({ port: wire.port, user }))));
    const names = await Promise.all(shells.map(async (shell) => (await shell.run({ script: "id -un" })).stdout.trim()));

    expect(names).toEqual(users);
    expect(wire.count() - before).toBe(2);
  });

  it("connects anew after the connection was lost", async () => {
    const first = await pool.acquire(server.connection({ port: wire.port }));
    const lost = once(first.lost, "abort");
    wire.cut();
    await lost;

    const second = await pool.acquire(server.connection({ port: wire.port }));
    const result = await second.run({ script: "echo again" });

    expect(result.stdout).toBe("again\n");
  });

  it("closes a connection some time after the last use", async () => {
    const shell = await pool.acquire(server.connection());
    const lost = once(shell.lost, "abort");

    shell.release();
    const atOnce = shell.lost.aborted;
    await lost;

    expect(atOnce).toBe(false);
  });

  it("keeps a connection that is used again in time", async () => {
    const before = wire.count();
    const first = await pool.acquire(server.connection({ port: wire.port }));
    first.release();

    const second = await pool.acquire(server.connection({ port: wire.port }));
    const result = await second.run({ script: "sleep 0.3; echo here" });

    expect(result.stdout).toBe("here\n");
    expect(wire.count() - before).toBe(1);
  });

  it("fails what runs when everything is closed", async () => {
    const shell = await pool.acquire(server.connection());

    const running = failureOf(shell.run({ script: "exec sleep 30" }));
    await pool.closeAll();

    expect(factsOf(await running)).toEqual({ kind: "connection-lost", property: "host" });
  });

  it("shares the connection to a jump host among the hosts behind it", async () => {
    const before = wire.count();
    const others = await Promise.all([startOpenSsh(), startDropbear()]);

    const jumpHost = server.connection({ port: wire.port });
    const shells = await Promise.all(others.map((other) => pool.acquire(other.connection({ jumpHost }))));
    const results = await Promise.all(shells.map((shell) => shell.run({ script: "echo here" })));
    await pool.closeAll();
    await Promise.all(others.map((other) => other.stop()));

    expect(results.map((result) => result.stdout)).toEqual(["here\n", "here\n"]);
    expect(wire.count() - before).toBe(1);
  });

  it("lets one who waits give up without the others", async () => {
    const stopped = new AbortController();
    const connection = server.connection();

    const impatient = failureOf(pool.acquire(connection, { signal: stopped.signal }));
    const patient = pool.acquire(connection);
    stopped.abort();

    expect(factsOf(await impatient)).toEqual({ kind: "timeout", property: "host" });
    expect((await (await patient).run({ script: "echo here" })).stdout).toBe("here\n");
  });
});

describe("OpenSSH", () => {
  it("runs commands side by side", async () => {
    const server = await startOpenSsh();
    const pool = new ShellPool();
    const shell = await pool.acquire(server.connection());
    const file = join(server.dir, "signal");

    const waiting = shell.run({ script: `until [ -e ${file} ]; do sleep 0.02; done; echo met`, timeoutMs: 5000 });
    await shell.run({ script: `touch ${file}` });
    const result = await waiting;
    await pool.closeAll();
    await server.stop();

    expect(result.stdout).toBe("met\n");
  });
});

describe("a server that allows few sessions", () => {
  it.each([1, 2])("runs everything with MaxSessions %s", async (limit) => {
    const server = await startOpenSsh({ settings: [`MaxSessions ${limit}`] });
    const pool = new ShellPool();

    const shell = await pool.acquire(server.connection());
    const scripts = Array.from({ length: 12 }, (_, index) => `sleep 0.02; echo ${index}`);
    const results = await Promise.all(scripts.map((script) => shell.run({ script })));
    await pool.closeAll();
    await server.stop();

    expect(results.map((result) => result.stdout)).toEqual(scripts.map((_, index) => `${index}\n`));
  });

  it("says so when it allows none", async () => {
    const server = await startOpenSsh({ settings: ["MaxSessions 0"] });
    const pool = new ShellPool();

    const shell = await pool.acquire(server.connection());
    const error = await failureOf(shell.run({ script: "true" }));
    await pool.closeAll();
    await server.stop();

    expect(factsOf(error)).toEqual({ kind: "configuration", property: "host" });
    expect(error.message).toContain("MaxSessions");
  });

  it("says what an account without a shell says", async () => {
    const server = await startOpenSsh({ settings: ["ForceCommand echo go away"] });
    const pool = new ShellPool();

    const shell = await pool.acquire(server.connection());
    const error = await failureOf(shell.run({ script: "true" }));
    await pool.closeAll();
    await server.stop();

    expect(factsOf(error)).toEqual({ kind: "configuration", property: "host" });
    expect(error.message).toContain("it said: go away");
  });
});

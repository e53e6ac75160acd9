import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { type HostShell, openShell } from "../../provider/src/transport/shell";
import { factsOf, failureOf } from "./failures";
import { type SshServer, startDropbear, startOpenSsh } from "./servers";

/** The value, which a hook has set. */
function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("the server did not start");
  return value;
}

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("a shell on %s", (_name, start) => {
  let server: SshServer | undefined;
  let shell: HostShell;

  beforeAll(async () => {
    server = await start({ rcFile: "echo 'passthrough-ready-?'; printf 'no newline at the end'" });
    shell = await openShell(server.connection({ commandTimeoutSeconds: 20 }));
  });

  afterAll(async () => {
    await shell.close();
    await server?.stop();
  });

  it("returns both streams and the exit code, without what the login shell prints", async () => {
    const result = await shell.run({ script: "echo out; echo err >&2; exit 3" });

    expect(result).toEqual({ exitCode: 3, signal: undefined, stdout: "out\n", stderr: "err\n" });
  });

  it.each([
    ["quotes and dollars", `it's "quoted" $HOME $(id) \`id\` \\ ! * ~`],
    ["text beyond ASCII", "Größe 漢字 🚀"],
    ["what looks like the end of our own input", "} </dev/null\nexit 7\n{"],
  ])("sends a script with %s as it is", async (_what, text) => {
    const result = await shell.run({ script: `cat <<'END'\n${text}\nEND` });

    expect(result).toEqual({ exitCode: 0, signal: undefined, stdout: `${text}\n`, stderr: "" });
  });

  it.each([
    ["nothing", "", 0],
    ["a comment", "# nothing", 0],
    ["a false command at its end", "true\nfalse", 1],
    ["a backslash at its end", "true \\", 0],
    ["a syntax error", "if", 2],
  ])("runs a script that is %s", async (_what, script, exitCode) => {
    expect(await shell.run({ script })).toMatchObject({ exitCode, stdout: "" });
  });

  it("keeps the script from its own commands", async () => {
    const result = await shell.run({ script: "cat\necho still here" });

    expect(result.stdout).toBe("still here\n");
  });

  it("carries a script of a megabyte and an output of five", async () => {
    const script = `: ${"x".repeat(1024 * 1024)}\nhead -c 5242880 /dev/zero | tr '\\0' a`;

    const result = await shell.run({ script });

    expect(result).toEqual({ exitCode: 0, signal: undefined, stdout: "a".repeat(5_242_880), stderr: "" });
  });

  it("tells the signal that ended the command", async () => {
    const result = await shell.run({ script: "echo before; kill -KILL $$" });

    expect(result).toEqual({ exitCode: undefined, signal: "SIGKILL", stdout: "before\n", stderr: "" });
  });

  it("hears each line when it is whole, and the rest at the end", async () => {
    const lines: string[] = [];
    const script = "printf 'one\\ntw'; sleep 0.1; printf 'o\\n\\303'; sleep 0.1; printf '\\251'";

    await shell.run({ script, onLine: (line) => lines.push(line) });

    expect(lines).toEqual(["one", "two", "é"]);
  });

  it("hears the first line while the command still runs", async () => {
    const stopped = new AbortController();
    const running = shell.run({
      script: "echo now; exec sleep 60",
      signal: stopped.signal,
      onLine: () => {
        stopped.abort();
      },
    });

    expect(factsOf(await failureOf(running))).toEqual({ kind: "timeout", property: "host" });
  });

  it("fails with what the caller's own function throws", async () => {
    const running = shell.run({
      script: "echo line; exec sleep 60",
      onLine: () => {
        throw new RangeError("from the caller");
      },
    });

    await expect(running).rejects.toThrow(new RangeError("from the caller"));
  });

  it("gives up a command that takes too long", async () => {
    const error = await failureOf(shell.run({ script: "exec sleep 60", timeoutMs: 300 }));

    expect(factsOf(error)).toEqual({ kind: "timeout", property: "host.commandTimeoutSeconds" });
    expect(error.message).toContain(`${shell.label}: a command did not end within 0.3 seconds`);
  });

  it("ends a command that it gives up on the host too, when it logs in as somebody else than root", async () => {
    const other = await openShell(required(server).connection({ user: "operator" }));
    const stopped = new AbortController();
    let pid = "";
    function onLine(line: string): void {
      pid = line;
      stopped.abort();
    }

    await failureOf(other.run({ script: "echo $$; exec sleep 60", signal: stopped.signal, onLine }));
    const script = `for i in 1 2 3 4 5 6 7 8 9; do kill -0 ${pid} || exit 0; sleep 0.1; done; exit 9`;
    const after = await other.run({ script });
    await other.close();

    expect(after.exitCode).toBe(0);
  });

  it("gives up at once when the caller has given up before", async () => {
    const error = await failureOf(shell.run({ script: "exec sleep 60", signal: AbortSignal.abort() }));

    expect(factsOf(error)).toEqual({ kind: "timeout", property: "host" });
  });

  it("gives up a command that prints too much", async () => {
    const error = await failureOf(shell.run({ script: "exec yes", maxOutputBytes: 100_000 }));

    expect(factsOf(error)).toEqual({ kind: "output-limit", property: "host" });
    expect(error.message).toContain("100000 bytes");
  });

  it("runs thirty commands side by side", async () => {
    const numbers = Array.from({ length: 30 }, (_, index) => index);

    const results = await Promise.all(numbers.map((number) => shell.run({ script: `sleep 0.05; echo ${number}` })));

    expect(results.map((result) => result.stdout)).toEqual(numbers.map((number) => `${number}\n`));
  });

  it("replaces what is not UTF-8", async () => {
    expect((await shell.run({ script: "printf 'a\\377b'" })).stdout).toBe("a\ufffdb");
  });
});

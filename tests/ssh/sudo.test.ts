import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { HostSettings } from "../../provider/src/model/connection";
import type { CommandResult } from "../../provider/src/transport/shell";
import { openShell } from "../../provider/src/transport/shell";
import { factsOf, failureOf } from "./failures";
import { PASSWORD, type SshServer, startDropbear, startOpenSsh } from "./servers";

const SCRIPT = "id -u; cat; echo to-stderr >&2; exit 4";
const AS_ROOT: CommandResult = { exitCode: 4, signal: undefined, stdout: "0\n", stderr: "to-stderr\n" };
const NOISE = "echo 'Welcome!'; printf '[sudo] password: ' ; echo warning >&2";

/** Runs the script as the account that needs sudo. */
async function runWith(server: SshServer, sudo: HostSettings["sudo"]): Promise<CommandResult> {
  const shell = await openShell(server.connection({ user: "operator", sudo, commandTimeoutSeconds: 15 }));
  try {
    return await shell.run({ script: SCRIPT });
  } finally {
    await shell.close();
  }
}

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("the real sudo behind %s", (_name, start) => {
  const servers = new Map<string, SshServer>();

  beforeAll(async () => {
    servers.set("asks", await start({ sudoers: "operator ALL=(ALL) ALL\nDefaults lecture=always" }));
    servers.set("trusts", await start({ sudoers: "operator ALL=(ALL) NOPASSWD: ALL" }));
    servers.set("forbids", await start());
  });

  afterAll(async () => {
    for (const server of servers.values()) await server.stop();
  });

  function serverThat(name: string): SshServer {
    const server = servers.get(name);
    if (server === undefined) throw new Error(`no server ${name}; is sudo installed? apt-get install sudo`);
    return server;
  }

  it.each([
    ["needs no password and none is given", true as const],
    ["needs no password and one is given", { password: PASSWORD }],
  ])("makes root of a user who %s", async (_what, sudo) => {
    expect(await runWith(serverThat("trusts"), sudo)).toEqual(AS_ROOT);
  });

  it("makes root of a user with the right password, and shows it nowhere", async () => {
    const result = await runWith(serverThat("asks"), { password: PASSWORD });

    expect({ ...result, stderr: "" }).toEqual({ ...AS_ROOT, stderr: "" });
    expect(result.stderr.endsWith("to-stderr\n")).toBe(true);
    expect(result.stderr).not.toContain("passthrough-");
    expect(JSON.stringify(result)).not.toContain(PASSWORD);
  });

  it.each([
    ["the password is wrong", "asks", { password: "wrong horse" }, "host.sudo.password", "did not take the password"],
    ["there is no password", "asks", true as const, "host.sudo", "NOPASSWD"],
    ["the user may not use sudo", "forbids", { password: PASSWORD }, "host.sudo", "sudo -l"],
  ])("is an error when %s", async (_what, name, sudo, property, words) => {
    const error = await failureOf(runWith(serverThat(name), sudo));

    expect(factsOf(error)).toEqual({ kind: "sudo", property });
    expect(error.message).toContain(words);
    expect(error.message).not.toContain("horse");
  });
});

/** Does what sudo does, and writes down its arguments and what comes in before the shell starts. */
function fakeSudo(rule: "asks" | "trusts"): string {
  return `#!/bin/sh
log=$(getent passwd operator | cut -d: -f6)/sudo.log
echo "arguments: $*" >> "$log"
prompt='password:' mode=ask
while [ $# -gt 0 ]; do
  case $1 in
    -n) mode=never ;; -k|-S) ;; -p) prompt=$2; shift ;; --) shift; break ;;
  esac
  shift
done
if [ ${rule} = asks ]; then
  [ $mode = ask ] || { echo 'sudo: a password is required' >&2; exit 1; }
  for attempt in 1 2 3; do
    printf %s "$prompt" >&2
    IFS= read -r answer || exit 1
    echo "answer: $answer" >> "$log"
    [ "$answer" = '${PASSWORD}' ] && break
    echo 'Sorry, try again.' >&2
    [ $attempt = 3 ] && exit 1
  done
fi
exec "$@"
`;
}

describe.each([
  ["OpenSSH", startOpenSsh],
  ["Dropbear", startDropbear],
])("the exchange with sudo on %s, with a login shell that prints", (_name, start) => {
  it.each([
    ["asks", `answer: ${PASSWORD}\n`],
    ["trusts", ""],
  ] as const)("sends a sudo that %s nothing but what it asked for", async (rule, answers) => {
    const server = await start({ sudoProgram: fakeSudo(rule), rcFile: NOISE });
    try {
      const result = await runWith(server, { password: PASSWORD });
      const log = readFileSync(join(server.dir, "operator", "sudo.log"), "utf8");

      expect(result.stdout).toBe("64999\n");
      expect(result.stderr).toBe("warning\nto-stderr\n");
      expect(log.replace(/^arguments: .*\n/, "")).toBe(answers);
      expect(log.split("\n")[0]).not.toContain(PASSWORD);
    } finally {
      await server.stop();
    }
  });

  it("sends a wrong password once and no script after it", async () => {
    const server = await start({ sudoProgram: fakeSudo("asks"), rcFile: NOISE });
    try {
      const error = await failureOf(runWith(server, { password: "wrong horse" }));
      const log = readFileSync(join(server.dir, "operator", "sudo.log"), "utf8");

      expect(factsOf(error)).toEqual({ kind: "sudo", property: "host.sudo.password" });
      expect(log.replace(/^arguments: .*\n/, "")).toMatch(/^answer: wrong horse\n(answer: \n)*$/);
    } finally {
      await server.stop();
    }
  });
});

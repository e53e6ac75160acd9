import { describe, expect, it } from "@jest/globals";
import { version } from "../../package.json";
import { useCli } from "./stage";

const { startHost, passthrough } = useCli();

describe("passthrough", () => {
  it("prints its version, and help with examples", async () => {
    expect(await passthrough(["--version"])).toEqual({ exitCode: 0, stdout: `${version}\n`, stderr: "" });

    const help = await passthrough(["--help"]);

    expect(help).toMatchObject({ exitCode: 0, stderr: "" });
    expect(help.stdout).toContain("$ passthrough plan kvm1 --device 01:00.0 --domain win11");
  });

  it.each<[what: string, words: string[], said: string]>([
    ["no command", [], "Usage: passthrough"],
    ["an unknown command", ["frobnicate"], "unknown command 'frobnicate'"],
    ["no host", ["plan", "--device", "01:00.0"], "missing required argument 'host'"],
    ["no device", ["plan", "kvm1"], "required option '-d, --device <device>' not specified"],
    [
      "a device that is none",
      ["plan", "kvm1", "--device", "1:0"],
      '"1:0" is neither a PCI address such as 01:00.0 (slot 00 to 1f, function 0 to 7) nor an id such as 10de:2684.',
    ],
    ["a mistyped option", ["plan", "kvm1", "--devcie", "01:00.0"], "unknown option '--devcie'"],
    [
      "a rule that cannot be waived",
      ["plan", "kvm1", "-d", "01:00.0", "--allow", "ssh-session"],
      "The rules that can be waived are",
    ],
    ["a host that is none", ["plan", "a b", "--device", "01:00.0"], '"a b" does not name a host'],
    ["a key that is none", ["plan", "kvm1", "-d", "01:00.0", "--host-key", "abc"], "--host-key: expected a public key"],
    ["a time beyond all bounds", ["plan", "kvm1", "-d", "01:00.0", "--confirm-timeout", "1"], "--confirm-timeout: "],
    ["a guest without a device", ["init", "kvm1", "--domain", "win11"], "say which with --device"],
  ])("ends with 2 and says why for %s", async (_what, words, said) => {
    const run = await passthrough(words);

    expect(run).toMatchObject({ exitCode: 2, stdout: "" });
    expect(run.stderr).toContain(said);
    expect(run.stderr).not.toMatch(/^\s+at /m);
  });

  it("names a host that cannot be reached, the cause and what to do", async () => {
    const run = await passthrough(["plan", "root@127.0.0.1:9", "--device", "01:00.0"]);

    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr.replace(/\s+/g, " ")).toBe(
      "error: root@127.0.0.1:9: cannot connect to 127.0.0.1 port 9: connect ECONNREFUSED 127.0.0.1:9 " +
        "→ Check that the host is up, that its SSH server runs and that address and port are right ",
    );
  });

  it("trusts no unknown host key, and shows what to compare and where to put it", async () => {
    const host = await startHost("stranger", "debian-gpu", { isKnown: false });

    const run = await passthrough(["plan", "stranger", "--device", "01:00.0"]);

    expect(run).toMatchObject({ exitCode: 1, stdout: "" });
    expect(run.stderr).toMatch(/its host key is not known: ssh-ed25519\s+SHA256:/);
    expect(run.stderr).toContain([host.connection.hostKey].flat()[0]?.split(" ")[1]);
    expect(run.stderr.replace(/\s+/g, " ")).toMatch(/or put SHA256:\S+ into --host-key/);
    expect(host.counters.commands).toBe(0);
  });

  it("takes the host key from the command line", async () => {
    const host = await startHost("introduced", "debian-gpu-iommu-on", { isKnown: false });
    const [key = ""] = [host.connection.hostKey ?? ""].flat();

    const run = await passthrough(["plan", "introduced", "--device", "01:00.0", "--host-key", key]);

    expect(run).toMatchObject({ exitCode: 0, stderr: "" });
  });

  it("becomes root with a password from the environment, and never shows it", async () => {
    await startHost("guarded", "debian-gpu-iommu-on", { user: "admin", sudo: { password: "correct horse" } });
    const words = ["plan", "guarded", "--device", "01:00.0", "--sudo"];

    const right = await passthrough(words, { environment: { PASSTHROUGH_SUDO_PASSWORD: "correct horse" } });
    const wrong = await passthrough(words, { environment: { PASSTHROUGH_SUDO_PASSWORD: "battery staple" } });
    const none = await passthrough(words.slice(0, -1));

    expect(right).toMatchObject({ exitCode: 0, stderr: "" });
    expect(wrong.stderr).toContain("--ask-sudo-password");
    expect(wrong.stderr + right.stdout).not.toMatch(/battery staple|correct horse/);
    expect(none.stderr).toContain("--sudo");
  });

  it("says on a pipe that nobody can be asked for a password", async () => {
    const run = await passthrough(["plan", "root@127.0.0.1:9", "--device", "01:00.0", "--ask-password"]);

    expect(run.exitCode).toBe(1);
    expect(run.stderr).toContain("no terminal to ask for a password at");
  });

  it("closes its connections and ends with 130 when it is interrupted", async () => {
    const host = await startHost("slow", "debian-gpu");
    const forever = new Promise<void>(() => undefined);

    const run = await passthrough(["plan", "slow", "--device", "01:00.0"], {
      onStart: (child) => {
        host.beforeCommand(() => {
          child.kill("SIGINT");
          return forever;
        });
      },
    });

    expect(run).toEqual({ exitCode: 130, stdout: "", stderr: "" });
  });

  it("has colours where they are asked for, and none where they are not", async () => {
    await startHost("coloured", "debian-gpu-iommu-on");
    const words = ["plan", "coloured", "--device", "01:00.0"];

    const [plain, forced, refused] = await Promise.all([
      passthrough(words),
      passthrough(words, { environment: { FORCE_COLOR: "1" } }),
      passthrough([...words, "--no-color"], { environment: { FORCE_COLOR: "1" } }),
    ]);

    expect(forced.stdout).toContain("\u001b[1mPciGroupDetachment 0000:01:00.0\u001b[22m");
    expect(plain.stdout).not.toContain("\u001b");
    expect(refused.stdout).toBe(plain.stdout);
  });
});

import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

const REPOSITORY = resolve(__dirname, "../..");
/** What a terminal is told besides text: colours, movements of the cursor, titles. */

const CONTROLS = /\u001b\[[0-9;?]*[A-Za-z]|\u001b\][^\u0007]*\u0007|\r/g;

interface Finished {
  readonly text: string;
  readonly exitCode: number | null;
}

describe("the demo on a terminal", () => {
  let temporary: string;

  beforeEach(async () => {
    temporary = await mkdtemp(join(tmpdir(), "passthrough-demo-test-"));
  });

  afterEach(() => rm(temporary, { recursive: true, force: true }));

  /** Runs the demo on a terminal of its own; once a text is shown there, ^C is pressed. */
  function runDemo(pressAt?: string): Promise<Finished> {
    // Other terminals are asked for their colours, and there is nobody here who would answer.
    const terminal = "screen";
    const command = "stty cols 150 rows 40; exec node tools/demo.mjs";
    const child = spawn("script", ["-qefc", command, "/dev/null"], {
      cwd: REPOSITORY,
      env: { ...process.env, TMPDIR: temporary, TERM: terminal },
      stdio: ["pipe", "pipe", "inherit"],
    });
    let shown = "";
    let isPressed = false;
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      shown += text;
      if (pressAt === undefined || isPressed || !shown.includes(pressAt)) return;
      isPressed = true;
      child.stdin.write("\u0003");
    });
    return new Promise((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (exitCode) => {
        resolve({ text: shown.replace(CONTROLS, ""), exitCode });
      });
    });
  }

  /** What the demo left behind; compiled code of Node's own is none of it. */
  async function listLeftovers(): Promise<string[]> {
    return (await readdir(temporary)).filter((name) => name.startsWith("passthrough"));
  }

  it("draws Pulumi's live tree, puts every byte back and leaves nothing behind", async () => {
    const { text, exitCode } = await runDemo();

    expect(text).toMatch(/Type +Name +Status/);
    expect(text).toMatch(/├─ pulumi-nodejs:dynamic\/passthrough:HostIommuConfig +\S+ +created/);
    expect(text).toMatch(/\/etc\/default\/grub +sha256 (\w+) +sha256 (?!\1)\w+ +sha256 \1/);
    expect({ exitCode, leftovers: await listLeftovers() }).toEqual({ exitCode: 0, leftovers: [] });
  });

  it("ends on ^C in the middle of a reboot, and cleans up", async () => {
    const { text, exitCode } = await runDemo("rebooting");

    expect(text).toContain("^C received");
    expect(text).not.toContain("4/7");
    // Who hears ^C first, Pulumi or the demo, decides between 1 and 130.
    expect([1, 130]).toContain(exitCode);
    expect(await listLeftovers()).toEqual([]);
  });
});

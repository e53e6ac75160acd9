import { afterEach, describe, expect, it } from "@jest/globals";
import { Client } from "ssh2";

import type { MachineName, SimulatedHostOptions } from "pulumi-passthrough/testing";
import { machines, SimulatedHost } from "pulumi-passthrough/testing";

const NIC = "0000:01:00.0";
const IN = 'cd "$PASSTHROUGH_ROOT/"\n';

interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: string | undefined;
}

let running: SimulatedHost[] = [];

async function start(options: SimulatedHostOptions = {}): Promise<SimulatedHost> {
  const host = await SimulatedHost.start({ rebootMs: 20, ...options });
  running.push(host);
  return host;
}

afterEach(async () => {
  await Promise.all(running.map((host) => host.stop()));
  running = [];
});

async function connect(host: SimulatedHost, password?: string): Promise<Client> {
  const { address, port = 22, user = "", privateKey = "" } = host.connection;
  const client = new Client();
  // A connection that a test cuts may report its end more than once.
  client.on("error", () => undefined);
  await new Promise<void>((resolve, reject) => {
    client
      .once("ready", resolve)
      .once("error", reject)
      .once("close", () => {
        reject(new Error("closed"));
      });
    const login = password === undefined ? { privateKey } : { password };
    client.connect({ host: address, port, username: user, ...login });
  });
  return client;
}

/** Sends a script to a shell of the host; a lost connection ends it with neither code nor signal. */
async function run(host: SimulatedHost, script: string, command = "sh -s"): Promise<Outcome> {
  const client = await connect(host);
  try {
    return await new Promise<Outcome>((resolve, reject) => {
      client.exec(command, (error, channel) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        let stdout = "";
        let stderr = "";
        let outcome: Pick<Outcome, "code" | "signal"> = { code: null, signal: undefined };
        channel.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
        channel.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
        channel.on("exit", (code: number | null, signal?: string) => (outcome = { code, signal }));
        channel.on("close", () => {
          resolve({ stdout, stderr, ...outcome });
        });
        channel.end(script);
      });
    });
  } finally {
    client.end();
  }
}

async function output(host: SimulatedHost, script: string): Promise<string> {
  return (await run(host, IN + script)).stdout.trim();
}

/** Machines whose firmware, kernel and command line agree on an IOMMU that is on. */
const IOMMU_ON: readonly MachineName[] = [
  "debian-grub-iommu-on",
  "debian-no-libvirt",
  "debian-gpu-iommu-on",
  "amd",
  "no-virtualization",
  "no-interrupt-remapping",
  "firmware-memory",
  "locked-down",
  "large-server",
];

describe("every machine", () => {
  it.each(Object.keys(machines) as MachineName[])(
    "%s boots with groups exactly where its IOMMU is on",
    async (machine) => {
      const host = await start({ machine });

      const isOn = IOMMU_ON.includes(machine);
      expect(host.failure).toBeUndefined();
      expect(await output(host, "uname -r")).toBe(machines[machine].kernels[0]);
      expect(host.exists("/sys/kernel/iommu_groups/1/type")).toBe(isOn);
      expect(host.exists("/sys/class/iommu/dmar0") || host.exists("/sys/class/iommu/ivhd0")).toBe(isOn);
    },
  );

  it.each(["sh", "dash", "busybox"] as const)("runs its tools under %s", async (shell) => {
    const host = await start({ shell, machine: "debian-grub-iommu-on" });

    const { stdout, code } = await run(
      host,
      `${IN}uname -r; id -u; printf '%s\\n' ${NIC} | tee sys/bus/pci/drivers/e1000e/unbind; exit 7\n`,
    );

    expect({ stdout, code }).toEqual({ stdout: `6.1.0-44-amd64\n0\n${NIC}\n`, code: 7 });
    expect(host.driverOf(NIC)).toBeUndefined();
  });
});

describe("sessions", () => {
  it("lets in the generated key and the password, and nothing else", async () => {
    const host = await start({ password: "open sesame" });

    (await connect(host, "open sesame")).end();
    await expect(connect(host, "wrong")).rejects.toThrow("authentication");
  });

  it.each([
    ["without a password", true, "sudo -n -- sh -s", "", "0\n", 0],
    ["with the right password", { password: "pw" }, "sudo -S -p '' -- sh -s", "pw\n", "0\n", 0],
    ["with a wrong password", { password: "pw" }, "sudo -S -p '' -- sh -s", "no\n", "", 1],
    ["not asking where a password is due", { password: "pw" }, "sudo -n -- sh -s", "", "", 1],
    ["that refuses the user", false, "sudo -n -- sh -s", "", "", 1],
  ] as const)("knows a sudo %s", async (_what, sudo, command, first, stdout, code) => {
    const host = await start({ user: "operator", sudo });

    const result = await run(host, `${first}id -u; echo "\${SSH_CONNECTION-}" >/dev/null\n`, command);

    expect({ stdout: result.stdout, code: result.code }).toEqual({ stdout, code });
  });

  it("keeps the session's addresses from scripts under sudo, as sudo does", async () => {
    const host = await start({ user: "operator" });
    const script = 'echo "${SSH_CONNECTION-none}"\n';

    expect((await run(host, script)).stdout).toBe("10.0.2.2 50000 10.0.2.15 22\n");
    expect((await run(host, script, "sudo -n -- sh -s")).stdout).toBe("none\n");
  });

  it("counts, records, and shows what was written", async () => {
    const host = await start();
    host.mark();

    await run(
      host,
      `${IN}echo new >etc/new; cat etc/hostname >etc/same; cp etc/hostname etc/h; cat etc/h >etc/hostname; rm etc/h etc/fstab\n`,
    );

    expect(host.counters).toEqual({ connections: 1, commands: 1, writes: 0 });
    expect(host.commands[0]?.script).toContain("echo new");
    expect(host.writtenFiles()).toEqual([
      { path: "/etc/fstab", kind: "deleted" },
      { path: "/etc/hostname", kind: "touched" },
      { path: "/etc/new", kind: "created" },
      { path: "/etc/same", kind: "created" },
    ]);
  });
});

describe("the boot menu", () => {
  it("carries new settings to the next boot's command line, and not to the running one", async () => {
    const host = await start();
    const before = host.bootId();

    await run(host, `${IN}sed -i s/intel_iommu=off/intel_iommu=on/ etc/default/grub; update-grub\n`);
    expect(host.commandLine()).toContain("intel_iommu=off");
    await host.reboot();

    expect(host.commandLine()).toMatch(
      /^BOOT_IMAGE=\/boot\/vmlinuz-\S+ root=UUID=\S+ ro console=ttyS0 intel_iommu=on$/,
    );
    expect(host.bootId()).not.toBe(before);
    expect(host.exists("/sys/kernel/iommu_groups/8/devices/0000:03:02.0")).toBe(true);
  });

  it("reads drop-ins after the settings, in order", async () => {
    const files = {
      "/etc/default/grub.d/10-a.cfg": 'GRUB_CMDLINE_LINUX="a"\n',
      "/etc/default/grub.d/20-b.cfg": 'GRUB_CMDLINE_LINUX="$GRUB_CMDLINE_LINUX b"\n',
    };
    const host = await start({ files });

    expect(host.commandLine()).toMatch(/ ro a b$/);
  });

  it("boots a one-shot entry once, and comes back by itself from a panic", async () => {
    const host = await start();
    const entry = [
      "menuentry 'Trial' --id trial {",
      " linux /boot/vmlinuz-6.1.0-44-amd64 root=UUID=8f3e2b4c-6f0a-4f0e-9d5b-1c2d3e4f5a6b ro trial panic=5",
      " initrd /boot/initrd.img-6.1.0-44-amd64",
      "}",
      "",
    ];
    host.writeFile("/boot/grub/custom.cfg", entry.join("\n"));

    await run(host, "grub-reboot trial\n");
    await host.reboot();
    expect(host.commandLine()).toContain(" trial panic=5");
    host.panicOn("trial");
    await run(host, "grub-reboot trial\n");
    await host.reboot();

    expect(host.commandLine()).toContain("intel_iommu=off");
    expect(host.readFile("/boot/grub/grubenv")).toHaveLength(1024);
  });

  it.each([
    ["an empty menu", "/boot/grub/grub.cfg", ""],
    ["a menu that ends inside an entry", "/boot/grub/grub.cfg", "menuentry 'x' {\n linux /boot/vmlinuz"],
    [
      "a menu without the root file system",
      "/boot/grub/grub.cfg",
      "menuentry 'x' {\n linux /boot/vmlinuz-6.1.0-44-amd64 ro\n initrd /boot/initrd.img-6.1.0-44-amd64\n}\n",
    ],
  ])("stays down with %s", async (_what, path, text) => {
    const host = await start();

    host.writeFile(path, text);
    await host.reboot();

    expect(host.failure).toBeDefined();
    await expect(connect(host)).rejects.toThrow();
  });

  it.each([
    ["a good file", "menuentry 'a' {\n linux /x # {\n}\n", 0],
    ["an open brace", "menuentry 'a' {\n linux /x\n", 1],
    ["an open quote", "set a='b\n", 1],
    ["an open condition", "if true; then\n set a=b\n", 1],
    ["only comments", "# nothing\n", 1],
    ["nothing", "", 1],
  ])("checks %s", async (_what, text, code) => {
    const host = await start({ files: { "/tmp/x": "", "/root/menu": text } });

    expect((await run(host, "grub-script-check menu\n")).code).toBe(code);
  });

  it.each([
    ["fedora-bls", "grub2-mkconfig", true],
    ["fedora-bls", "grub2-mkconfig --no-grubenv-update", false],
    ["rhel-bls", "grub2-mkconfig", false],
    ["rhel-bls", "grub2-mkconfig --update-bls-cmdline", true],
  ] as const)("%s: %s changes the entries: %s", async (machine, tool, isChanged) => {
    const host = await start({ machine });

    await run(
      host,
      `${IN}sed -i 's/rhgb quiet/intel_iommu=on/' etc/default/grub; ${tool} -o "$PASSTHROUGH_ROOT/boot/grub2/grub.cfg"\n`,
    );
    await host.reboot();

    expect(host.commandLine().endsWith(isChanged ? " intel_iommu=on" : " rhgb quiet")).toBe(true);
    expect(host.exists("/sys/kernel/iommu_groups/0")).toBe(isChanged);
  });
});

describe("drivers", () => {
  function override(text: string): string {
    return `echo ${text} | tee sys/bus/pci/devices/${NIC}/driver_override >/dev/null\n`;
  }
  const unbind = `echo ${NIC} | tee sys/bus/pci/devices/${NIC}/driver/unbind >/dev/null\n`;
  const probe = `echo ${NIC} | tee sys/bus/pci/drivers_probe >/dev/null\n`;

  it.each([
    [
      "with the IOMMU on, to VFIO",
      "debian-grub-iommu-on",
      `modprobe vfio-pci\n${override("vfio-pci")}${unbind}${probe}`,
      "vfio-pci",
    ],
    [
      "with the IOMMU off, to nothing at all",
      "debian-grub",
      `modprobe vfio-pci\n${override("vfio-pci")}${unbind}${probe}`,
      undefined,
    ],
    ["without the module, to nothing", "debian-grub-iommu-on", `${override("vfio-pci")}${unbind}${probe}`, undefined],
    ["without an override, back to its own", "debian-grub-iommu-on", unbind + probe, "e1000e"],
    [
      "while it is bound, nowhere",
      "debian-grub-iommu-on",
      `modprobe vfio-pci\n${override("vfio-pci")}${probe}`,
      "e1000e",
    ],
  ] as const)("a probe leads %s, and says yes", async (_what, machine, script, driver) => {
    const host = await start({ machine });

    const result = await run(host, `set -e\n${IN}${script}`);

    expect({ code: result.code, stderr: result.stderr }).toEqual({ code: 0, stderr: "" });
    expect(host.driverOf(NIC)).toBe(driver);
  });

  it("refuses to release a device from a driver that does not hold it", async () => {
    const host = await start();

    const result = await run(host, `${IN}echo ${NIC} | tee sys/bus/pci/drivers/e1000/unbind\n`);

    expect(result).toMatchObject({ code: 1, stderr: "tee: sys/bus/pci/drivers/e1000/unbind: No such device\n" });
  });

  it("has natural drivers again after a reboot, and a rule of the root file system comes too late for a NIC", async () => {
    const rule = `ACTION=="add", SUBSYSTEM=="pci", KERNEL=="${NIC}", ATTR{device}=="0x10d3", ATTR{driver_override}="vfio-pci"\n`;
    const host = await start({ machine: "debian-grub-iommu-on" });
    await run(host, "virsh nodedev-detach pci_0000_01_00_0\n");
    expect(host.driverOf(NIC)).toBe("vfio-pci");
    host.writeFile("/etc/udev/rules.d/10-vfio.rules", rule);

    await host.reboot();

    expect(host.driverOf(NIC)).toBe("e1000e");
    expect(host.readFile(`/sys/bus/pci/devices/${NIC}/driver_override`)).toBe("vfio-pci\n");
  });

  it("runs enabled units at boot", async () => {
    const host = await start();
    host.writeFile(
      "/etc/systemd/system/mark.service",
      "[Service]\nType=oneshot\nExecStart=/bin/sh -c 'echo ran >run/mark'\n",
    );

    await run(host, "systemctl enable mark.service\n");
    await host.reboot();

    expect(host.readFile("/run/mark")).toBe("ran\n");
    expect((await run(host, "systemctl is-active mark.service\n")).stdout).toBe("active\n");
  });
});

describe("libvirt", () => {
  function hostdev(address: string, rest = "", attributes = "mode='subsystem' type='pci' managed='yes'"): string {
    return `<hostdev ${attributes}><source><address ${address}/></source>${rest}</hostdev>`;
  }

  const NIC_SOURCE = "domain='0' bus='1' slot='0' function='0'";

  async function attach(host: SimulatedHost, xml: string, domain = "guest", how = "--config"): Promise<Outcome> {
    host.writeFile("/run/device.xml", xml);
    return run(host, `${IN}virsh -q attach-device ${domain} run/device.xml ${how}\n`);
  }

  it.each([
    ["no mode", hostdev(NIC_SOURCE, "", "type='pci' managed='yes'"), "mode='subsystem' type='pci' managed='yes'"],
    ["no managed", hostdev(NIC_SOURCE, "", "type='pci'"), "managed='no'"],
    ["a managed that is no word of libvirt's", hostdev(NIC_SOURCE, "", "type='pci' managed='YES'"), "managed='no'"],
    [
      "capitals and decimals",
      hostdev("bus='0X0A' slot='18' function='5'"),
      "domain='0x0000' bus='0x0a' slot='0x12' function='0x5'",
    ],
    ["an octal bus", hostdev("bus='010' slot='0' function='0'"), "bus='0x08'"],
    ["an alias of the user", hostdev(NIC_SOURCE, "<alias name='ua-nic'/>"), "<alias name='ua-nic'/>"],
    ["a rom in another order", hostdev(NIC_SOURCE, "<rom file='a&amp;b' bar='on'/>"), "<rom bar='on' file='a&amp;b'/>"],
    ["no guest address", hostdev(NIC_SOURCE), "<target chassis='1' port='0x8'/>"],
  ])("stores %s in its normal form", async (_what, xml, expected) => {
    const host = await start();

    expect(await attach(host, xml)).toMatchObject({ code: 0, stderr: "" });

    expect(host.domainXml("guest")).toContain(expected);
  });

  it("drops aliases that are not the user's, and puts children in its own order", async () => {
    const host = await start();

    await attach(
      host,
      hostdev(NIC_SOURCE, "<rom bar='off'/><alias name='hostdev0'/><boot order='1'/><driver name='vfio'/>"),
    );

    const element = /<hostdev[^]*<\/hostdev>/.exec(host.domainXml("guest"))?.[0] ?? "";
    expect(element.match(/<(?!\/)\w+/g)).toEqual([
      "<hostdev",
      "<driver",
      "<source",
      "<address",
      "<boot",
      "<rom",
      "<address",
    ]);
  });

  it.each([
    [
      "a slot out of range",
      hostdev("bus='1' slot='0x20' function='0'"),
      "XML error: Invalid PCI address slot='0x20', must be <= 0x1F",
    ],
    [
      "a device twice",
      hostdev(NIC_SOURCE),
      "Requested operation is not valid: device is already in the domain configuration",
    ],
  ])("refuses %s in libvirt's words", async (_what, xml, message) => {
    const host = await start();
    await attach(host, hostdev(NIC_SOURCE));

    const result = await attach(host, xml);

    expect(result).toMatchObject({
      code: 1,
      stderr: `error: Failed to attach device from run/device.xml\nerror: ${message}\n`,
    });
  });

  it("takes a device out by its source alone, and says when there is none", async () => {
    const host = await start();
    const before = host.domainXml("guest");
    await attach(host, hostdev(NIC_SOURCE, "<alias name='ua-nic'/>"));
    const detach = `${IN}virsh -q detach-device guest run/device.xml --config\n`;
    host.writeFile("/run/device.xml", hostdev("bus='0x01' slot='0x00' function='0x0'"));

    expect((await run(host, detach)).code).toBe(0);
    expect(host.domainXml("guest")).not.toContain("<hostdev");
    expect(host.domainXml("guest")).not.toBe(before);
    expect((await run(host, detach)).stderr).toContain(
      "error: device not found: device not present in domain configuration\n",
    );
  });

  it("shows a console's password to those who ask for secrets only", async () => {
    const host = await start();

    const [plain, secret] = [
      await output(host, "virsh dumpxml win11"),
      await output(host, "virsh dumpxml --security-info win11"),
    ];

    expect(plain).not.toContain("s3cret");
    expect(secret).toContain("passwd='s3cret'");
  });

  it.each([
    [
      "with the IOMMU off",
      "debian-grub",
      "01_00_0",
      "argument unsupported: VFIO device assignment is currently not supported on this system",
    ],
    [
      "of what a guest uses",
      "debian-grub-iommu-on",
      "01_00_0",
      "Requested operation is not valid: PCI device 0000:01:00.0 is in use by driver QEMU, domain guest",
    ],
  ] as const)("refuses to detach %s", async (_what, machine, device, message) => {
    const host = await start({ machine });
    if (message.includes("in use")) {
      await attach(host, hostdev(NIC_SOURCE));
      host.startDomain("guest");
    }

    const result = await run(host, `virsh nodedev-detach pci_0000_${device}\n`);

    expect(result).toMatchObject({
      code: 1,
      stdout: "\n",
      stderr: `error: Failed to detach device pci_0000_${device}\nerror: ${message}\n`,
    });
  });

  it("detaches a bridge without a word, and leaves it without a driver", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });

    const result = await run(host, "virsh -q nodedev-detach pci_0000_00_05_0\n");

    expect(result).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect(host.driverOf("0000:00:05.0")).toBeUndefined();
  });

  it("gives managed devices back when the guest stops, and leaves those detached by hand", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    await attach(host, hostdev(NIC_SOURCE));
    host.startDomain("guest");
    expect(host.driverOf(NIC)).toBe("vfio-pci");
    host.stopDomain("guest");
    expect(host.driverOf(NIC)).toBe("e1000e");

    await run(host, "virsh nodedev-detach pci_0000_01_00_0 && virsh nodedev-detach pci_0000_01_00_0\n");
    host.startDomain("guest");
    host.stopDomain("guest");

    expect(host.driverOf(NIC)).toBe("vfio-pci");
  });

  it("starts no guest whose group is only half detached", async () => {
    const host = await start({ machine: "debian-grub-iommu-on" });
    await attach(host, hostdev("bus='3' slot='1' function='0'"));

    const result = await run(host, "virsh start guest\n");

    expect(result.stderr).toContain(
      "group 8 is not viable\nPlease ensure all devices within the iommu_group are bound",
    );
    expect(host.driverOf("0000:03:01.0")).toBe("e1000");
  });

  it("prints lists for scripts without a blank line when it is told to be quiet", async () => {
    const host = await start();

    expect((await run(host, "virsh -q -c qemu:///system list --all --name\n")).stdout).toBe("guest\nwin11\n");
    expect((await run(host, "virsh list --all --name\n")).stdout).toBe("guest\nwin11\n\n");
  });

  it("keeps a guest running over a reboot only with autostart", async () => {
    const host = await start();
    host.startDomain("guest");
    host.startDomain("win11");
    host.setAutostart("win11", true);

    await host.reboot();

    expect([host.isDomainRunning("guest"), host.isDomainRunning("win11")]).toEqual([false, true]);
  });

  it("does not answer while its daemon is down", async () => {
    const host = await start();
    host.setLibvirtRunning(false);

    expect((await run(host, "virsh list\n")).stderr).toMatch(
      /^error: failed to connect to the hypervisor\nerror: Failed to connect socket/,
    );
  });
});

describe("faults", () => {
  const STEPS = `${IN}for n in 1 2 3; do "$PASSTHROUGH_STEP_HOOK" "step $n"; echo $n >>etc/done; done\n`;
  function done(host: SimulatedHost): string {
    return host.exists("/etc/done") ? host.readFile("/etc/done").replaceAll("\n", "") : "";
  }

  it.each([
    ["kill", 1, ""],
    ["kill", 2, "1"],
    ["kill", "step 3", "12"],
    ["power", 2, "1"],
  ] as const)("%s at step %s leaves what was done before", async (action, at, expected) => {
    const host = await start();
    const before = host.bootId();
    host.faults.afterStep(at, action);

    const result = await run(host, STEPS);
    await host.settle();

    expect(result.code).toBeNull();
    expect(done(host)).toBe(expected);
    expect(host.bootId() === before).toBe(action === "kill");
  });

  it("kills what a command has put into groups of its own", async () => {
    const host = await start();
    host.faults.afterStep(1, "kill");

    await run(
      host,
      `${IN}timeout 50 setsid sh -c 'while :; do sleep 0.02; echo alive >etc/alive; done' & "$PASSTHROUGH_STEP_HOOK" one; echo never >etc/done\n`,
    );
    host.removeFile("/etc/alive");
    await new Promise((resolve) => setTimeout(resolve, 100));

    expect(host.exists("/etc/alive")).toBe(false);
    expect(done(host)).toBe("");
  });

  it("cuts the connection and lets the script go on", async () => {
    const host = await start();
    host.faults.afterStep("step 2", "cut");
    const finished = new Promise<void>((resolve) => {
      host.faults.afterStep("last", () => {
        resolve();
      });
    });

    const result = await run(host, `trap '' PIPE HUP\n${STEPS}"$PASSTHROUGH_STEP_HOOK" last\n`);
    await finished;

    expect(result).toEqual({ stdout: "", stderr: "", code: null, signal: undefined });
    expect(done(host)).toBe("123");
  });

  it("lets a test act between two steps", async () => {
    const host = await start();
    const seen: string[] = [];
    host.faults.afterStep(2, async (step) => {
      await Promise.resolve();
      seen.push(step, done(host));
    });

    await run(host, STEPS);

    expect(seen).toEqual(["step 2", "1"]);
    expect(host.steps).toEqual(["step 1", "step 2", "step 3"]);
  });

  it("makes tools fail, the second time and for the words given", async () => {
    const host = await start();
    host.faults.failTool("virsh", { words: ["guest"], after: 1, times: 1, exitCode: 3, stderr: "broken\n" });
    host.faults.failTool("mv", { words: ["grub.cfg"] });

    const script =
      "for n in 1 2 3; do virsh -q domstate guest; echo $?; done; virsh -q domstate win11; mv grub.cfg x; echo $?; touch a; mv a b; echo $?\n";
    const result = await run(host, script);

    expect(result.stdout).toBe("shut off\n0\n3\nshut off\n0\nshut off\n1\n0\n");
    expect(result.stderr).toBe("broken\nmv: simulated failure\n");
  });

  it("makes tools hang until someone ends them", async () => {
    const host = await start();
    host.faults.hangTool("virsh", { words: ["nodedev-detach"] });

    expect((await run(host, "timeout 0.2 virsh nodedev-detach pci_0000_01_00_0\n")).code).toBe(124);
  });

  it("refuses writes to a full disk and to a folder that is read-only", async () => {
    const host = await start();
    host.fillDisk();
    expect((await run(host, `${IN}echo 1 >etc/done || echo full; virsh -q domstate guest\n`)).stdout).toBe(
      "full\nshut off\n",
    );
    host.fillDisk(false);
    host.makeReadOnly("/etc");
    expect((await run(host, `${IN}echo 1 >etc/default/grub || echo refused\n`)).stdout).toBe("refused\n");
    host.makeReadOnly("/etc", false);

    expect((await run(host, `${IN}echo 1 >etc/done\n`)).code).toBe(0);
    expect(done(host)).toBe("1");
  });

  it("reboots when it is told to, and is away for a while", async () => {
    const host = await start();
    const before = host.bootId();

    await run(host, "systemctl reboot; sleep 5\n");
    await expect(connect(host)).rejects.toThrow();
    await host.settle();

    expect(host.bootId()).not.toBe(before);
    expect((await run(host, "echo back\n")).stdout).toBe("back\n");
  });

  it("sends garbage, calls back before commands, and refuses connections", async () => {
    const host = await start();
    const seen: string[] = [];
    host.garbage("Welcome!\n");
    host.beforeCommand((command) => {
      seen.push(command);
    });

    expect((await run(host, "echo hi\n")).stdout).toBe("Welcome!\nhi\n");
    expect(seen).toEqual(["sh -s"]);
    host.refuseConnections();
    await expect(connect(host)).rejects.toThrow();
  });

  it("lacks the tools that a test takes away", async () => {
    const host = await start({ missingTools: ["flock", "virsh"] });

    expect((await run(host, "command -v flock virsh grub2-mkconfig; echo $?\n")).stdout).toBe("127\n");
  });
});

it("runs twenty hosts at once, each with an identity of its own", async () => {
  const hosts = await Promise.all(
    Array.from({ length: 20 }, (_unused, index) => start({ kernelCommandLine: `host=${index}` })),
  );

  const lines = await Promise.all(hosts.map((host) => output(host, "cat proc/cmdline")));

  expect(lines.map((line) => line.split("host=")[1])).toEqual(hosts.map((_host, index) => String(index)));
  expect(new Set(hosts.map((host) => host.readFile("/etc/machine-id"))).size).toBe(20);
});

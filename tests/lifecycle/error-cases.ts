import { generateKeyPairSync } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { SimulatedHost, SimulatedHostOptions } from "pulumi-passthrough/testing";
import type { Kind } from "../../provider/src/engine/registry";
import type { Values } from "./driver";

/** A thing that goes wrong, and what the user reads. */
export interface ErrorCase {
  readonly what: string;
  readonly phase: "check" | "create";
  readonly machine: SimulatedHostOptions;
  readonly kind: Kind;
  readonly inputs: Values;
  /** Settings of the connection that differ from the right ones. */
  readonly host?: (host: SimulatedHost) => Values;
  readonly prepare?: (host: SimulatedHost) => void | Promise<void>;
  /** Every message, whole; words in capitals stand for what differs from host to host. */
  readonly messages: readonly string[];
  /** Calls of tools that were made and changed nothing; default none. */
  readonly written?: readonly string[];
}

const NIC = "0000:01:00.0";
const OFF = { machine: { machine: "debian-grub" }, kind: "HostIommuConfig" } as const;
const ON = { machine: { machine: "debian-grub-iommu-on" } } as const;
const MODE = { mode: "passthrough" };
const GROUP = { ...ON, kind: "PciGroupDetachment", inputs: { device: { address: NIC } } } as const;
const GUEST = { ...ON, kind: "DomainHostdev", inputs: { domain: "guest", devices: [NIC] } } as const;
const OTHER_KEY = "SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

function otherPrivateKey(): string {
  return generateKeyPairSync("rsa", { modulusLength: 2048 })
    .privateKey.export({ type: "pkcs1", format: "pem" })
    .toString();
}

/** What can go wrong before a host is read. */
const CONNECTION: readonly ErrorCase[] = [
  {
    ...GROUP,
    what: "unreachable host",
    phase: "check",
    host: () => ({ port: 9 }),
    messages: [
      "host: root@127.0.0.1:9: cannot connect to 127.0.0.1 port 9: connect ECONNREFUSED 127.0.0.1:9. Check that the host is up, that its SSH server runs and that address and port are right",
    ],
  },
  {
    ...GROUP,
    what: "wrong host key",
    phase: "check",
    host: () => ({ hostKey: OTHER_KEY }),
    messages: [
      "host.hostKey: HOST: the server shows the host key ssh-ed25519 FINGERPRINT, which is not one of those in host.hostKey. A fingerprint in host.hostKey must be of a key of this type; for another type give the public key. Someone may be listening in, or the host was set up anew. Compare the fingerprint with what the host itself says on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; if it is right, put FINGERPRINT into host.hostKey (PT-E29, pulumi-passthrough/docs/errors.md#pt-e29)",
    ],
  },
  {
    ...GROUP,
    what: "unknown host key",
    phase: "check",
    host: () => ({ hostKey: undefined, knownHostsPath: "/nowhere/known_hosts" }),
    messages: [
      "host.hostKey: HOST: its host key is not known: ssh-ed25519 FINGERPRINT. Compare the fingerprint with what the host itself says on its console: ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub; if it is right, add this line to /nowhere/known_hosts:\nHOST ssh-ed25519 PUBLICKEY\nor put FINGERPRINT into host.hostKey (PT-E28, pulumi-passthrough/docs/errors.md#pt-e28)",
    ],
  },
  {
    ...GROUP,
    what: "rejected key",
    phase: "check",
    host: () => ({ privateKey: otherPrivateKey() }),
    messages: [
      "host.privateKey: HOST: could not log in as root (tried: the given private key; the host accepts: publickey). Put the public key into ~root/.ssh/authorized_keys of the host, or give another key or a password in host.privateKeyPath or host.password",
    ],
  },
  {
    ...GROUP,
    what: "sudo that asks for a password",
    machine: { ...ON.machine, user: "operator", sudo: { password: "pw" } },
    host: () => ({ sudo: true }),
    phase: "check",
    messages: [
      "host.sudo: HOST: sudo did not start a shell for operator; it said: sudo: a password is required. Allow operator to run sudo without a password (NOPASSWD), or give host.sudo.password",
    ],
  },
  {
    ...GROUP,
    what: "a user who is not root",
    machine: { ...ON.machine, user: "operator", sudo: false },
    phase: "check",
    messages: [
      "host: HOST: the session runs as user id 1000, not as root. Next: set host.sudo, or log in as root (PT-E23, pulumi-passthrough/docs/errors.md#pt-e23).",
    ],
  },
  {
    ...GROUP,
    what: "a host that answers garbage",
    phase: "check",
    prepare: (host) => {
      const shell = join(host.root, "..", "bin", "sh");
      rmSync(shell);
      writeFileSync(shell, "#!/bin/sh\necho 'Router 7.1 > syntax error'\n", { mode: 0o755 });
    },
    messages: [
      "host: HOST: sh did not start for root; it said: Router 7.1 > syntax error. Check the user's login shell and ForceCommand on the host",
    ],
  },
];

const INPUTS: readonly ErrorCase[] = [
  {
    ...GROUP,
    what: "malformed address",
    phase: "check",
    inputs: { device: { address: "0000:82.0.0" } },
    messages: [
      'device.address: "0000:82.0.0" is not a PCI address; expected domain:bus:slot.function in hexadecimal, such as 0000:01:00.0 (slot 00 to 1f, function 0 to 7) (PT-E22, pulumi-passthrough/docs/errors.md#pt-e22)',
    ],
  },
  {
    ...GROUP,
    what: "id that does not match",
    phase: "check",
    inputs: { device: { address: NIC, id: "10de:2684" } },
    messages: [
      "device.id: HOST: 0000:01:00.0 (Ethernet controller, 8086:10d3, driver e1000e) is not 10de:2684. 10de:2684 is nowhere on this host. Buses are renumbered when cards are added or removed, so check the address.",
    ],
  },
  {
    ...GUEST,
    what: "unknown domain",
    phase: "check",
    inputs: { domain: "gest", devices: [NIC] },
    messages: [
      'domain: HOST: the host has no domain "gest"; it has guest, win11. Correct the name, or define the domain first',
    ],
  },
  {
    ...OFF,
    what: "words that cannot be written",
    phase: "check",
    inputs: { kernelArguments: { present: ['a="b"', "a\nb", "a b", "good=1"], absent: ["$(reboot)"] } },
    messages: [
      'kernelArguments.present[0]: "a=\\"b\\"" is not a kernel argument that can be written safely: GRUB, sh or the kernel may interpret "\\""',
      'kernelArguments.present[1]: "a\\nb" is not a kernel argument that can be written safely: GRUB, sh or the kernel may interpret "\\n"; give each argument as a word of its own',
      'kernelArguments.present[2]: "a b" is not a kernel argument that can be written safely: GRUB, sh or the kernel may interpret " "; give each argument as a word of its own',
      'kernelArguments.absent[0]: "$(reboot)" is not a kernel argument that can be written safely: GRUB, sh or the kernel may interpret "$"',
    ],
  },
  {
    ...GUEST,
    what: "several devices that are wrong",
    phase: "check",
    inputs: { domain: "guest", devices: ["0000:02:00.0", "0000:09:00.0", NIC] },
    messages: [
      "devices[0]: HOST: 0000:02:00.0 (PCI bridge, 1b36:000e, no driver) is a bridge, and libvirt assigns no bridges (a non-endpoint); name an endpoint below it (PT-E12, pulumi-passthrough/docs/errors.md#pt-e12)",
      "devices[1]: HOST: the host has no PCI function 0000:09:00.0; look with lspci -D, since buses are renumbered when cards are added or removed (PT-E19, pulumi-passthrough/docs/errors.md#pt-e19)",
    ],
  },
];

const HOST: readonly ErrorCase[] = [
  {
    ...GUEST,
    what: "missing virsh",
    machine: { machine: "debian-no-libvirt" },
    phase: "check",
    messages: [
      "domain: HOST: there is no virsh on the host; install libvirt and its client (Debian: libvirt-daemon-system libvirt-clients) (PT-E20, pulumi-passthrough/docs/errors.md#pt-e20)",
    ],
  },
  {
    ...GUEST,
    what: "stopped libvirtd",
    phase: "check",
    prepare: (host) => {
      host.setLibvirtRunning(false);
    },
    messages: [
      "domain: HOST: libvirt does not answer: error: failed to connect to the hypervisor error: Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory; start its daemon (systemctl start libvirtd, or virtqemud.socket) and look at its log (PT-E20, pulumi-passthrough/docs/errors.md#pt-e20)",
    ],
  },
  {
    ...GUEST,
    what: "a libvirt that the host does not have",
    phase: "check",
    inputs: { ...GUEST.inputs, connectUri: "ch:///system" },
    messages: [
      "connectUri: HOST: libvirt does not answer at ch:///system: error: failed to connect to the hypervisor error: no connection driver available for ch:///system; correct the URI, or see that on the host, as root, virsh -c 'ch:///system' list answers (PT-E20, pulumi-passthrough/docs/errors.md#pt-e20)",
    ],
  },
  {
    ...GUEST,
    what: "a libvirt on another machine",
    phase: "check",
    inputs: { ...GUEST.inputs, connectUri: "qemu+ssh://root@kvm2/system" },
    messages: [
      "connectUri: qemu+ssh://root@kvm2/system leads to another machine; the host is reached over SSH already, so name libvirt as the host itself sees it, such as qemu:///system",
    ],
  },
  {
    ...OFF,
    what: "no IOMMU in the firmware",
    machine: { machine: "firmware-off" },
    inputs: MODE,
    phase: "check",
    messages: [
      "host: HOST: the firmware announces no IOMMU (no DMAR, IVRS or IORT table): it is switched off there, or the machine has none. Switch it on in the firmware's menu (Intel: VT-d; AMD: IOMMU or AMD-Vi), then run again. Nothing was changed",
    ],
  },
  {
    ...OFF,
    what: "running domains that a reboot would stop",
    inputs: { ...MODE, reboot: { policy: "ifRequired" } },
    phase: "check",
    prepare: (host) => {
      host.startDomain("guest");
      host.startDomain("win11");
    },
    messages: [
      'reboot.runningDomains: HOST: a reboot is needed (the running kernel was not booted with intel_iommu=on iommu=pt), but guest, win11 are running and would be stopped. Shut the domains down first, set reboot.runningDomains to "shutdown" to have that done, or set reboot.policy to "never" and reboot when it suits',
    ],
  },
  {
    ...OFF,
    what: "a drop-in that overrides the variable",
    machine: { files: { "/etc/default/grub.d/90-cloud.cfg": 'GRUB_CMDLINE_LINUX="console=ttyS1 intel_iommu=off"\n' } },
    inputs: MODE,
    phase: "check",
    messages: [
      "bootLoader: HOST: /etc/default/grub.d/90-cloud.cfg sets GRUB_CMDLINE_LINUX anew, so an edit of /etc/default/grub would have no effect; by hand: add intel_iommu=on iommu=pt, in /etc/default/grub.d/90-cloud.cfg",
    ],
  },
  {
    ...OFF,
    what: "an unsupported boot loader",
    machine: { files: { "/etc/kernel/proxmox-boot-uuids": "8A1B-2C3D\n" } },
    inputs: { ...MODE, kernelArguments: { absent: ["console=ttyS0"] } },
    phase: "check",
    messages: [
      "bootLoader: HOST: the host boots through Proxmox's boot tool (/etc/kernel/cmdline and proxmox-boot-tool refresh), which this release does not change; by hand: add intel_iommu=on iommu=pt and take out console=ttyS0",
    ],
  },
  {
    ...OFF,
    what: "an unsupported distribution",
    machine: {
      files: { "/etc/os-release": 'ID=void\nPRETTY_NAME="Void Linux"\n' },
    },
    inputs: MODE,
    phase: "check",
    messages: [
      "bootLoader: HOST: the host boots through GRUB as Void Linux sets it up, which this release does not change; by hand: add intel_iommu=on iommu=pt",
    ],
  },
];

const CHANGE: readonly ErrorCase[] = [
  {
    ...OFF,
    what: "read-only /etc",
    inputs: MODE,
    phase: "create",
    prepare: (host) => {
      host.makeReadOnly("/etc");
    },
    messages: [
      "HOST: step \"write etc/default/grub\" failed: could not write /etc/default/grub.passthrough-new: cp: cannot create regular file 'etc/default/grub.passthrough-new': Permission denied; everything before it was taken back. Next: mend the cause and run again; /var/lib/passthrough/journal on the host has every step.",
    ],
  },
  {
    ...OFF,
    what: "full disk",
    inputs: MODE,
    phase: "create",
    prepare: (host) => {
      host.fillDisk();
    },
    messages: [
      'HOST: step "record HostIommuConfig" failed: could not write /var/lib/passthrough/records/HostIommuConfig: no reason could be noted; is the disk full?; everything before it was taken back. Next: mend the cause and run again; /var/lib/passthrough/journal on the host has every step (PT-E27, pulumi-passthrough/docs/errors.md#pt-e27).',
    ],
  },
  {
    ...OFF,
    what: "a generator that fails",
    inputs: MODE,
    phase: "create",
    prepare: (host) => {
      host.faults.failTool("grub-mkconfig", {
        stderr: "grub-probe: error: failed to get canonical path of `overlay'.\n",
      });
    },
    messages: [
      'HOST: step "generate boot/grub/grub.cfg" failed: BIN/grub-mkconfig failed: grub-probe: error: failed to get canonical path of `overlay\'.; everything before it was taken back. Next: mend the cause and run again; /var/lib/passthrough/journal on the host has every step.',
    ],
  },
  {
    ...OFF,
    what: "a lock that is held",
    inputs: MODE,
    phase: "create",
    prepare: (host) => {
      host.faults.failTool("flock", { words: ["-w", "90"], stderr: "" });
    },
    messages: [
      "HOST: the change could not begin: another change has held the lock /var/lib/passthrough/lock for more than 90 s; nothing was written. Next: see what is under way on the host (its last lines are in /var/lib/passthrough/journal), and run again when that has ended or the cause is mended (PT-E30, pulumi-passthrough/docs/errors.md#pt-e30).",
    ],
  },
  {
    ...GROUP,
    what: "a hung nodedev-detach",
    inputs: { device: { address: NIC }, timeoutSeconds: 5 },
    phase: "create",
    prepare: (host) => {
      host.faults.hangTool("virsh", { words: ["nodedev-detach"] });
    },
    messages: [
      'HOST: step "detach 0000:01:00.0" failed: it did not return within 5 s; something on the host still uses 0000:01:00.0 (driver e1000e); everything before it was taken back. Cause: the host\'s driver waits until nobody uses 0000:01:00.0 any more. A display server, nvidia-persistenced, a container or an open device file keeps it. Remedy: end what uses it (for a graphics card: fuser -v /dev/dri/* /dev/nvidia*), or bind the device at boot: with persist, and a restart of the host, the driver never has it. Next: mend the cause and run again; /var/lib/passthrough/journal on the host has every step (PT-E21, pulumi-passthrough/docs/errors.md#pt-e21).',
    ],
  },
];

/** The table of errors. */
export const ERRORS: readonly ErrorCase[] = [...CONNECTION, ...INPUTS, ...HOST, ...CHANGE];

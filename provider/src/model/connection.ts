import { z } from "zod";

/** The parts of `user@address:port`. */
export interface HostName {
  readonly address: string;
  readonly port?: number;
  readonly user?: string;
}

const HOST_NAME = /^(?:([^\s:[\]]+)@)?(?:\[([0-9a-f:.]+(?:%[\w.-]+)?)\]|([^\s@:[\]/]+))(?::(\d{1,5}))?$/i;
const FINGERPRINT = /^SHA256:[A-Za-z0-9+/]{43}=?$/;
const PUBLIC_KEY = /^(?:ssh|ecdsa|sk)-[\w.@-]+ [A-Za-z0-9+/]+={0,2}(?: .*)?$/;

/** Splits `user@address:port`; undefined for text that is not of that form. */
export function parseHostName(text: string): HostName | undefined {
  const match = HOST_NAME.exec(text);
  if (match === null) return undefined;
  const [, user, bracketed, plain, portText] = match;
  const address = bracketed ?? plain ?? "";
  const port = portText === undefined ? undefined : Number(portText);
  if (address.startsWith("-") || user?.startsWith("-") === true) return undefined;
  if (port !== undefined && (port < 1 || port > 65535)) return undefined;
  return { address, ...(port === undefined ? {} : { port }), ...(user === undefined ? {} : { user }) };
}

const HostNameText = z
  .string()
  .refine((text) => parseHostName(text) !== undefined, {
    error: (issue) =>
      `${JSON.stringify(issue.input)} does not name a host; expected a name from ~/.ssh/config or user@address:port, with an IPv6 address in brackets`,
  })
  .describe("A name from ~/.ssh/config, or user@address:port (IPv6 addresses in brackets).");

const HostKeyText = z
  .string()
  .trim()
  .refine((text) => FINGERPRINT.test(text) || PUBLIC_KEY.test(text), {
    error: "expected a public key such as `ssh-ed25519 AAAA…` or a fingerprint such as `SHA256:…`",
  });

const Seconds = z.number().positive().max(86_400);

const Sudo = z.union([
  z.boolean(),
  z.strictObject({
    password: z
      .string()
      .min(1)
      .regex(/^[^\r\n]*$/, { error: "a password for sudo is one line" })
      .describe("Password that sudo asks the user for. Secret."),
  }),
]);

const PlainSettings = z.strictObject({
  address: z
    .string()
    .regex(/^[^\s@[\]/-][^\s@[\]/]*$/, { error: "expected a host name, an IP address or a name from ~/.ssh/config" })
    .describe("Host name, IP address (IPv6 without brackets) or a name from ~/.ssh/config."),
  port: z.int().min(1).max(65535).optional().describe("TCP port of the SSH server. Default: ssh config, else 22."),
  user: z
    .string()
    .regex(/^[^\s-]\S*$/, { error: "expected the name of a user" })
    .optional()
    .describe("User to log in as. Default: ssh config, else the local user's name."),
  privateKey: z
    .string()
    .min(1)
    .optional()
    .describe("Private key as text, in OpenSSH or PEM form. Secret. Wins over privateKeyPath."),
  privateKeyPath: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Path of the private key on the machine that runs Pulumi. Default: IdentityFile of the ssh config, else ~/.ssh/id_ed25519, id_ecdsa and id_rsa as far as they exist.",
    ),
  passphrase: z.string().min(1).optional().describe("Passphrase of an encrypted private key. Secret."),
  agent: z
    .union([z.string().min(1), z.literal(false)])
    .optional()
    .describe(
      "Path of the SSH agent's socket, or false to use no agent. Default: IdentityAgent of the ssh config, else $SSH_AUTH_SOCK.",
    ),
  password: z
    .string()
    .min(1)
    .optional()
    .describe("Password of the user; tried after all keys, also where the server asks interactively. Secret."),
  sudo: Sudo.optional().describe(
    "Run everything as root through sudo: true when sudo asks for no password, else an object with the password. Default: false.",
  ),
  hostKey: z
    .union([HostKeyText, z.array(HostKeyText).min(1)])
    .optional()
    .describe(
      "The host's public key (`type base64`) or its fingerprint (`SHA256:…`), or several of them. Default: known_hosts decides. The host key is always checked.",
    ),
  knownHostsPath: z
    .string()
    .min(1)
    .optional()
    .describe(
      "Path of the known_hosts file. Default: UserKnownHostsFile of the ssh config, else ~/.ssh/known_hosts; /etc/ssh/ssh_known_hosts is read too.",
    ),
  sshConfigPath: z
    .string()
    .min(1)
    .optional()
    .describe("Path of the ssh config file, or `none`. Default: ~/.ssh/config, if it is there."),
  connectTimeoutSeconds: Seconds.optional().describe(
    "Seconds to wait for a connection, all attempts together. Default: ConnectTimeout of the ssh config, else 20.",
  ),
  commandTimeoutSeconds: Seconds.optional().describe("Seconds that one command may take. Default: 120."),
  keepaliveIntervalSeconds: z
    .number()
    .min(0)
    .max(86_400)
    .optional()
    .describe(
      "Seconds between signs of life on a silent connection, 0 for none; three unanswered ones end it. Default: ServerAliveInterval of the ssh config, else 15.",
    ),
});

/** How to reach a host over SSH: a name, or an object with what the name alone does not say. */
export type HostConnection = string | HostSettings;

/** Where a host is, how to log in, and how to know that it is the right one. */
export interface HostSettings extends z.infer<typeof PlainSettings> {
  jumpHost?: HostConnection | HostConnection[] | undefined;
}
export const HostSettings: z.ZodType<HostSettings, HostSettings> = PlainSettings.extend({
  get jumpHost(): z.ZodOptional<typeof JumpHosts> {
    return JumpHosts.optional().describe(
      "Host, or list of hosts in order, to connect through. A jump host takes over sshConfigPath, knownHostsPath and the timeouts, never credentials. Default: ProxyJump of the ssh config; an empty list for none.",
    );
  },
});

export const HostConnection: z.ZodType<HostConnection, HostConnection> = reportForm(
  z.union([HostNameText, HostSettings]),
  (value) => (typeof value === "string" ? HostNameText : HostSettings),
);

const JumpHostList = z.array(HostConnection).max(8);
const JumpHosts: z.ZodType<HostConnection | HostConnection[], HostConnection | HostConnection[]> = reportForm(
  z.union([HostConnection, JumpHostList]),
  (value) => (Array.isArray(value) ? JumpHostList : HostConnection),
);

/** The connection in its object form. */
export function readHostSettings(connection: HostConnection): HostSettings {
  if (typeof connection !== "string") return connection;
  return { ...(parseHostName(connection) ?? { address: connection }) };
}

/** The jump hosts as a list, nearest first; undefined where the connection leaves them to the ssh config. */
export function listJumpHosts(settings: HostSettings): readonly HostConnection[] | undefined {
  const { jumpHost } = settings;
  return jumpHost === undefined || Array.isArray(jumpHost) ? jumpHost : [jumpHost];
}

/** Name of the host for messages, as the user wrote it; holds no secret. */
export function describeHost(connection: HostConnection): string {
  if (typeof connection === "string") return connection;
  const { user, address, port } = connection;
  const isIpv6 = address.includes(":");
  const host = isIpv6 && port !== undefined ? `[${address}]` : address;
  return `${user === undefined ? "" : `${user}@`}${host}${port === undefined ? "" : `:${port}`}`;
}

/** A path inside a value: names of properties and indices of lists. */
export type ValuePath = readonly (string | number)[];

/** Paths of all secret values that a connection holds, also those of its jump hosts. */
export function secretPaths(connection: HostConnection): ValuePath[] {
  if (typeof connection === "string") return [];
  const own: ValuePath[] = (["password", "privateKey", "passphrase"] as const)
    .filter((name) => connection[name] !== undefined)
    .map((name) => [name]);
  const sudo: ValuePath[] = typeof connection.sudo === "object" ? [["sudo", "password"]] : [];
  return [...own, ...sudo, ...secretPathsOfJumpHosts(connection)];
}

function secretPathsOfJumpHosts(settings: HostSettings): ValuePath[] {
  const { jumpHost } = settings;
  if (jumpHost === undefined) return [];
  if (!Array.isArray(jumpHost)) return secretPaths(jumpHost).map((path) => ["jumpHost", ...path]);
  return jumpHost.flatMap((host, index) => secretPaths(host).map((path) => ["jumpHost", index, ...path]));
}

/**
 * A union that reports what is wrong with the form the user chose, under the property concerned: a plain union says
 * "invalid input" about the whole.
 */
function reportForm<T>(union: z.ZodType<T>, pick: (value: unknown) => z.ZodType): z.ZodType<T, T> {
  const report = z.transform((value: unknown, context) => {
    for (const { path, message } of pick(value).safeParse(value).error?.issues ?? []) {
      context.addIssue({ code: "custom", path: [...path], message });
    }
    return value;
  });
  return report.pipe(union) as unknown as z.ZodType<T, T>;
}

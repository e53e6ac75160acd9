/** What a guest's own system said of its PCI devices. */
export type GuestAnswer =
  | { readonly kind: "seen" }
  /** It lists its devices, and these are not among them. */
  | { readonly kind: "missing"; readonly ids: readonly string[] }
  /** It could not be asked, or its answer proves nothing. */
  | { readonly kind: "unproven"; readonly reason: string };

/** Reads the answer that a change brought; `ids` are the devices asked for, `vendor:device`, one for each of several alike. */
export function readGuestAnswer(text: string, ids: readonly string[]): GuestAnswer {
  const [word = "", ...rest] = text.split(" ");
  const body = rest.join(" ");
  switch (word) {
    case "no-channel":
      return { kind: "unproven", reason: "no agent: the domain has no channel org.qemu.guest_agent.0" };
    case "disconnected":
      return { kind: "unproven", reason: "no agent: none has connected to the channel of the domain" };
    case "linux": {
      const missing = listMissing(listLinuxDevices(body), ids);
      return missing.length === 0 ? { kind: "seen" } : { kind: "missing", ids: missing };
    }
    case "windows": {
      const missing = listMissing(listWindowsDevices(body), ids);
      const reason = `the agent does not list ${missing.join(", ")}; on Windows it lists only devices that have a driver`;
      return missing.length === 0 ? { kind: "seen" } : { kind: "unproven", reason };
    }
    default:
      return { kind: "unproven", reason: `the agent may not say: ${body.replace(/^error: /, "").trim()}` };
  }
}

/** `/proc/bus/pci/devices` in base64: the second word of a line is vendor and device. */
function listLinuxDevices(base64: string): string[] {
  const text = Buffer.from(base64, "base64").toString("latin1");
  return text.split("\n").flatMap((line) => {
    const [, id = ""] = line.split("\t");
    return /^[0-9a-f]{8}$/.test(id) ? [`${id.slice(0, 4)}:${id.slice(4)}`] : [];
  });
}

/** The answer to `guest-get-devices`, whose ids are numbers. */
function listWindowsDevices(json: string): string[] {
  let answer: unknown;
  try {
    answer = JSON.parse(json);
  } catch {
    return [];
  }
  const devices = memberOf(answer, "return");
  if (!Array.isArray(devices)) return [];
  return devices.flatMap((device: unknown) => {
    const id = memberOf(device, "id");
    const parts = ["vendor-id", "device-id"].map((name) => memberOf(id, name));
    if (!parts.every((part) => typeof part === "number")) return [];
    return [parts.map((part) => part.toString(16).padStart(4, "0")).join(":")];
  });
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
}

function listMissing(have: readonly string[], wanted: readonly string[]): string[] {
  const left = [...have];
  return wanted.filter((id) => {
    const at = left.indexOf(id);
    if (at !== -1) left.splice(at, 1);
    return at === -1;
  });
}

import fs from "node:fs";
import path from "node:path";

import type { ChangeTarget, Libvirt } from "./daemon";
import type { Domain } from "./domain-store";
import { renderDomain } from "./domain-store";
import { LibvirtError } from "./error";
import { markAgentChannel } from "./guest-agent";
import type { VirshCommand, VirshOutput, VirshRequest } from "./virsh-command";

function operand(request: VirshRequest, option: string, position: number): string {
  const value =
    request.values.get(option) ??
    request.operands[request.values.has("--domain") && option !== "--domain" ? position - 1 : position];
  if (value === undefined) {
    throw new LibvirtError(`command '${request.command}' requires <${option.slice(2)}> option`, null);
  }
  return value;
}

/** A command on one domain, found by name, UUID or id. */
function onDomain(
  run: (libvirt: Libvirt, domain: Domain, request: VirshRequest) => VirshOutput,
  failure?: (request: VirshRequest) => string,
): VirshCommand {
  return {
    run: (libvirt, request) => run(libvirt, libvirt.store.find(operand(request, "--domain", 0)), request),
    ...(failure === undefined ? {} : { failure }),
  };
}

function list(libvirt: Libvirt, { options, isQuiet }: VirshRequest): VirshOutput {
  const domains = libvirt.store.list().filter((domain) => {
    const isTransient = libvirt.transient.has(domain.name);
    if ((options.has("--transient") && !isTransient) || (options.has("--persistent") && isTransient)) return false;
    const state = libvirt.stateOf(domain);
    if (options.has("--inactive") || options.has("--state-shutoff")) return state === "shut off";
    if (options.has("--state-running")) return state === "running";
    if (options.has("--state-paused")) return state === "paused";
    return domain.live !== undefined || options.has("--all");
  });
  const [hasUuid, hasName] = [options.has("--uuid"), options.has("--name")];
  if (!hasUuid && !hasName) {
    const rows = domains.map((one) => [one.live?.attributes.get("id") ?? "-", one.name, libvirt.stateOf(one)]);
    return { text: renderTable(rows, isQuiet ? undefined : ["Id", "Name", "State"]) };
  }
  const lines = domains.map((one) => {
    if (hasUuid && hasName) return `${one.uuid} ${one.name.padEnd(30)}`;
    return hasUuid ? one.uuid : one.name;
  });
  return { text: lines.map((line) => `${line}\n`).join("") };
}

/** Columns as wide as their longest cell, with a blank before and two behind; the header counts where it is shown. */
function renderTable(rows: readonly string[][], header: string[] | undefined): string {
  const shown = header === undefined ? rows : [header, ...rows];
  const widths = (shown[0] ?? []).map((_cell, column) => Math.max(...shown.map((row) => (row[column] ?? "").length)));
  const lines = shown.map((row) =>
    row
      .map((cell, column) => ` ${cell.padEnd(widths[column] ?? 0)}  `)
      .join("")
      .trimEnd(),
  );
  if (header !== undefined) lines.splice(1, 0, "-".repeat(widths.reduce((sum, width) => sum + width + 3, 0)));
  return lines.map((line) => `${line}\n`).join("");
}

function dumpXml(libvirt: Libvirt, domain: Domain, { options }: VirshRequest): VirshOutput {
  const form = options.has("--inactive") ? domain.config : (domain.live ?? domain.config);
  if (form === domain.live) markAgentChannel(form, libvirt.agents.get(domain.name)?.isConnected() === true);
  return { text: renderDomain(form, options.has("--security-info")) };
}

function targetOf(domain: Domain, { options }: VirshRequest): ChangeTarget {
  const isLive = domain.live !== undefined;
  const isPersistent = options.has("--persistent");
  const isPlain = !options.has("--config") && !options.has("--live") && !isPersistent;
  return {
    isForConfig: options.has("--config") || isPersistent || (isPlain && !isLive),
    isForLive: options.has("--live") || (isPersistent && isLive) || ((isPlain || options.has("--current")) && isLive),
  };
}

function readDocument(request: VirshRequest, file: string): string {
  const place = path.resolve(request.folder, file);
  if (!fs.existsSync(place)) {
    throw new LibvirtError(`Failed to open file '${file}': No such file or directory`, null);
  }
  return fs.readFileSync(place, "utf8");
}

function changeDevice(change: "attach" | "detach"): VirshCommand {
  return onDomain(
    (libvirt, domain, request) => {
      const xml = readDocument(request, operand(request, "--file", 1));
      libvirt[change](domain, xml, targetOf(domain, request));
      return { remark: `Device ${change}ed successfully` };
    },
    (request) => `Failed to ${change} device from ${request.values.get("--file") ?? request.operands.at(-1) ?? ""}`,
  );
}

function define(libvirt: Libvirt, request: VirshRequest): VirshOutput {
  const file = operand(request, "--file", 0);
  return { remark: `Domain '${libvirt.define(readDocument(request, file)).name}' defined from ${file}` };
}

const detachNode: VirshCommand = {
  run: (libvirt, request) => {
    const name = operand(request, "--device", 0);
    const driver = request.values.get("--driver") ?? "vfio";
    libvirt.devices.detach(libvirt.addressOf(name), driver === "vfio" ? "vfio-pci" : driver);
    return { remark: `Device ${name} detached` };
  },
  failure: (request) => `Failed to detach device ${request.operands[0] ?? ""}`,
};

function namedFailure(verb: string): (request: VirshRequest) => string {
  return (request) => `Failed to ${verb} domain '${request.operands[0] ?? ""}'`;
}

/** The commands that the simulated virsh knows, by name. */
export const COMMANDS: Readonly<Record<string, VirshCommand>> = {
  list: { run: list },
  version: {
    run: ({ version }) => ({
      text: `Compiled against library: libvirt ${version}\nUsing library: libvirt ${version}\nUsing API: QEMU ${version}\nRunning hypervisor: QEMU 7.2.0\n`,
    }),
  },
  define: { run: define, failure: (request) => `Failed to define domain from ${request.operands[0] ?? ""}` },
  dumpxml: onDomain(dumpXml),
  domstate: onDomain((libvirt, domain) => ({ text: `${libvirt.stateOf(domain)}\n` })),
  domuuid: onDomain((_libvirt, domain) => ({ text: `${domain.uuid}\n` })),
  domname: onDomain((_libvirt, domain) => ({ text: `${domain.name}\n` })),
  domid: onDomain((_libvirt, domain) => ({ text: `${domain.live?.attributes.get("id") ?? "-"}\n` })),
  start: onDomain((libvirt, domain) => {
    libvirt.start(domain);
    return { remark: `Domain '${domain.name}' started` };
  }, namedFailure("start")),
  destroy: onDomain((libvirt, domain) => {
    libvirt.stop(domain);
    return { remark: `Domain '${domain.name}' destroyed` };
  }, namedFailure("destroy")),
  shutdown: onDomain((libvirt, domain) => {
    libvirt.shutDown(domain);
    return { remark: `Domain '${domain.name}' is being shutdown` };
  }, namedFailure("shutdown")),
  suspend: onDomain((libvirt, domain) => {
    libvirt.paused.add(domain.name);
    return { remark: `Domain '${domain.name}' suspended` };
  }, namedFailure("suspend")),
  resume: onDomain((libvirt, domain) => {
    libvirt.paused.delete(domain.name);
    return { remark: `Domain '${domain.name}' resumed` };
  }, namedFailure("resume")),
  undefine: onDomain((libvirt, domain, { options }) => {
    libvirt.undefine(domain, options.has("--nvram") ? "remove" : options.has("--keep-nvram") ? "keep" : undefined);
    return { remark: `Domain '${domain.name}' has been undefined` };
  }, namedFailure("undefine")),
  autostart: onDomain((libvirt, domain, { options }) => {
    libvirt.store.setAutostart(domain.name, !options.has("--disable"));
    return { remark: `Domain '${domain.name}' marked as autostarted` };
  }),
  "qemu-agent-command": onDomain((libvirt, domain, request) => ({
    text: `${libvirt.askAgent(domain, operand(request, "--cmd", 1))}\n`,
  })),
  "attach-device": changeDevice("attach"),
  "detach-device": changeDevice("detach"),
  "nodedev-list": {
    run: (libvirt) => ({
      text: libvirt
        .nodeNames()
        .map((name) => `${name}\n`)
        .join(""),
    }),
  },
  "nodedev-dumpxml": { run: (libvirt, request) => ({ text: libvirt.describeNode(operand(request, "--device", 0)) }) },
  "nodedev-detach": detachNode,
  "nodedev-dettach": detachNode,
  "nodedev-reattach": {
    run: (libvirt, request) => {
      const name = operand(request, "--device", 0);
      libvirt.devices.reattach(libvirt.addressOf(name));
      return { remark: `Device ${name} re-attached` };
    },
    failure: (request) => `Failed to re-attach device ${request.operands[0] ?? ""}`,
  },
};

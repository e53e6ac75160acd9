import fs from "node:fs";
import path from "node:path";

import type { Machine } from "../machine";
import type { SimulatedHostOptions } from "../options";
import { writeBlockDevices } from "./block-devices";
import { renderMachineScript, writeBootFiles } from "./boot-files";
import { writeInputDevices, writeNetworkInterfaces } from "./class-devices";
import { childAccount, HostFiles } from "./host-files";
import { writePciTree } from "./pci-tree";
import { writeSystemFiles } from "./system-files";
import { writeShell, writeToolbox } from "./toolbox";

/**
 * Builds a host in an empty folder: `root` stands for `/`, `bin` is its whole PATH, `calls` is where its tools wait for
 * the kernel and the daemons.
 */
export function buildRoot(base: string, machine: Machine, options: SimulatedHostOptions): HostFiles {
  const account = childAccount();
  fs.mkdirSync(path.join(base, "calls"));
  fs.writeFileSync(path.join(base, "steps"), "");
  if (account !== undefined)
    for (const name of ["", "calls", "steps"]) fs.chownSync(path.join(base, name), account, account);
  const files = new HostFiles(path.join(base, "root"));
  writeSystemFiles(files, machine);
  writePciTree(files, machine);
  writeBlockDevices(files, machine);
  writeNetworkInterfaces(files, machine);
  writeInputDevices(files, machine);
  writeBootFiles(files, machine);
  writeToolbox(base, machine, options.missingTools ?? []);
  writeShell(base, options.shell ?? "sh");
  writeSudoRules(base, options.sudo ?? true);
  fs.writeFileSync(path.join(base, "machine.sh"), renderMachineScript(machine));
  writeNetworkAnswers(base, machine);
  for (const [name, text] of Object.entries(options.files ?? {})) files.write(name, text);
  return files;
}

/** What `ip -o addr show` and `ip -o route show` print. */
function writeNetworkAnswers(base: string, machine: Machine): void {
  const addresses = ["1: lo    inet 127.0.0.1/8 scope host lo\\       valid_lft forever preferred_lft forever"];
  const routes: string[] = [];
  machine.interfaces.forEach((one, index) => {
    for (const address of one.addresses ?? []) {
      const family = address.includes(":") ? "inet6" : "inet";
      addresses.push(
        `${index + 2}: ${one.name}    ${family} ${address} scope global ${one.name}\\       valid_lft forever preferred_lft forever`,
      );
      if (family === "inet")
        routes.push(
          `${address.replace(/\.\d+\//, ".0/")} dev ${one.name} proto kernel scope link src ${address.split("/")[0] ?? ""} `,
        );
    }
    if (one.gateway !== undefined) routes.unshift(`default via ${one.gateway} dev ${one.name} proto static `);
  });
  fs.writeFileSync(path.join(base, "ip-addresses"), addresses.map((line) => `${line}\n`).join(""));
  fs.writeFileSync(path.join(base, "ip-routes"), routes.map((line) => `${line}\n`).join(""));
}

/** How the stand-in for sudo treats the user: files that it looks for. */
function writeSudoRules(base: string, sudo: NonNullable<SimulatedHostOptions["sudo"]>): void {
  if (sudo === false) fs.writeFileSync(path.join(base, "sudo-refused"), "");
  if (typeof sudo === "object") fs.writeFileSync(path.join(base, "sudo-password"), `${sudo.password}\n`);
}

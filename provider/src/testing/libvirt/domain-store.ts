import fs from "node:fs";
import path from "node:path";

import { hideSecrets, normalizeDomain } from "./domain-xml";
import { LibvirtError } from "./error";
import type { IsConventional } from "./place-devices";
import type { XmlElement } from "./xml";
import { copyElement, parseXml, renderXml, textOf } from "./xml";

/** A domain as libvirt knows it: its stored form, and its running form while it runs. */
export interface Domain {
  readonly name: string;
  readonly uuid: string;
  readonly config: XmlElement;
  readonly live?: XmlElement;
}

/** Domains as files, one stored form and one running form each, in a folder that no script of the host looks into. */
export class DomainStore {
  readonly #folder: string;
  readonly #isConventional: IsConventional;

  constructor(folder: string, isConventional: IsConventional) {
    this.#folder = folder;
    this.#isConventional = isConventional;
    fs.mkdirSync(folder, { recursive: true });
  }

  list(): Domain[] {
    const names = fs
      .readdirSync(this.#folder)
      .filter((file) => file.endsWith(".xml"))
      .map((file) => file.slice(0, -4));
    return names.sort().map((name) => this.#read(name));
  }

  /** Finds a domain by name, UUID or, while it runs, by id. */
  find(key: string): Domain {
    const found = this.list().find(
      (one) => one.name === key || one.uuid === key || one.live?.attributes.get("id") === key,
    );
    if (found === undefined) {
      throw new LibvirtError(`failed to get domain '${key}'`, null);
    }
    return found;
  }

  /** Stores a domain in normal form; a name keeps its UUID. */
  define(domain: XmlElement): Domain {
    normalizeDomain(domain, this.#isConventional);
    const name = textOf(domain, "name") ?? "";
    const uuid = textOf(domain, "uuid") ?? "";
    const other = this.list().find((one) => (one.name === name) !== (one.uuid === uuid));
    if (other !== undefined) {
      throw new LibvirtError(`operation failed: domain '${other.name}' already exists with uuid ${other.uuid}`);
    }
    fs.writeFileSync(this.#file(name, "xml"), renderXml(domain));
    return this.#read(name);
  }

  setLive(name: string, live: XmlElement | undefined): void {
    const file = this.#file(name, "live");
    if (live === undefined) fs.rmSync(file, { force: true });
    else fs.writeFileSync(file, renderXml(live));
  }

  setAutostart(name: string, isOn: boolean): void {
    if (isOn) fs.writeFileSync(this.#file(name, "autostart"), "");
    else fs.rmSync(this.#file(name, "autostart"), { force: true });
  }

  hasAutostart(name: string): boolean {
    return fs.existsSync(this.#file(name, "autostart"));
  }

  remove(name: string): void {
    for (const kind of ["xml", "live", "autostart"] as const) fs.rmSync(this.#file(name, kind), { force: true });
  }

  #file(name: string, kind: "xml" | "live" | "autostart"): string {
    return path.join(this.#folder, `${name}.${kind}`);
  }

  #read(name: string): Domain {
    const config = parseXml(fs.readFileSync(this.#file(name, "xml"), "utf8"));
    const live = this.#file(name, "live");
    return {
      name,
      uuid: textOf(config, "uuid") ?? "",
      config,
      ...(fs.existsSync(live) ? { live: parseXml(fs.readFileSync(live, "utf8")) } : {}),
    };
  }
}

/** A domain's document as virsh prints it. */
export function renderDomain(domain: XmlElement, withSecrets: boolean): string {
  const shown = copyElement(domain);
  if (!withSecrets) hideSecrets(shown);
  return renderXml(shown);
}

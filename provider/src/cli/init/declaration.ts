import type { ResourcePlan } from "../planning";

/** A piece of TypeScript where a value stands otherwise. */
export class Code {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** A value as it is written in a program. */
export type Value = string | number | boolean | Code | readonly Value[] | { readonly [name: string]: Value };

/** A resource of the program, and what its first preview shows. */
export interface Declaration {
  /** Name of the resource. */
  readonly name: string;
  /** Name of its constant. */
  readonly variable: string;
  /** Inputs beside the host, in the order in which they are written. */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Constants of the resources that come first, where no input says so. */
  readonly dependsOn: readonly string[];
  /** Sentences that stand above it. */
  readonly remarks: readonly string[];
  /** Somebody asked for it; what is not asked for changes nothing. */
  readonly isAskedFor: boolean;
  readonly plan: ResourcePlan;
}

/** Something that the host has and that the program leaves out. */
export interface Omission {
  readonly what: string;
  readonly why: string;
  /** Functions that it is about. */
  readonly addresses: readonly string[];
}

/** A host as a program. */
export interface HostProgram {
  readonly declarations: readonly Declaration[];
  readonly omissions: readonly Omission[];
}

/** Gives out names that are each given once. */
export class Names {
  readonly #taken = new Set(["host", "config", "pulumi", "default", "new", "import", "export"]);

  /** The wanted name, with a number where it is taken; `variable` is the same as an identifier. */
  take(wanted: string): { readonly name: string; readonly variable: string } {
    const base =
      wanted
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, "-")
        .replace(/^-|-$/g, "") || "guest";
    for (let count = 1; ; count++) {
      const name = count === 1 ? base : `${base}-${count}`;
      const variable = toIdentifier(name);
      if (this.#taken.has(variable)) continue;
      this.#taken.add(variable);
      return { name, variable };
    }
  }
}

function toIdentifier(name: string): string {
  const camel = name.replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
  return /^[0-9]/.test(camel) ? `guest${camel}` : camel;
}

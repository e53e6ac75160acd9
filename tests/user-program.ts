import * as pulumi from "@pulumi/pulumi";
import type { PulumiFn } from "@pulumi/pulumi/automation";
import { transformSync } from "@swc/core";
import * as passthrough from "pulumi-passthrough";

/**
 * A program as a user writes it, run anew at each call; Node's own loader would keep its first run. `modules` are what it may
 * import beside Pulumi and this package.
 */
export function loadProgram(source: string, modules: Readonly<Record<string, unknown>> = {}): PulumiFn {
  const { code } = transformSync(source, {
    jsc: { parser: { syntax: "typescript" }, target: "es2022" },
    module: { type: "commonjs" },
  });
  const known = { "@pulumi/pulumi": pulumi, "pulumi-passthrough": passthrough, ...modules };
  return () => {
    const exports: Record<string, unknown> = {};
    // eslint-disable-next-line @typescript-eslint/no-implied-eval -- a program of our own pages, examples, or command
    const run = new Function("require", "exports", code) as (require: (id: string) => unknown, exports: object) => void;
    run((id) => known[id as keyof typeof known], exports);
    return Promise.resolve(exports);
  };
}

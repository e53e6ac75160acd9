import type { Declaration, HostProgram } from "./declaration";
import type { WrittenConnection } from "./render-connection";
import { renderProgram } from "./render-program";
import { isQuiet } from "../planning";

/** A file of the project, by its path in the project's folder. */
export interface ProjectFile {
  readonly path: string;
  readonly text: string;
}

/** What a project is made of. */
export interface Project {
  /** Name of the Pulumi project. */
  readonly name: string;
  /** The host, as the user named it. */
  readonly host: string;
  /** What it is: name and distribution. */
  readonly system: string;
  readonly connection: WrittenConnection;
  readonly program: HostProgram;
  /** This package as npm finds it: a version, or the place of a tarball. */
  readonly dependency: string;
}

/** Every file of a project that is ready to be run. */
export function renderProject(project: Project): ProjectFile[] {
  const { name, host, system, connection, program, dependency } = project;
  const title = `${host}: ${system}, as \`passthrough init\` found it.`;
  const manifest = {
    name,
    private: true,
    main: "index.ts",
    dependencies: { "@pulumi/pulumi": "^3.216.0", "pulumi-passthrough": dependency },
    devDependencies: { "@types/node": "^20.19.0", typescript: "^5.9.0" },
  };
  const compilerOptions = { target: "es2022", module: "node16", strict: true, skipLibCheck: true, noEmit: true };
  return [
    { path: "Pulumi.yaml", text: renderPulumiYaml(name, host) },
    { path: "package.json", text: renderJsonFile(manifest) },
    { path: "tsconfig.json", text: renderJsonFile({ compilerOptions, files: ["index.ts"] }) },
    { path: "index.ts", text: renderProgram(title, program, connection) },
    { path: ".gitignore", text: "/node_modules/\n" },
    { path: "README.md", text: renderReadme(project) },
  ];
}

function renderJsonFile(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** JSON strings are YAML strings as well. */
function renderPulumiYaml(name: string, host: string): string {
  return `name: ${name}\nruntime: nodejs\ndescription: ${JSON.stringify(`PCI passthrough of ${host}`)}\n`;
}

function renderReadme({ name, host, system, connection, program }: Project): string {
  const { declarations, omissions } = program;
  const secrets = connection.secrets.map((secret) => `pulumi config set --secret ${secret}\n`).join("");
  const shown = declarations.map((one) => `| \`${one.name}\` | ${one.plan.kind} | ${describeFirst(one)} |\n`).join("");
  const left = omissions.map(({ what, why }) => `- ${escapeCell(what)}: ${escapeCell(why)}.\n`).join("");
  return `# ${name}

PCI passthrough of ${host}: ${system}. \`passthrough init\` wrote this project from what the host showed.

\`\`\`sh
npm install
pulumi stack init ${name}
${secrets}pulumi preview --diff
pulumi up
\`\`\`

Pulumi has not heard of anything here yet, so the first preview says *create* of each resource. What counts is its \`plan\`:
a resource without \`steps\` takes over what the host has, and nothing is written.

| Resource | Kind | First preview |
| --- | --- | --- |
${shown}
${left === "" ? "" : `Left out:\n\n${left}\n`}From then on you edit \`index.ts\`, and the next preview shows what that would change. \`passthrough survey ${host}\` shows which
devices could go to a guest.

A \`pulumi destroy\` takes back what Pulumi brought, and leaves what was there before.
`;
}

/** What the first preview says of a resource, in a few words. */
export function describeFirst({ plan, isAskedFor }: Declaration): string {
  if (isQuiet(plan)) return "no steps: the host is as declared";
  const asked = isAskedFor ? ", asked for" : "";
  if (plan.outcome === "later") return `known later${asked}`;
  return `${plan.steps.length} ${plan.steps.length === 1 ? "step" : "steps"}${asked}`;
}

function escapeCell(text: string): string {
  return text.replaceAll("|", "\\|").replace(/\s+/g, " ");
}

import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "@jest/globals";
import * as ts from "typescript";
import { SAFETY_RULES } from "../../provider/src/model/pci/safety-rules";
import { fillTables } from "../../schema/doc-tables";
import { dropCode, listAnchors, listBlocks, readPages, REPOSITORY, type Page } from "./pages";

const pages = readPages();
const README = pages.find((page) => page.name === "README.md")?.text ?? "";

describe("links", () => {
  it.each(pages)("of $name lead to files and headings that exist", (page) => {
    expect(listBrokenLinks(page)).toEqual([]);
  });

  it("are looked at: a wrong one is found", () => {
    const text = "# A b, c!\n[1](no.md) [2](#a-b-c) [3](#no) [4](README.md#no) [5](https://example.org) `[6](no.md)`";

    expect(listBrokenLinks({ name: "page.md", text })).toEqual(["no.md", "#no", "README.md#no"]);
  });
});

describe("examples", () => {
  it("type-check, all of them", () => {
    const examples = pages.flatMap(({ name, text }) =>
      listBlocks(text)
        .filter((block) => block.language === "ts")
        .map((block, i) => ({ name: `${name}-${i + 1}.ts`.replaceAll("/", "-"), text: block.text })),
    );

    expect(examples.length).toBeGreaterThan(4);
    expect(listTypeErrors(examples)).toEqual([]);
  }, 120_000);

  it("are looked at: a wrong one is found", () => {
    const text = 'import { HostIommuConfig } from "pulumi-passthrough";\nnew HostIommuConfig("a", { hots: "kvm1" });\n';

    expect(listTypeErrors([{ name: "wrong.ts", text }])).toEqual([expect.stringContaining("wrong.ts: ")]);
  }, 120_000);
});

describe("tables", () => {
  it.each(pages)("of $name say what the code says", ({ text }) => {
    expect(text).toBe(fillTables(text));
  });

  it("hold every safety rule, with the words of its messages", () => {
    const page = readFileSync(join(REPOSITORY, "docs/safety-rules.md"), "utf8");
    const [waivable = "", absolute = ""] = page.split("## Rules that nobody can waive");

    for (const [name, rule] of Object.entries(SAFETY_RULES)) {
      const row = `| \`${name}\` | ${rule.refuses} | ${rule.because} | ${rule.instead} |`;
      expect(rule.isWaivable ? waivable : absolute).toContain(row);
      expect(rule.isWaivable ? absolute : waivable).not.toContain(row);
    }
  });
});

describe("the README", () => {
  it("names commands that exist", () => {
    const { scripts } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as { scripts: object };
    const named = [...README.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);

    expect(named).toContain("demo");
    expect(Object.keys(scripts)).toEqual(expect.arrayContaining(named));
  });

  it("asks for the versions that package.json asks for", () => {
    const { engines, peerDependencies } = JSON.parse(readFileSync(join(REPOSITORY, "package.json"), "utf8")) as {
      engines: { node: string };
      peerDependencies: Record<string, string>;
    };

    expect(README).toContain(`Node.js ${engines.node.replace(">=", "")} or newer`);
    expect(README).toContain(
      `\`@pulumi/pulumi\` ${peerDependencies["@pulumi/pulumi"]?.replace(/^\^|\.0$/g, "") ?? "?"}`,
    );
  });
});

function listBrokenLinks({ name, text }: Page): string[] {
  const links = [...dropCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link = ""]) => link);
  return links.filter((link) => !/^[a-z]+:/.test(link) && !isSound(name, text, link));
}

function isSound(name: string, text: string, link: string): boolean {
  const [file = "", anchor] = link.split("#");
  const path = join(REPOSITORY, dirname(name), file);
  if (file !== "" && !existsSync(path)) return false;
  if (anchor === undefined) return true;
  return listAnchors(file === "" ? text : readFileSync(path, "utf8")).includes(anchor);
}

/** Compiles the examples as if they stood in the root of the repository, with its settings. */
function listTypeErrors(examples: readonly { name: string; text: string }[]): string[] {
  const { config } = ts.readConfigFile(join(REPOSITORY, "tsconfig.json"), (file) => ts.sys.readFile(file)) as {
    config: object;
  };
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, REPOSITORY);
  const texts = new Map(examples.map(({ name, text }) => [join(REPOSITORY, name), text]));
  const host = ts.createCompilerHost(options);
  const readFile = host.readFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.readFile = (file) => texts.get(file) ?? readFile(file);
  host.fileExists = (file) => texts.has(file) || fileExists(file);
  const program = ts.createProgram([...texts.keys()], options, host);
  return [...texts.keys()].flatMap((file) =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(file))
      .map(
        ({ messageText }) =>
          `${file.slice(REPOSITORY.length + 1)}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
      ),
  );
}

import { readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { listPages } from "../../schema/generated";

export const REPOSITORY = join(__dirname, "../..");

/** A page of the documentation. */
export interface Page {
  /** Path from the root of the repository. */
  readonly name: string;
  readonly text: string;
}

/** Every page of the repository. */
export function readPages(): Page[] {
  return listPages().map((path) => ({ name: relative(REPOSITORY, path), text: readFileSync(path, "utf8") }));
}

/** A fenced block of a page. */
export interface Block {
  readonly language: string;
  /** What the comment `<!-- … -->` on the line above says; empty without one. */
  readonly mark: string;
  readonly text: string;
}

/** The fenced blocks of a page, in order. */
export function listBlocks(text: string): Block[] {
  const blocks = text.matchAll(/(?:^<!-- (.*) -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, mark = "", language = "", body = ""]) => ({ language, mark, text: body }));
}

/** The text without what stands in fenced blocks and between backticks. */
export function dropCode(text: string): string {
  return text.replace(/^```[\s\S]*?^```$/gm, "").replace(/`[^`\n]*`/g, "");
}

/** Anchors of a page's headings, as GitHub makes them. */
export function listAnchors(text: string): string[] {
  const headings = text.replace(/^```[\s\S]*?^```$/gm, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

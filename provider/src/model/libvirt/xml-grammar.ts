/** Text that is not XML we can vouch for, or not the document that was asked for; the message says why. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

const NAME = String.raw`[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{N}\p{M}_.\-·]*`;
const QNAME = `${NAME}(?::${NAME})?`;
const ATTRIBUTE = String.raw`[ \t\r\n]+${QNAME}[ \t\r\n]*=[ \t\r\n]*(?:"[^<"]*"|'[^<']*')`;
const COMMENT = "<!--[^]*?-->";

const DECLARATION =
  /^\uFEFF?<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:"1\.\d+"|'1\.\d+')(?:[ \t\r\n]+[a-z]+[ \t\r\n]*=[ \t\r\n]*(?:"[\w.-]+"|'[\w.-]+'))*[ \t\r\n]*\?>/;
const TAG = new RegExp(`<${QNAME}(?:${ATTRIBUTE})*[ \\t\\r\\n]*/?>|</${QNAME}[ \\t\\r\\n]*>`, "uy");
const OTHER_MARKUP = new RegExp(
  String.raw`${COMMENT}|<!\[CDATA\[[^]*?\]\]>|<\?(?![xX][mM][lL][ \t\r\n?])${NAME}(?:[ \t\r\n][^]*?)?\?>`,
  "uy",
);
const TEXT = /[^<]+/y;
const REFERENCE = /&(?:(lt|gt|amp|quot|apos)|#(\d{1,7})|#x([0-9a-fA-F]{1,6}));|&/g;
const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };
const FORBIDDEN = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u;

/** The comments that stand on the same line behind a place; for use with `lastIndex`. */
export const TRAILING_COMMENTS = new RegExp(String.raw`(?:[ \t]*${COMMENT})*`, "y");

/** The start tag at a place; for use with `lastIndex`. */
export const START_TAG = new RegExp(`<${QNAME}(?:${ATTRIBUTE})*[ \\t\\r\\n]*/?>`, "uy");

/**
 * Refuses what fast-xml-parser and its validator let through although it is not well-formed: unknown entities, `<` and
 * `&` in attribute values, `]]>` in text, `--` in comments, forbidden characters, a second XML declaration, a second root. Document
 * type declarations are refused too, and with them entities of the document's own.
 */
export function checkGrammar(text: string): void {
  const forbidden = FORBIDDEN.exec(text);
  if (forbidden !== null)
    throw new XmlError(`a character that XML forbids stands at ${describePlace(text, forbidden.index)}`);
  let at = DECLARATION.exec(text)?.[0].length ?? (text.startsWith("\uFEFF") ? 1 : 0);
  let depth = 0;
  let rootCount = 0;
  while (at < text.length) {
    const token = readToken(text, at);
    if (depth === 0 && isTag(token)) rootCount += 1;
    if (rootCount > 1 || (depth === 0 && isContent(token))) {
      throw new XmlError(`something stands outside the root element at ${describePlace(text, at)}`);
    }
    depth += isTag(token) && !token.endsWith("/>") ? (token.startsWith("</") ? -1 : 1) : 0;
    at += token.length;
  }
  if (rootCount === 0) throw new XmlError("the document has no element");
}

function isTag(token: string): boolean {
  return token.startsWith("<") && token.charAt(1) !== "!" && token.charAt(1) !== "?";
}

function isContent(token: string): boolean {
  return token.startsWith("<![CDATA[") || (!token.startsWith("<") && /[^ \t\r\n]/.test(token));
}

function readToken(text: string, at: number): string {
  const token = matchAt(TEXT, text, at) ?? matchAt(TAG, text, at) ?? matchAt(OTHER_MARKUP, text, at);
  if (token === undefined) {
    const isDoctype = text.startsWith("<!DOCTYPE", at);
    const what = isDoctype ? "a document type declaration, which is not accepted," : "markup that is not well-formed";
    throw new XmlError(`${what} stands at ${describePlace(text, at)}`);
  }
  if (token.startsWith("<!--") && `${token.slice(4, -3)}-`.includes("--")) {
    throw new XmlError(`"--" stands in the comment that begins at ${describePlace(text, at)}`);
  }
  if (!token.startsWith("<") && token.includes("]]>")) {
    throw new XmlError(`"]]>" stands in the text that begins at ${describePlace(text, at)}`);
  }
  if (isTag(token) || !token.startsWith("<")) decodeReferences(token);
  return token;
}

/** What a sticky expression matches at a place. */
export function matchAt(expression: RegExp, text: string, at: number): string | undefined {
  expression.lastIndex = at;
  return expression.exec(text)?.[0];
}

/** Replaces the five entities that XML itself defines, and character references; anything else is an XmlError. */
export function decodeReferences(text: string): string {
  return text.replace(REFERENCE, (whole: string, name?: string, decimal?: string, hex?: string) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    const code = decimal !== undefined ? parseInt(decimal, 10) : parseInt(hex ?? "", 16);
    if (!(code <= 0x10ffff)) throw new XmlError('an "&" that begins no known entity or character reference');
    const character = String.fromCodePoint(code);
    if (FORBIDDEN.test(character)) throw new XmlError(`${whole} refers to a character that XML forbids`);
    return character;
  });
}

/** Writes a value so that it can stand between single quotes. */
export function escapeAttribute(value: string): string {
  const forbidden = FORBIDDEN.exec(value);
  if (forbidden !== null) throw new XmlError(`${JSON.stringify(value)} holds a character that XML forbids`);
  const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&apos;" };
  return value.replace(/[&<>'\t\n\r]/g, (char) => entities[char] ?? `&#${char.charCodeAt(0)};`);
}

function describePlace(text: string, at: number): string {
  const before = text.slice(0, at).split(/\r\n?|\n/);
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
}

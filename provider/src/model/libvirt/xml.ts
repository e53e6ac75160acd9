import { XMLParser, XMLValidator } from "fast-xml-parser";
import { checkGrammar, decodeReferences, matchAt, START_TAG, XmlError } from "./xml-grammar";

/** Characters of a document that is still read; the largest domain of libvirt's own tests has a fiftieth of that. */
const MAX_LENGTH = 4 * 1024 * 1024;
/** Chains of `<backingStore>` may be 200 deep. */
const MAX_DEPTH = 300;

/**
 * An element with its place in the source text. Names are as written where no namespace applies, else `{uri}local`, so
 * that a prefix of the user's own makes no difference; declarations of namespaces are not among the attributes.
 */
export interface XmlElement {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Elements and text in their order; a text is never empty, and comments leave no trace. */
  readonly children: readonly (XmlElement | string)[];
  readonly start: number;
  readonly end: number;
}

type RawNode = Readonly<Record<string | symbol, unknown>>;
type Scope = ReadonlyMap<string, string>;

const PLACE = XMLParser.getMetaDataSymbol() as unknown as symbol;
const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  trimValues: false,
  parseTagValue: false,
  // References are decoded here: the parser would leave numeric ones alone and cut long values off.
  processEntities: false,
  cdataPropName: "#cdata",
  ignoreDeclaration: true,
  ignorePiTags: true,
  captureMetaData: true,
  maxNestedTags: MAX_DEPTH,
  onDangerousProperty: (name) => name,
});

/** Reads a whole document and answers its root element; throws an XmlError for anything that is not well-formed. */
export function parseXml(text: string): XmlElement {
  if (text.length > MAX_LENGTH) throw new XmlError(`the document has more than ${MAX_LENGTH} characters`);
  checkGrammar(text);
  const validity = XMLValidator.validate(text);
  if (validity !== true) throw new XmlError(`line ${validity.err.line}: ${validity.err.msg}`);
  const scope: Scope = new Map([["xml", "http://www.w3.org/XML/1998/namespace"]]);
  const root = convertChildren(text, parseRaw(text), scope).find((node) => typeof node !== "string");
  if (root === undefined) throw new XmlError("the document has no root element");
  return root;
}

function parseRaw(text: string): readonly RawNode[] {
  try {
    return parser.parse(text) as readonly RawNode[];
  } catch (error) {
    throw new XmlError(error instanceof Error ? error.message : String(error));
  }
}

function convertChildren(text: string, nodes: readonly RawNode[], scope: Scope): (XmlElement | string)[] {
  const children: (XmlElement | string)[] = [];
  for (const node of nodes) {
    const piece = convertNode(text, node, scope);
    const last = children.at(-1);
    if (typeof piece !== "string") children.push(piece);
    else if (typeof last === "string") children[children.length - 1] = last + piece;
    else if (piece !== "") children.push(piece);
  }
  return children;
}

function convertNode(text: string, node: RawNode, scope: Scope): XmlElement | string {
  if (typeof node["#text"] === "string") return decodeReferences(node["#text"]);
  const cdata = node["#cdata"] as readonly RawNode[] | undefined;
  if (cdata !== undefined) return cdata.map((part) => part["#text"] as string).join("");
  return convertElement(text, node, scope);
}

function convertElement(text: string, node: RawNode, outer: Scope): XmlElement {
  const name = Object.keys(node).find((key) => key !== ":@") ?? "";
  const { startIndex = -1, endIndex = -1 } = node[PLACE] as { startIndex?: number; endIndex?: number };
  // All edits rest on these places, so a parser that lost count must not go unnoticed.
  const isPlaced = matchAt(START_TAG, text, startIndex)?.startsWith(`<${name}`) === true && text[endIndex - 1] === ">";
  if (!isPlaced) throw new XmlError(`the place of <${name}> could not be found`);
  const written = Object.entries((node[":@"] ?? {}) as Readonly<Record<string, string>>).map(
    ([key, value]) => [key, decodeReferences(value.replace(/[\t\n]/g, " "))] as const,
  );
  const scope = declareNamespaces(written, outer);
  return {
    name: expandName(name, scope, scope.get("")),
    attributes: expandAttributes(written, scope),
    children: convertChildren(text, node[name] as readonly RawNode[], scope),
    start: startIndex,
    end: endIndex,
  };
}

function isDeclaration(name: string): boolean {
  return name === "xmlns" || name.startsWith("xmlns:");
}

function declareNamespaces(written: readonly (readonly [string, string])[], outer: Scope): Scope {
  const declared = written.filter(([name]) => isDeclaration(name));
  if (declared.length === 0) return outer;
  return new Map([...outer, ...declared.map(([name, uri]) => [name.slice("xmlns:".length), uri] as const)]);
}

function expandAttributes(written: readonly (readonly [string, string])[], scope: Scope): ReadonlyMap<string, string> {
  const attributes = new Map<string, string>();
  for (const [name, value] of written.filter(([key]) => !isDeclaration(key))) {
    const expanded = expandName(name, scope, undefined);
    if (attributes.has(expanded)) throw new XmlError(`the attribute ${name} is there twice`);
    attributes.set(expanded, value);
  }
  return attributes;
}

function expandName(name: string, scope: Scope, defaultUri: string | undefined): string {
  const split = name.indexOf(":");
  const uri = split === -1 ? defaultUri : scope.get(name.slice(0, split));
  if (split !== -1 && (uri === undefined || uri === "")) {
    throw new XmlError(`the namespace prefix of ${name} is not declared`);
  }
  return uri === undefined || uri === "" ? name : `{${uri}}${name.slice(split + 1)}`;
}

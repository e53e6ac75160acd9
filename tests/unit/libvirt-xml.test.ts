import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { areCanonicallyEqual } from "../../provider/src/model/libvirt/canonical";
import { parseXml } from "../../provider/src/model/libvirt/xml";
import { escapeAttribute, XmlError } from "../../provider/src/model/libvirt/xml-grammar";
import { attributeOf, childElements, firstChild, sourceOf, textOf } from "../../provider/src/model/libvirt/xml-query";

describe("parseXml", () => {
  it("knows the place of every element, behind line breaks of two characters too", () => {
    const xml = "<?xml version='1.0'?>\r\n<a>\r\n  <b/>\r\n  <c k='>'>\r\n</c >\r\n</a>";

    const pieces = childElements(parseXml(xml)).map((element) => sourceOf(xml, element));

    expect(pieces).toEqual(["<b/>", "<c k='>'>\r\n</c >"]);
  });

  it("decodes references in text and values, and leaves CDATA alone", () => {
    const root = parseXml(`<a k="&#x41;&#66;&amp;lt;&quot;">x&lt;<!-- y -->&#122;<![CDATA[&amp;]]></a>`);

    expect({ k: attributeOf(root, "k"), text: textOf(root) }).toEqual({ k: 'AB&lt;"', text: "x<z&amp;" });
  });

  it("finds the same names whatever prefix the user chose", () => {
    const a = parseXml("<d xmlns:qemu='urn:q'><qemu:arg/></d>");
    const b = parseXml("<d><x:arg xmlns:x='urn:q'/></d>");

    expect(childElements(a).map((child) => child.name)).toEqual(["{urn:q}arg"]);
    expect(childElements(b).map((child) => child.name)).toEqual(["{urn:q}arg"]);
  });

  it("keeps names that are properties of every JavaScript object", () => {
    const root = parseXml("<a toString='1'><valueOf/></a>");

    expect(attributeOf(root, "toString")).toBe("1");
    expect(firstChild(root, "valueOf")).toBeDefined();
  });

  it("reads a value of a million characters and chains as deep as libvirt allows", () => {
    const long = "x".repeat(1_000_000);
    const deep = `${"<a>".repeat(250)}${"</a>".repeat(250)}`;

    expect(attributeOf(parseXml(`<a k='${long}'><!--${long}--></a>`), "k")).toHaveLength(1_000_000);
    expect(parseXml(deep).end).toBe(deep.length);
  });

  it.each([
    ["nothing", ""],
    ["no markup", "hello"],
    ["two roots", "<a/><b/>"],
    ["a second, empty root", "<a></a><b/>"],
    ["text behind the root", "<a/>t"],
    ["CDATA in front of the root", "<![CDATA[x]]><a/>"],
    ["elements that overlap", "<a><b></a></b>"],
    ["an open element", "<a><b></b>"],
    ["an open comment", "<a><!-- x</a>"],
    ["an open CDATA", "<a><![CDATA[x</a>"],
    ["two hyphens in a comment", "<a><!-- x -- y --></a>"],
    ["a comment that ends in a hyphen", "<a><!-- x ---></a>"],
    ["the end of CDATA in text", "<a>]]></a>"],
    ["an unknown entity in text", "<a>&foo;</a>"],
    ["an unknown entity in a value", "<a k='&foo;'/>"],
    ["a bare ampersand in a value", "<a k='a&b'/>"],
    ["a < in a value", "<a k='<'/>"],
    ["a value without quotes", "<a k=1/>"],
    ["an attribute without a value", "<a k/>"],
    ["an attribute twice", "<a k='1' k='2'/>"],
    ["an attribute twice under two prefixes", "<a xmlns:p='u' xmlns:q='u' p:k='1' q:k='2'/>"],
    ["attributes without a blank between them", "<a k='1'l='2'/>"],
    ["a reference to NUL", "<a>&#0;</a>"],
    ["a reference beyond Unicode", "<a>&#x110000;</a>"],
    ["a control character", "<a>\u0001</a>"],
    ["half a surrogate pair", "<a>\ud800</a>"],
    ["a prefix that is not declared", "<a><q:b/></a>"],
    ["a second declaration", "<a><?xml version='1.0'?></a>"],
    ["a declaration behind a blank", " <?xml version='1.0'?><a/>"],
    ["a name that begins with a digit", "<1a/>"],
    ["a document type", "<!DOCTYPE a><a/>"],
    ["an entity of the document's own", "<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"],
    ["an external entity", "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>"],
    ["unknown markup", "<a><!foo></a>"],
    ["elements without end", `${"<a>".repeat(2000)}${"</a>".repeat(2000)}`],
    ["too long a text", `<a>${" ".repeat(4 * 1024 * 1024)}</a>`],
  ])("refuses %s", (_what, xml) => {
    expect(() => parseXml(xml)).toThrow(XmlError);
  });

  it("gives back what escapeAttribute wrote", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[\t\n\r -~äß€😀]*$/u), (value) => {
        expect(attributeOf(parseXml(`<a k='${escapeAttribute(value)}'/>`), "k")).toBe(value);
      }),
    );
  });
});

describe("areCanonicallyEqual", () => {
  it.each([
    ["quotes and order of attributes", `<a x='1' y="2"/>`, `<a y='2'  x="1"></a>`],
    ["white space between elements", "<a><b/><c/></a>", "<a>\n  <b/>\n\t<c/>\r\n</a>"],
    ["comments, CDATA and references", "<a>x&lt;y</a>", "<!-- c --><a>x<![CDATA[<]]>&#121;</a>"],
    ["prefixes of one namespace", "<a xmlns:p='u'><p:b/></a>", "<a><b xmlns='u'/></a>"],
  ])("sees no difference in %s", (_what, a, b) => {
    expect(areCanonicallyEqual(a, b)).toBe(true);
  });

  it.each([
    ["a value", "<a x='1'/>", "<a x='2'/>"],
    ["a text", "<a>x</a>", "<a>y</a>"],
    ["blanks inside a text", "<a>x y</a>", "<a>x  y</a>"],
    ["the order of elements", "<a><b/><c/></a>", "<a><c/><b/></a>"],
    ["an element more", "<a><b/></a>", "<a><b/><b/></a>"],
    ["a namespace", "<a><b xmlns='u'/></a>", "<a><b xmlns='v'/></a>"],
    ["where a text stands", "<a>x<b/></a>", "<a><b/>x</a>"],
  ])("sees a difference in %s", (_what, a, b) => {
    expect(areCanonicallyEqual(a, b)).toBe(false);
  });
});

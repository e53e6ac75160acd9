import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { DomainPatch } from "../../provider/src/model/libvirt/domain-patch";
import { patchDomain } from "../../provider/src/model/libvirt/domain-patch";
import { parseDomain } from "../../provider/src/model/libvirt/domain-xml";
import { joinPciAddress, PciAddress } from "../../provider/src/model/pci/address";

const gpu = PciAddress.parse("0000:01:00.0");
const audio = PciAddress.parse("0000:01:00.1");
const nic = PciAddress.parse("0001:de:1f.7");

function patched(xml: string, patch: Partial<DomainPatch>): string {
  const result = patchDomain(xml, { add: [], remove: [], ...patch });
  if ("refused" in result) throw new Error(result.refused);
  return result.xml;
}

function add(xml: string, ...addresses: PciAddress[]): string {
  return patched(xml, { add: addresses.map((address) => ({ address })) });
}

function remove(xml: string, ...addresses: PciAddress[]): string {
  return patched(xml, { remove: addresses });
}

function lines(...parts: string[]): string {
  return parts.join("\n");
}

/** Our hostdev for the GPU with two blanks a level, as a part of a document. */
function gpuLines(indent: string, managed = "yes"): string {
  return lines(
    `${indent}<hostdev mode='subsystem' type='pci' managed='${managed}'>`,
    `${indent}  <driver name='vfio'/>`,
    `${indent}  <source>`,
    `${indent}    <address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>`,
    `${indent}  </source>`,
    `${indent}  <alias name='ua-passthrough-0000-01-00-0'/>`,
    `${indent}</hostdev>`,
  );
}

describe("adding to a domain", () => {
  it("puts the device last, in the indentation of its neighbours", () => {
    const before = lines("<domain>", "  <devices>", "    <video/> <!-- none -->", "  </devices>", "</domain>", "");
    const after = lines(
      "<domain>",
      "  <devices>",
      "    <video/> <!-- none -->",
      gpuLines("    "),
      "  </devices>",
      "</domain>",
      "",
    );

    expect(add(before, gpu)).toBe(after);
  });

  it("puts it behind the hostdevs that are there, and what is written behind them", () => {
    const usb = "    <hostdev type='usb'/>  <!-- mouse --><!-- old -->";
    const before = lines("<domain>", "  <devices>", usb, "    <!-- next --><rng/>", "  </devices>", "</domain>");

    expect(add(before, gpu)).toBe(before.replace(usb, lines(usb, gpuLines("    "))));
  });

  it.each([
    ["<devices />", "<devices >", "</devices >"],
    ["<devices></devices>", "<devices>", "</devices>"],
  ])("adds no white space of its own to %s", (empty, start, end) => {
    const before = lines("<domain>", `  ${empty}`, "</domain>");
    const element = gpuLines("").replace(/\n */g, "");

    expect(add(before, gpu)).toBe(lines("<domain>", `  ${start}${element}${end}`, "</domain>"));
  });

  it("makes a <devices> where there is none", () => {
    const before = lines("<domain>", "  <name>g</name>", "</domain>");
    const after = lines("<domain>", "  <name>g</name>", "  <devices>", gpuLines("    "), "  </devices  >", "</domain>");

    expect(add(before, gpu)).toBe(after);
  });

  it("keeps tabs and line breaks of two characters", () => {
    const after = add("<domain>\r\n\t<devices>\r\n\t\t<rng/>\r\n\t</devices>\r\n</domain>", gpu);

    expect(after.replace(/\r\n/g, "")).not.toMatch(/[\r\n]/);
    expect(after).toContain(
      "\r\n\t\t\t\t<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>\r\n\t\t\t</source>",
    );
  });

  it("stays on one line in a document of one line", () => {
    expect(add("<domain><devices><rng/></devices></domain>", gpu)).toMatch(
      /^<domain><devices><rng\/><hostdev [^\n]*<\/hostdev><\/devices><\/domain>$/,
    );
  });

  it.each([
    ["0x01", "0", "0"],
    ["1", "0x00", "00"],
    ["001", "0x0", "0"],
  ])("adds nothing for an address that is there in other figures: bus %s", (bus, slot, fn) => {
    const source = `<source><address bus="${bus}" slot="${slot}" function="${fn}"/></source>`;
    const xml = `<domain><devices><hostdev type="pci">${source}</hostdev></devices></domain>`;

    expect(add(xml, gpu)).toBe(xml);
  });

  it("edits the domain inside a snapshot", () => {
    const xml =
      "<domainsnapshot><domain><devices><rng/></devices></domain><inactiveDomain><devices/></inactiveDomain></domainsnapshot>";

    expect(add(xml, gpu)).toMatch(/<rng\/><hostdev .*<\/hostdev><\/devices><\/domain><inactiveDomain><devices\/>/);
    expect(remove(add(xml, gpu), gpu)).toBe(xml);
  });

  it("is not misled by devices that only a comment or CDATA shows", () => {
    const decoy = `<!-- <devices>${gpuLines("")}</devices> --><metadata><![CDATA[</devices>]]></metadata>`;
    const xml = `<domain>${decoy}<devices><!-- ${gpuLines("").replaceAll("--", "")} --></devices></domain>`;

    const after = add(xml, gpu);

    expect(after.startsWith(xml.slice(0, -"</devices></domain>".length))).toBe(true);
    expect(remove(after, gpu)).toBe(xml);
  });
});

describe("removing from a domain", () => {
  it("takes the line with it, and nothing of its neighbours", () => {
    const xml = lines("<domain>", "<devices>", " <a/>", "", gpuLines("    "), " <b/></devices>", "</domain>");

    expect(remove(xml, gpu)).toBe(lines("<domain>", "<devices>", " <a/>", "", " <b/></devices>", "</domain>"));
  });

  it("leaves an empty <devices> that was not ours", () => {
    const xml = lines("<domain>", "  <devices>", gpuLines("    "), "  </devices>", "</domain>");

    expect(remove(xml, gpu)).toBe(lines("<domain>", "  <devices>", "  </devices>", "</domain>"));
  });

  it("writes a device anew in its place when it is in both lists", () => {
    const xml = lines("<domain>", "  <devices>", gpuLines("    "), "    <rng/>", "  </devices>", "</domain>");
    const patch = { add: [{ address: gpu, managed: false }], remove: [gpu] };

    expect(patched(xml, patch)).toBe(xml.replace("managed='yes'", "managed='no'"));
  });

  it("puts a new device where the removed one was", () => {
    const xml = add("<domain><devices><a/></devices></domain>", gpu);

    expect(patched(xml, { add: [{ address: nic }], remove: [gpu] })).toBe(
      add("<domain><devices><a/></devices></domain>", nic),
    );
  });

  it("keeps a <devices> that was opened for one device open for the next", () => {
    const empty = lines("<domain>", "  <devices/>", "</domain>");

    expect(patched(add(empty, gpu), { add: [{ address: nic }], remove: [gpu] })).toBe(add(empty, nic));
  });
});

describe("refusing", () => {
  const nvme = "<disk type='nvme'><source><address bus='1'/></source></disk>";
  const vf = "<interface type='hostdev'><source><address type='pci' bus='1'/></source></interface>";

  it.each([
    ["half a document", "<domain><devices>", /line 1/],
    ["another document", "<network/>", /not a domain/],
    ["the capabilities of domains", "<domainCapabilities><domain>kvm</domain></domainCapabilities>", /not a domain/],
    ["an empty domain", "<domain/>", /empty/],
    [
      "a disk that holds the function",
      `<domain><devices>${nvme}</devices></domain>`,
      /0000:01:00\.0 already, as <disk>/,
    ],
    ["an interface that holds it", `<domain><devices>${vf}</devices></domain>`, /already, as <interface>/],
    [
      "an address that cannot be read",
      "<domain><devices><hostdev type='pci'><source><address bus='x'/></source></hostdev></devices></domain>",
      /"x"/,
    ],
  ])("refuses %s", (_what, xml, reason) => {
    expect(patchDomain(xml, { add: [{ address: gpu }], remove: [] })).toEqual({
      refused: expect.stringMatching(reason) as unknown,
    });
  });
});

const blank = fc.constantFrom("", " ", "\n", "\n  ", "\n    ", "\r\n\t", "\n\n  ", " \n");
const piece = fc.constantFrom(
  "<rng/>",
  "<disk type=\"file\"><source file='/a>b'/></disk>",
  "<!-- </devices> -->",
  "<?keep me?>",
  "<![CDATA[</devices>]]>",
  "text &amp; text",
  "<x:own xmlns:x='urn:x'>\n</x:own >",
  "<hostdev mode='subsystem' type='usb'><source/></hostdev>",
  '<hostdev type="pci" managed="no"><source><address bus="250"/></source><teaming type="t"/></hostdev>',
);
const content = fc.array(fc.tuple(blank, piece), { maxLength: 5 }).map((pieces) => pieces.flat().join(""));
const devices = fc.oneof(
  fc.constantFrom("", "<devices/>", "<devices />", "<devices></devices>", "<devices\n/>"),
  fc.tuple(content, blank).map(([inside, end]) => `<devices>${inside}${end}</devices>`),
);
const anyDocument = fc
  .tuple(
    fc.constantFrom("", "<?xml version='1.0'?>\n", "\uFEFF", "<!-- c -->\r\n"),
    blank,
    devices,
    blank,
    content,
    blank,
  )
  .map(([head, a, inside, b, rest, c]) => `${head}<domain>${a}<name>g</name>${a}${inside}${b}${rest}${c}</domain>\n`);
const addresses = fc.uniqueArray(
  fc
    .record({
      domain: fc.nat(0xffff),
      bus: fc.nat(0xf0),
      slot: fc.nat(0x1f),
      function: fc.nat(7),
    })
    .map(joinPciAddress),
  { minLength: 1, maxLength: 4 },
);

describe("patchDomain on any document", () => {
  it("gives the original bytes when what was added is removed, in any order and number of steps", () => {
    fc.assert(
      fc.property(anyDocument, addresses, fc.boolean(), (xml, list, isReversed) => {
        const full = list.reduce((text, address) => add(text, address), xml);
        const order = isReversed ? [...list].reverse() : list;

        expect(add(xml, ...list)).toBe(full);
        expect(remove(full, ...list)).toBe(xml);
        expect(order.reduce((text, address) => remove(text, address), full)).toBe(xml);
      }),
      { numRuns: 300 },
    );
  });

  it("adds each address once, however often it is asked to", () => {
    fc.assert(
      fc.property(anyDocument, addresses, (xml, list) => {
        const once = add(xml, ...list);
        const sources = parseDomain(once).hostdevs.map((hostdev) => hostdev.source);

        expect(add(once, ...list)).toBe(once);
        expect(add(xml, ...list, ...list)).toBe(once);
        expect(sources.filter((source) => list.includes(source))).toEqual(list);
      }),
    );
  });

  it("only ever inserts, so that everything foreign keeps its bytes and order", () => {
    fc.assert(
      fc.property(anyDocument, addresses, (xml, list) => {
        const after = add(xml, ...list).replace(
          /\s*<hostdev mode='subsystem' type='pci' managed='yes'>[^]*?<\/hostdev>/g,
          "",
        );

        expect(withoutDevicesTags(after)).toBe(withoutDevicesTags(xml));
      }),
    );
  });

  it("changes nothing when there is nothing to do", () => {
    fc.assert(
      fc.property(anyDocument, (xml) => {
        expect(patchDomain(xml, { add: [], remove: [gpu, audio] })).toEqual({ xml });
      }),
    );
  });
});

/** Tags of `<devices>` may be opened or made; white space beside them is theirs. */
function withoutDevicesTags(xml: string): string {
  return xml.replace(/\s*<\/?devices\s*\/?>\s*/g, "").replace(/\s+(?=<\/domain>)/g, "");
}

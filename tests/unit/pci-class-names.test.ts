import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import {
  describeClass,
  isEssentialClass,
  isInputClass,
  isPciBridge,
  isStorageClass,
} from "../../provider/src/model/pci/class-names";

describe("describeClass", () => {
  it.each([
    ["010802", "NVMe controller"],
    ["010601", "SATA controller"],
    ["020000", "Ethernet controller"],
    ["030000", "VGA controller"],
    ["030200", "3D controller"],
    ["040300", "audio device"],
    ["060000", "host bridge"],
    ["060100", "ISA bridge"],
    ["060400", "PCI bridge"],
    ["0604", "PCI bridge"],
    ["0c0330", "USB controller"],
    ["0c0500", "SMBus controller"],
    ["068000", "bridge"],
    ["120000", "processing accelerator"],
    ["ff0000", "device of class ff0000"],
  ])("calls %s a %s", (code, name) => {
    expect(describeClass(code)).toBe(name);
  });
});

describe("kinds of class", () => {
  it.each([
    ["060000", ["essential"]],
    ["060100", ["essential"]],
    ["060400", ["bridge"]],
    ["060700", ["bridge"]],
    ["060940", ["bridge"]],
    ["068000", ["essential"]],
    ["050000", ["essential"]],
    ["080020", ["essential"]],
    ["080600", ["essential"]],
    ["088000", []],
    ["0c0500", ["essential"]],
    ["0c0330", ["input"]],
    ["0c0400", ["storage"]],
    ["010802", ["storage"]],
    ["040300", []],
    ["106000", []],
  ])("knows what %s is", (code, kinds) => {
    const tests = { bridge: isPciBridge, essential: isEssentialClass, input: isInputClass, storage: isStorageClass };

    const found = Object.entries(tests).filter(([, test]) => test(code));

    expect(found.map(([kind]) => kind)).toEqual(kinds);
  });

  it("never calls one class both a bridge and essential", () => {
    const codes = fc.integer({ min: 0, max: 0xff_ffff }).map((code) => code.toString(16).padStart(6, "0"));

    fc.assert(fc.property(codes, (code) => !(isPciBridge(code) && isEssentialClass(code))));
  });
});

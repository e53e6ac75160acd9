import { describe, expect, it } from "@jest/globals";

import type { HostFacts, NetworkFacts } from "../../provider/src/model/host-facts";
import { buildFacts, buildFunction, buildInterface } from "./facts-builder";
import { ask, summarize } from "./safety-probe";

const NICS = [
  buildFunction("01:00.0", { iommuGroup: 1 }),
  buildFunction("02:00.0", { iommuGroup: 2 }),
  buildFunction("03:00.0", { iommuGroup: 3 }),
  buildFunction("04:00.0", { class: "0c0330", id: "8086:a36d", driver: "xhci_hcd", iommuGroup: 4 }),
  buildFunction("05:00.0", { driver: "", iommuGroup: 5 }),
];

function withNetwork(network: Partial<NetworkFacts>): HostFacts {
  return buildFacts({ pci: NICS, network });
}

/** Facts with exactly these network facts, so that the session's interface can be left out. */
function withExactly(network: NetworkFacts): HostFacts {
  return { ...buildFacts({ pci: NICS }), network };
}

const idle = { addresses: [], isUp: false };

/** A bridge on a bond of two ports, with the session on the bridge, and a third port that is free. */
const bondedBridge = withNetwork({
  interfaces: [
    buildInterface("br0", ["01:00.0", "02:00.0"], { hasDefaultRoute: true }),
    buildInterface("bond0", ["01:00.0", "02:00.0"], { addresses: [], controller: "br0" }),
    buildInterface("eno1", ["01:00.0"], { addresses: [], controller: "bond0" }),
    buildInterface("eno2", ["02:00.0"], { addresses: [], controller: "bond0" }),
    buildInterface("eno3", ["03:00.0"], idle),
  ],
  sessionInterface: "br0",
});

describe("ssh-session", () => {
  it.each([
    ["01:00.0", ["ssh-session 01:00.0"]],
    ["02:00.0", ["ssh-session 02:00.0"]],
    ["03:00.0", []],
  ])("protects every port below the session's bridge and bond: %s", (address, expected) => {
    expect(summarize(ask(bondedBridge, address))).toEqual(expected);
  });

  it("names the interfaces that lead to the session's", () => {
    const [finding] = ask(bondedBridge, "01:00.0");

    expect(finding?.message).toContain("carries interface br0 of this SSH session, together with bond0 and eno1.");
  });

  it("protects the USB controller that the session's NIC is plugged into", () => {
    const facts = withNetwork({ interfaces: [buildInterface("usb0", ["04:00.0"])], sessionInterface: "usb0" });

    expect(summarize(ask(facts, "04:00.0"))).toEqual(["ssh-session 04:00.0"]);
  });

  const interfaces = [
    buildInterface("eno1", ["01:00.0"], { addresses: [], hasDefaultRoute: true }),
    buildInterface("eno2", ["02:00.0"], { addresses: ["fe80::1/64"] }),
    buildInterface("eno3", ["03:00.0"], { isUp: false }),
    buildInterface("eno5", ["05:00.0"], { addresses: [] }),
    buildInterface("wg0", []),
  ];
  const unknown = { interfaces, isTraced: true };
  const untraced: NetworkFacts = {
    interfaces: [buildInterface("eno1", ["01:00.0"], { addresses: [] }), buildInterface("eno2", ["02:00.0"], idle)],
    isTraced: false,
  };

  it.each([
    ["unknown", "01:00.0", unknown, ["ssh-session 01:00.0"]],
    ["unknown", "02:00.0", unknown, ["ssh-session 02:00.0"]],
    ["unknown", "03:00.0", unknown, ["network-in-use 03:00.0"]],
    ["on a tunnel", "01:00.0", { ...unknown, sessionInterface: "wg0" }, ["ssh-session 01:00.0"]],
    ["not listed", "02:00.0", { ...unknown, sessionInterface: "eth9" }, ["ssh-session 02:00.0"]],
    ["unknown, addresses too", "01:00.0", untraced, ["ssh-session 01:00.0"]],
    ["unknown, addresses too", "02:00.0", untraced, []],
    ["unknown", "05:00.0", unknown, []],
    ["unknown, no interfaces", "01:00.0", { interfaces: [], isTraced: false }, ["ssh-session 01:00.0"]],
    ["unknown, no interfaces", "04:00.0", { interfaces: [], isTraced: false }, []],
    ["unknown, no interfaces", "05:00.0", { interfaces: [], isTraced: false }, []],
  ])("where the session is %s, asked for %s", (_, address, network, expected) => {
    expect(summarize(ask(withExactly(network), address))).toEqual(expected);
  });

  it("says why it suspects an interface", () => {
    const [nobody] = ask(withExactly(unknown), "02:00.0");
    const [tunnel] = ask(withExactly({ ...unknown, sessionInterface: "wg0" }), "02:00.0");

    expect(nobody?.message).toContain(
      "may carry this SSH session: it could not be told which interface does, and eno2 is up.",
    );
    expect(tunnel?.message).toContain("it could not be told on which device its interface wg0 hangs, and eno2 is up.");
  });
});

describe("default-route and network-in-use", () => {
  const session = buildInterface("eth0", []);
  const own = buildInterface("ens9", ["03:00.0"]);

  it.each([
    ["a default route", { hasDefaultRoute: true, addresses: [] }, ["default-route 01:00.0"]],
    ["a default route and an address", { hasDefaultRoute: true }, ["default-route 01:00.0", "network-in-use 01:00.0"]],
    ["an address", {}, ["network-in-use 01:00.0"]],
    ["an address while it is down", { isUp: false }, ["network-in-use 01:00.0"]],
    ["a bridge above it", { addresses: [], controller: "br1" }, ["network-in-use 01:00.0"]],
    ["a link-local address only", { addresses: ["fe80::5054:ff:fe12:3456/64"] }, []],
    ["nothing but a link", { addresses: [] }, []],
  ])("stand against an interface that has %s", (_, overrides, expected) => {
    const interfaces = [own, buildInterface("eno1", ["01:00.0"], overrides)];
    const facts = withNetwork({ interfaces, sessionInterface: "ens9" });

    expect(summarize(ask(facts, "01:00.0"))).toEqual(expected);
  });

  it("stand against every interface that is up where addresses could not be read", () => {
    const interfaces = [
      own,
      buildInterface("eno1", ["01:00.0"], { addresses: [] }),
      buildInterface("eno2", ["02:00.0"], idle),
    ];
    const facts = withNetwork({ interfaces, sessionInterface: "ens9", isTraced: false });

    expect(summarize(ask(facts, "01:00.0"))).toEqual(["default-route 01:00.0", "network-in-use 01:00.0"]);
    expect(summarize(ask(facts, "02:00.0"))).toEqual([]);
  });

  it("can be waived, and say what the network loses", () => {
    const port = buildInterface("eno1", ["01:00.0"], { addresses: [], controller: "br1" });
    const bridge = buildInterface("br1", ["01:00.0"], { addresses: ["198.51.100.1/24"] });
    const facts = withNetwork({ interfaces: [own, session, port, bridge], sessionInterface: "ens9" });

    const [finding] = ask(facts, "01:00.0");

    expect(finding?.message).toContain(
      "is in use by the host's network: eno1 is a port of br1 and br1 has 198.51.100.1/24.",
    );
    expect(finding?.loses).toBe("the network behind eno1 and br1");
    expect(ask(facts, "01:00.0", { allow: ["network-in-use"] })).toEqual([]);
  });
});

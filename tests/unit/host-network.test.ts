import { describe, expect, it } from "@jest/globals";
import { parseNetwork } from "../../provider/src/host/snapshot/parse-network";

const NIC = "../../devices/pci0000:00/0000:00:1c.0/0000:04:00.0/net/enp4s0";

function network(session: string) {
  return parseNetwork({
    texts: new Map([
      ["sys/class/net/enp4s0/operstate", "up"],
      ["sys/class/net/br0/operstate", "up"],
      ["sys/class/net/enp5s0/operstate", "down"],
    ]),
    links: new Map([
      ["sys/class/net/enp4s0", NIC],
      ["sys/class/net/enp4s0/master", "../br0"],
      ["sys/class/net/br0", "../../devices/virtual/net/br0"],
      ["sys/class/net/br0/lower_enp4s0", "../enp4s0"],
      ["sys/class/net/br0.20", "../../devices/virtual/net/br0.20"],
      ["sys/class/net/br0.20/lower_br0", "../br0"],
      ["sys/class/net/enp5s0", "../../devices/pci0000:00/0000:00:1c.1/0000:05:00.0/net/enp5s0"],
    ]),
    addresses: [
      "4: br0    inet 192.0.2.7/24 brd 192.0.2.255 scope global br0\\ valid_lft forever",
      "5: br0.20@br0    inet6 2001:db8::7/64 scope global \\ valid_lft forever",
    ],
    routes: ["default via 192.0.2.1 dev br0 proto static"],
    session,
  });
}

describe("parseNetwork", () => {
  it("follows a VLAN on a bridge down to the card", () => {
    const { interfaces } = network("");

    expect(interfaces.map(({ name, functions }) => [name, functions])).toEqual([
      ["br0", ["0000:00:1c.0", "0000:04:00.0"]],
      ["br0.20", ["0000:00:1c.0", "0000:04:00.0"]],
      ["enp4s0", ["0000:00:1c.0", "0000:04:00.0"]],
      ["enp5s0", ["0000:00:1c.1", "0000:05:00.0"]],
    ]);
    expect(interfaces.find(({ name }) => name === "enp4s0")).toMatchObject({
      controller: "br0",
      isUp: true,
      hasDefaultRoute: false,
    });
    expect(interfaces.find(({ name }) => name === "enp5s0")).toMatchObject({ isUp: false, addresses: [] });
  });

  it.each([
    ["an IPv4 address", "198.51.100.1 50000 192.0.2.7 22", "br0"],
    ["an IPv4 address written as IPv6", "::ffff:198.51.100.1 50000 ::ffff:192.0.2.7 22", "br0"],
    ["an IPv6 address", "2001:db8::1 50000 2001:db8::7 22", "br0.20"],
    ["a link-local address with its interface", "fe80::1%br0 50000 fe80::7%br0 22", "br0"],
    ["an address of nobody", "10.0.0.1 50000 10.0.0.2 22", undefined],
    ["no session", "", undefined],
  ])("finds the session's interface by %s", (_, session, name) => {
    expect(network(session).sessionInterface).toBe(name);
  });
});

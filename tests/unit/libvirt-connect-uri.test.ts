import { execFileSync } from "node:child_process";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { connectLine } from "../../provider/src/host/snapshot/take";
import { ConnectUri } from "../../provider/src/model/libvirt/connect-uri";

function complaints(value: unknown): string[] {
  return ConnectUri.safeParse(value).error?.issues.map(({ message }) => message) ?? [];
}

describe("ConnectUri", () => {
  it.each([
    "qemu:///system",
    "qemu:///session",
    "test:///default",
    "test:///etc/libvirt/test-host.xml",
    "qemu+unix:///system",
    "qemu+unix:///system?socket=/run/libvirt/virtqemud-sock",
    "qemu:///embed?root=/var/lib/embedded&mode=direct",
  ])("takes %s as it is", (uri) => {
    expect(ConnectUri.parse(uri)).toBe(uri);
  });

  it.each([
    "qemu+ssh://root@kvm2/system",
    "qemu+ssh:///system",
    "qemu+tls://kvm2/system",
    "qemu+tcp://10.0.0.2/system",
    "qemu+ext:///system?command=/bin/evil",
    "qemu+libssh2://kvm2/system",
    "qemu://kvm2/system",
    "qemu+unix://kvm2/system",
  ])("refuses %s, which leads away from the host", (uri) => {
    expect(complaints(uri)).toEqual([expect.stringMatching(/leads to another machine; .* such as qemu:\/\/\/system$/)]);
  });

  it.each([
    "",
    "qemu",
    "system",
    "/system",
    "qemu:/system",
    "qemu:///system list",
    "qemu:///'; reboot; '",
    "qemu:///$(reboot)",
    "qemu:///system\n",
    "-c",
    "QEMU:///system",
    "qemu:///system#part",
  ])("refuses %j, which is no libvirt URI", (uri) => {
    expect(complaints(uri)).toEqual([
      `expected a libvirt URI such as qemu:///system or qemu:///session, not ${JSON.stringify(uri)}`,
    ]);
  });
});

describe("connectLine", () => {
  it("hands any text over as one word, even one that no schema lets through", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "/", "'", '"', "$", "`", "\\", " ", "\n", "?", "&", ";") }),
        (uri) => {
          const script = `${connectLine(uri)}\nprintf '%s|' "$pt_uri" x`;

          expect(execFileSync("sh", ["-c", script], { encoding: "utf8" })).toBe(`${uri}|x|`);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("means the system's libvirt where nobody says otherwise", () => {
    expect(connectLine()).toBe("pt_uri=qemu:///system");
  });
});

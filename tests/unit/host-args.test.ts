import { expect, it } from "@jest/globals";
import * as pulumi from "@pulumi/pulumi";
import type { HostArgs } from "../../provider/src";

it("takes outputs in any part of a connection", () => {
  const hosts: HostArgs[] = [
    "kvm1",
    pulumi.output("kvm1"),
    { address: "kvm1", privateKey: pulumi.secret("key"), sudo: { password: pulumi.secret("word") } },
    { address: pulumi.output("kvm1"), jumpHost: { address: "gate", passphrase: pulumi.secret("phrase") } },
    { address: "kvm1", jumpHost: ["gate1", pulumi.output("gate2")] },
  ];

  // The compiler is the test: every form above is one that programs write.
  expect(hosts).toHaveLength(5);
});

import { describe, expect, it } from "@jest/globals";
import { describeFailure, nameOptions, renderFailure } from "../../provider/src/cli/failure";
import { choosePaint, type Terminal } from "../../provider/src/cli/terminal";
import { HostSettings } from "../../provider/src/model/connection";
import { HostError } from "../../provider/src/model/errors";
import { TransportError } from "../../provider/src/transport/errors";

const SCREEN = { sayPaint: choosePaint(false), sayColumns: 60 } as Terminal;

describe("an error", () => {
  it("says who, why and what next, with the options of the command line", () => {
    const error = new TransportError({
      ...{ kind: "host-key-unknown", host: "kvm1", property: "host.hostKey" },
      cause: "its host key is not known",
      next: "put SHA256:abc into host.hostKey",
    });

    expect(renderFailure(describeFailure(error), SCREEN)).toBe(
      "error: kvm1: its host key is not known\n    → Put SHA256:abc into --host-key\n",
    );
  });

  it("of a host that was read says the same things", () => {
    const error = new HostError({
      host: "kvm1",
      what: "the snapshot needs root",
      next: "set host.sudo, or log in as root",
    });

    expect(describeFailure(error)).toEqual({
      host: "kvm1",
      cause: "the snapshot needs root",
      next: "set --sudo, or log in as root",
    });
  });

  it("of another kind is its message, without a stack", () => {
    expect(renderFailure(describeFailure(new Error("odd")), SCREEN)).toBe("error: odd\n");
  });

  it("cannot steer the terminal", () => {
    const text = renderFailure({ host: "kvm1", cause: "it said \u001b[2J" }, SCREEN);

    expect(text).not.toContain("\u001b");
  });
});

describe("options", () => {
  it.each([
    ["raise host.connectTimeoutSeconds", "raise --connect-timeout"],
    ["give host.sudo.password", "give --ask-sudo-password"],
    ["set host.sudo, or", "set --sudo, or"],
    ["host.unknownThing stays", "host.unknownThing stays"],
    ["ghost.sudo stays", "ghost.sudo stays"],
  ])("of %j are %j", (text, expected) => {
    expect(nameOptions(text)).toBe(expected);
  });

  it("stand for every setting of a connection but the sign of life", () => {
    const names = Object.keys((HostSettings as unknown as { shape: object }).shape);

    const without = names.filter((name) => nameOptions(`host.${name}`) === `host.${name}`);

    expect(without).toEqual(["address", "keepaliveIntervalSeconds"]);
  });
});

import { describe, expect, it } from "@jest/globals";
import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { ChannelSlots } from "../../provider/src/transport/channel-slots";
import { renderInput } from "../../provider/src/transport/opening";

describe("renderInput", () => {
  it("does everything or nothing, wherever it is cut off on its way", () => {
    const whole = renderInput("echo one\necho 'two\n}'\ncat <<END\nthree\nEND\n");

    const outputs = Array.from({ length: whole.length + 1 }, (_, length) => {
      return spawnSync("sh", ["-s"], { input: whole.slice(0, length), encoding: "utf8" }).stdout;
    });

    expect([...new Set(outputs)]).toEqual(["", "one\ntwo\n}\nthree\n"]);
  });
});

describe("ChannelSlots", () => {
  it("never admits more than its limit, and everybody in the end, in order", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.integer({ min: 0, max: 3 })),
        async (limit, turns) => {
          const slots = new ChannelSlots(limit);
          const order: number[] = [];
          let running = 0;
          let most = 0;
          await Promise.all(
            turns.map(async (count, index) => {
              await slots.acquire(new AbortController().signal);
              order.push(index);
              most = Math.max(most, ++running);
              for (let turn = 0; turn < count; turn += 1) await Promise.resolve();
              running -= 1;
              slots.release();
            }),
          );

          expect(most).toBeLessThanOrEqual(limit);
          expect(order).toEqual(turns.map((_, index) => index));
        },
      ),
    );
  });

  it("forgets one who gives up waiting", async () => {
    const slots = new ChannelSlots(1);
    const stopped = new AbortController();
    const never = new AbortController().signal;
    await slots.acquire(never);

    const impatient = slots.acquire(stopped.signal);
    const patient = slots.acquire(never);
    stopped.abort(new Error("gave up"));
    slots.release();

    await expect(impatient).rejects.toThrow("gave up");
    await expect(patient).resolves.toBeUndefined();
  });

  it.each([
    [3, true],
    [1, false],
  ])("tells, with %s in use, whether waiting for another can help", async (used, expected) => {
    const slots = new ChannelSlots(8);
    for (let index = 0; index < used; index += 1) await slots.acquire(new AbortController().signal);

    expect(slots.releaseRefused()).toBe(expected);
  });
});

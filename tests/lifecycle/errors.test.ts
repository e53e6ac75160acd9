import { expect, it } from "@jest/globals";
import { useHosts } from "./hosts";
import { ERRORS } from "./error-cases";
import { tryUp } from "./error-attempt";

const start = useHosts();

it.each(ERRORS)("$what: the $phase says whose, why and what next, and nothing is written", async (row) => {
  const host = await start(row.machine);
  await row.prepare?.(host);

  const attempt = await tryUp(host, row);

  expect(attempt).toEqual({ phase: row.phase, messages: row.messages, written: row.written ?? [] });
});

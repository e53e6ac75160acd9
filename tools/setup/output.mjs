/** Writes one line of a tool's own narration, on standard output. */
export function say(text) {
  process.stdout.write(`${text}\n`);
}

/** Writes the title of a stage, set off from what the stage prints. */
export function sayHeading(text) {
  say(`\n== ${text}`);
}

/** Renders a duration for people: "8 s", "2 min 05 s". */
export function formatDuration(milliseconds) {
  const seconds = Math.round(milliseconds / 1000);
  if (seconds < 60) return `${seconds} s`;
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
}

/**
 * Runs work and shows that it is alive: `describe(elapsed)` is printed every few seconds, on a terminal in place, in a
 * log as lines of their own and less often.
 */
export async function withProgress(describe, work) {
  const started = Date.now();
  const isTerminal = process.stdout.isTTY === true;
  const timer = setInterval(
    () => {
      const text = describe(formatDuration(Date.now() - started));
      process.stdout.write(isTerminal ? `\r\u001b[K${text}` : `${text}\n`);
    },
    isTerminal ? 500 : 15_000,
  );
  try {
    return await work();
  } finally {
    clearInterval(timer);
    if (isTerminal) process.stdout.write("\r\u001b[K");
  }
}

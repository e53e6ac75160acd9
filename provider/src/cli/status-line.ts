import { setInterval } from "node:timers";
import { widthOf, type Terminal } from "./terminal";

const FRAMES = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];
const FRAME_MS = 100;

/** Shows on one line of standard error that work goes on, if somebody watches; gone when it is done. */
export class StatusLine {
  readonly #terminal: Terminal;
  readonly #describe: () => string;
  readonly #started = Date.now();
  readonly #timer: NodeJS.Timeout | undefined;
  #frame = 0;

  /** `describe` says what goes on; it is asked again and again. */
  constructor(terminal: Terminal, describe: () => string) {
    this.#terminal = terminal;
    this.#describe = describe;
    if (!terminal.isWatched) return;
    this.#timer = setInterval(() => {
      this.#draw();
    }, FRAME_MS);
    this.#timer.unref();
    this.#draw();
  }

  /** Takes the line away. */
  end(): void {
    clearInterval(this.#timer);
    if (this.#terminal.isWatched) this.#terminal.say("\r\u001b[K");
  }

  #draw(): void {
    const { sayPaint, sayColumns } = this.#terminal;
    const seconds = Math.floor((Date.now() - this.#started) / 1000);
    const frame = FRAMES[this.#frame++ % FRAMES.length] ?? "";
    const text = `${this.#describe()}${seconds > 0 ? `  ${seconds} s` : ""}`;
    const room = sayColumns - widthOf(frame) - 2;
    const cut =
      widthOf(text) > room
        ? `${Array.from(text)
            .slice(0, room - 1)
            .join("")}…`
        : text;
    this.#terminal.say(`\r\u001b[K${sayPaint.note(frame)} ${cut}`);
  }
}

/**
 * Where bars are drawn: on a terminal, where all that have not ended stand below each other and are drawn
 * again and again; or line by line.
 *
 * @module
 */

// Inline, since a bare name does not resolve when this module is imported by URL.
// deno-lint-ignore no-import-prefix
import cliProgress from "npm:cli-progress@^3.12.0";
import { clearTimeout } from "node:timers";
import type { Bar, BarTexts, Display } from "./bar.ts";

/** What a display needs of its output. */
export interface Output {
  /** Whether it is a terminal. */
  readonly isTTY: boolean;
  /** Number of characters in a line, if it is a terminal. */
  readonly columns: number;
  /** Writes a text. */
  write(text: string): void;
}

/** Least time between two drawings on a terminal, in milliseconds. */
const DRAW_MS = 100;
/** Least time between two lines of a bar, in milliseconds. */
const LINE_MS = 1000;
/** Time after which there is a line even if no further tenth is done, in milliseconds. */
const LONG_LINE_MS = 10_000;
/** Number of characters of a bar. */
const BAR_SIZE = 24;

/** Returns the display for an output; `now` is the clock, in milliseconds. */
export function displayOn(output: Output, now: () => number): Display {
  return output.isTTY ? new TerminalDisplay(output, now) : new LineDisplay(output, now);
}

// What of npm:cli-progress, which has no types, is used here.

interface DrawnBar {
  update(value: number, payload: { bar: Bar }): void;
}
interface DrawnBars {
  create(total: number, value: number, payload: { bar: Bar }): DrawnBar;
  update(): void;
  stop(): void;
  timer: ReturnType<typeof setTimeout> | null;
}

/** Draws the bars that are shown together as a group, which ends when all of them have. */
class TerminalDisplay implements Display {
  readonly #output: Output;
  readonly #now: () => number;
  #group: DrawnBars | undefined;
  readonly #bars = new Map<Bar, DrawnBar>();
  #drawnAt = -Infinity;

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  start(bar: Bar): void {
    this.#group ??= makeGroup(this.#output);
    this.#bars.set(bar, this.#group.create(bar.total ?? 0, bar.done, { bar }));
    this.#draw();
  }

  update(): void {
    if (this.#now() - this.#drawnAt >= DRAW_MS) this.#draw();
  }

  end(bar: Bar): void {
    this.#bars.get(bar)?.update(bar.done, { bar });
    this.#bars.delete(bar);
    if (this.#bars.size > 0) return this.#draw();
    this.#group?.stop(); // draws a last time
    this.#group = undefined;
  }

  #draw(): void {
    const group = this.#group!;
    this.#drawnAt = this.#now();
    for (const [bar, drawn] of this.#bars) drawn.update(bar.done, { bar });
    group.update();
    // It would draw again by itself, which would keep the program alive.
    clearTimeout(group.timer as unknown as number);
    group.timer = null;
  }
}

function makeGroup(output: Output): DrawnBars {
  return new cliProgress.MultiBar({
    stream: output,
    format(options: object, { progress }: { progress: number }, { bar }: { bar: Bar }): string {
      const { before, after } = bar.texts();
      const drawn = bar.part === undefined
        ? undefined
        : cliProgress.Format.BarFormat(progress, options);
      return [before, drawn, after].filter((text) => text).join(" ");
    },
    barsize: BAR_SIZE,
    // Lines are cut at the end of the terminal, and its settings are not changed: what ends the program in
    // between leaves it as it was.
    linewrap: true,
    hideCursor: false,
  }, cliProgress.Presets.shades_classic);
}

/** Prints lines. */
class LineDisplay implements Display {
  readonly #output: Output;
  readonly #now: () => number;
  /** When a bar was last printed, and how many tenths of it were done. */
  readonly #printed = new WeakMap<Bar, { at: number; tenths: number }>();

  constructor(output: Output, now: () => number) {
    this.#output = output;
    this.#now = now;
  }

  start(bar: Bar): void {
    this.#printed.set(bar, { at: this.#now(), tenths: 0 });
  }

  update(bar: Bar): void {
    if (bar.part === 1) return; // end() prints that
    const { at, tenths } = this.#printed.get(bar)!;
    const ms = this.#now() - at;
    const isTenth = tenthsOf(bar) > tenths && ms >= LINE_MS;
    if (isTenth || ms >= LONG_LINE_MS) this.#print(bar);
  }

  end(bar: Bar): void {
    this.#print(bar);
  }

  #print(bar: Bar): void {
    this.#printed.set(bar, { at: this.#now(), tenths: tenthsOf(bar) });
    this.#output.write(`${lineOf(bar.texts())}\n`);
  }
}

function tenthsOf({ part = 0 }: Bar): number {
  return Math.floor(part * 10);
}

function lineOf({ before, after }: BarTexts): string {
  return [before.replace(/ +/g, " ").trim(), after].filter((text) => text !== "").join(" ");
}

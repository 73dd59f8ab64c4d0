/**
 * What a bar counts, and how it says it.
 *
 * @module
 */

/** Where bars are drawn. */
export interface Display {
  /** Shows a bar for the first time. */
  start(bar: Bar): void;
  /** Shows it again, unless it was shown shortly before. */
  update(bar: Bar): void;
  /** Shows it for the last time. */
  end(bar: Bar): void;
}

/** What is said about a bar. */
export interface BarTexts {
  /** Label and percentage. */
  before: string;
  /** Counts, rate and time. */
  after: string;
}

/** Counts items that are done, and is shown from the first count to its end. */
export class Bar {
  /** Number of items that are done. */
  done = 0;
  /** Number of all items; undefined if it is not known. */
  total: number | undefined;
  readonly #display: Display;
  readonly #now: () => number;
  readonly #label: string;
  readonly #unit: string;
  #state: "new" | "shown" | "ended" = "new";
  #startedAt: number;
  #endedAt: number | undefined;

  /**
   * Makes a bar. Its time counts from now.
   *
   * @param now the clock, in milliseconds
   */
  constructor(
    display: Display,
    now: () => number,
    { label = "", unit = "items", total }: { label?: string; unit?: string; total?: number },
  ) {
    this.#display = display;
    this.#now = now;
    this.#label = oneLine(label);
    this.#unit = oneLine(unit);
    this.total = total;
    this.#startedAt = now();
  }

  /** Shows the bar, if it was not shown; its time counts from now. Or goes on with one that has ended. */
  start(): void {
    if (this.#state === "shown") return;
    if (this.#state === "new") this.#startedAt = this.#now();
    this.#endedAt = undefined;
    this.#show();
  }

  /** Sets how many items are done. */
  moveTo(done: number): void {
    if (this.#state === "ended") return;
    this.done = done;
    if (this.#state === "new") this.#show();
    else this.#display.update(this);
  }

  /** Shows the bar for the last time, if it was shown. */
  end(): void {
    const wasShown = this.#state === "shown";
    this.#state = "ended";
    this.#endedAt ??= this.#now();
    if (wasShown) this.#display.end(this);
  }

  /** The part that is done, from 0 to 1; undefined if it is not known. */
  get part(): number | undefined {
    if (this.total === undefined) return undefined;
    return this.total === 0 ? 1 : Math.min(this.done / this.total, 1);
  }

  /** Returns what to say. */
  texts(): BarTexts {
    const { part, done, total } = this;
    const seconds = ((this.#endedAt ?? this.#now()) - this.#startedAt) / 1000;
    const counts = total === undefined
      ? `${done} ${this.#unit}`
      : `${done} of ${total} ${this.#unit}`;
    const rate = done > 0 && seconds > 0 ? done / seconds : undefined;
    const percent = part === undefined ? undefined : `${Math.floor(100 * part)} %`.padStart(5);
    return {
      before: [this.#label === "" ? undefined : `${this.#label}:`, percent]
        .filter((text) => text !== undefined).join(" "),
      after: [counts, rate && rateText(rate), this.#timeText(seconds, rate)]
        .filter((text) => text !== undefined).join(", "),
    };
  }

  #show(): void {
    this.#state = "shown";
    this.#display.start(this);
  }

  #timeText(seconds: number, rate: number | undefined): string | undefined {
    const { done, total } = this;
    if (this.#endedAt !== undefined) {
      const isWhole = total === undefined || done >= total;
      return `${isWhole ? "in" : "stopped after"} ${clockText(seconds)}`;
    }
    if (total === undefined) return clockText(seconds);
    return rate === undefined ? undefined : `${clockText(Math.max(total - done, 0) / rate)} left`;
  }
}

/** Replaces what would move the cursor. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\s]+/gu, " ");
}

function rateText(rate: number): string {
  return rate < 1 ? `${twoDigits(1 / rate)} s each` : `${Number(twoDigits(rate))}/s`;
}

/** Returns a number with two digits, or with all that an integer has. */
function twoDigits(number: number): string {
  return number < 99.5 ? number.toPrecision(2) : number.toFixed();
}

/** Returns a time as on a clock, such as `1:05` or `2:00:00`. */
function clockText(seconds: number): string {
  const whole = Math.round(seconds);
  const pad = (n: number) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const rest = pad(whole % 60);
  return hours > 0 ? `${hours}:${pad(minutes)}:${rest}` : `${minutes}:${rest}`;
}

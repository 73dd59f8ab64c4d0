/**
 * The part of JSR's `@std/testing/snapshot` that this repository uses, with the same files:
 * `__snapshots__/<test file>.snap`, by the path of the test's steps and a number.
 * `deno test … -- --update` writes them. Options are not offered.
 *
 * @module
 */
import { assertEquals, AssertionError } from "../assert/mod.ts";

/** A file of snapshots. */
class SnapshotFile {
  static readonly #open = new Map<string, SnapshotFile>();
  readonly #url: URL;
  readonly #stored: Promise<Record<string, string> | undefined>;
  /** The snapshots of this run, in order. */
  readonly #taken = new Map<string, string>();
  readonly #counts = new Map<string, number>();

  private constructor(url: URL, update: boolean) {
    this.#url = url;
    this.#stored = readSnapshots(url);
    if (update) globalThis.addEventListener("unload", () => this.#write());
  }

  /** The file of a test's snapshots. */
  static of(origin: string, update: boolean): SnapshotFile {
    const url = new URL(`__snapshots__/${origin.slice(origin.lastIndexOf("/") + 1)}.snap`, origin);
    const file = this.#open.get(url.href) ?? new SnapshotFile(url, update);
    this.#open.set(url.href, file);
    return file;
  }

  /** Numbers a snapshot among those of its test. */
  nameFor(test: string): string {
    const count = (this.#counts.get(test) ?? 0) + 1;
    this.#counts.set(test, count);
    return `${test} ${count}`;
  }

  /** Takes a snapshot, to be written when the tests have ended. */
  take(name: string, text: string): void {
    this.#taken.set(name, text);
  }

  /** Compares with what is stored. */
  async check(name: string, actual: string, msg?: string): Promise<void> {
    const stored = await this.#stored;
    if (stored === undefined) throw new AssertionError(msg ?? "Missing snapshot file.");
    if (stored[name] === undefined) throw new AssertionError(msg ?? `Missing snapshot: ${name}`);
    const expected = stored[name].includes("\n") ? stored[name].slice(1, -1) : stored[name];
    if (actual === expected) return;
    throw new AssertionError(msg ?? `Snapshot does not match:\n${difference(actual, expected)}`);
  }

  #write(): void {
    const entries = Array.from(this.#taken, ([name, text]) => {
      const shown = escape(text.includes("\n") ? `\n${text}\n` : text);
      return `\nsnapshot[\`${escape(name)}\`] = \`${shown}\`;\n`;
    });
    Deno.mkdirSync(new URL(".", this.#url), { recursive: true });
    Deno.writeTextFileSync(this.#url, ["export const snapshot = {};\n", ...entries].join(""));
  }
}

/**
 * Asserts that a value is shown as it was when its snapshot was taken.
 *
 * @param context the test, or the step of one
 * @param actual the value
 * @param message the message of the error, in place of the difference
 */
export async function assertSnapshot<T>(
  context: Deno.TestContext,
  actual: T,
  message?: string,
): Promise<void> {
  const update = Deno.args.some((arg) => arg === "--update" || arg === "-u");
  const file = SnapshotFile.of(context.origin, update);
  const [name, text] = [file.nameFor(pathOf(context)), serialize(actual)];
  if (update) file.take(name, text);
  else await file.check(name, text, message);
}

/** Shows a value as snapshots do. */
export function serialize(actual: unknown): string {
  return Deno.inspect(actual, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
    breakLength: Infinity,
    escapeSequences: false,
  }).replaceAll("\r", "\\r");
}

/** The names of a step and of those around it. */
function pathOf({ name, parent }: Deno.TestContext): string {
  return parent ? `${pathOf(parent)} > ${name}` : name;
}

async function readSnapshots(url: URL): Promise<Record<string, string> | undefined> {
  try {
    return (await import(url.href)).snapshot;
  } catch (error) {
    if (error instanceof TypeError && error.message.startsWith("Module not found")) return;
    throw error;
  }
}

/** Escapes what a template literal would interpret. */
function escape(text: string): string {
  return text.replace(/[\\`$]/g, "\\$&");
}

function difference(actual: string, expected: string): string {
  try {
    assertEquals(actual.split("\n"), expected.split("\n"));
    return "";
  } catch (error) {
    return `${(error as Error).message}\n\n` +
      "To update snapshots, run\n    deno test --allow-read --allow-write [files]... -- --update\n";
  }
}

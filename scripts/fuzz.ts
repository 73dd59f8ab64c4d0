/**
 * Fuzzing of the decoder: it reads valid, mutated and random messages, and must give a value or a
 * `CorruptMessageError` each time.
 *
 * ```text
 * deno task fuzz [--seed 1] [--runs 10000000]
 * deno task fuzz --run 1923228506                  one message, by the seed in the report of a failure
 * ```
 *
 * Checked with each message:
 *
 * - Other errors are violations, and so is a message that takes longer than a minute.
 * - A message that is as the encoder wrote it gives a value.
 * - It is read twice, with other bytes around it in the shared heap: the outcome is the same, so nothing
 *   outside of it was read. Those bytes, and its own, are unchanged.
 * - As many bytes of the shared heap are in use as before, and no reference count has changed.
 * - The built-in objects are unchanged.
 *
 * @module
 */

import { Decoder } from "../lib/codec/decoder.ts";
import { borrowEncoder, returnEncoder } from "../lib/codec/encoder.ts";
import { CorruptMessageError, DataCloneError } from "../lib/errors.ts";
import { allocate, free } from "../lib/heap/allocator.ts";
import { i32, u8 } from "../lib/heap/views.ts";
import { addressOf, objectWord } from "../lib/objects/shared_object.ts";
import { usedBytes } from "../tests/fixtures/heap.ts";
import { bytesOf } from "../tests/fixtures/messages.ts";
import { readScriptOptions } from "./script_options.ts";
import { areBuiltinsIntact, countBuiltins } from "./fuzz/builtins.ts";
import { type Bytes, randomMessage } from "./fuzz/messages.ts";
import { knownAddresses, sharedObjects } from "./fuzz/values.ts";
import { watchdog } from "./fuzz/watchdog.ts";
import { Random } from "./stress/random.ts";

/** Thrown when the decoder violates a guarantee. */
export class FuzzError extends Error {
  override name = "FuzzError";
}

/** What the messages of {@linkcode fuzz} gave. */
export interface FuzzResult {
  /** Number of messages that gave a value. */
  values: number;
  /** Number of messages that gave a `CorruptMessageError`. */
  refused: number;
}

/**
 * Reads random messages.
 *
 * @param onRun called before each message, with its seed
 * @throws {FuzzError} if a guarantee is violated; the message has the seed to repeat it
 */
export function fuzz(
  seed: number,
  runs: number,
  onRun?: (runSeed: number) => void,
): FuzzResult {
  const random = new Random(seed);
  const result = { values: 0, refused: 0 };
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0; // stacks would take most of the time
  for (let run = 0; run < runs; run++) {
    const runSeed = random.fork();
    onRun?.(runSeed);
    if (fuzzOnce(runSeed)) result.values++;
    else result.refused++;
  }
  Error.stackTraceLimit = stackTraceLimit;
  if (!areBuiltinsIntact()) throw new FuzzError(`Built-in objects changed, seed ${seed}`);
  return result;
}

const known = knownAddresses();
/** Bytes around a message, a multiple of 8. */
const MARGIN = 64;

/** Reads one random message. Returns whether it gave a value. */
export function fuzzOnce(runSeed: number): boolean {
  const random = new Random(runSeed);
  const trusted = random.oneIn(2);
  const message = randomMessage(random, !trusted);
  const decoder = new Decoder({ trusted, allowed: known });
  const read = random.pick([readValue, readValue, readItems, readNumber, pass]);
  try {
    const before = stateOfProgram();
    const outcomes = [0xaa, 0x0c].map((margin) => readBetween(message, margin, decoder, read));
    outcomes.push(readStream(message, decoder, read));
    if (outcomes.some((outcome) => outcome !== outcomes[0])) {
      throw new FuzzError(`the outcome depends on what surrounds the message: ${outcomes}`);
    }
    if (message.isValid && read === readValue && outcomes[0].startsWith("refused")) {
      throw new FuzzError(`a valid message is ${outcomes[0]}`);
    }
    const after = stateOfProgram();
    if (before !== after) throw new FuzzError(`the program changed: ${before}, then ${after}`);
    return !outcomes[0].startsWith("refused");
  } catch (cause) {
    const hex = [...message.bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const text = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new FuzzError(
      `Message ${hex} with a stream of ${message.streamBytes} bytes, seed ${runSeed}: ${text}`,
      { cause },
    );
  }
}

/** Reads a message in the shared heap, between bytes of a value. Returns the outcome. */
function readBetween(
  { bytes, streamBytes }: Bytes,
  margin: number,
  decoder: Decoder,
  read: (decoder: Decoder) => string,
): string {
  const length = MARGIN * 2 + bytes.length + 8;
  const block = allocate(length);
  const all = u8.subarray(block * 4, block * 4 + length).fill(margin);
  all.set(bytes, MARGIN);
  const expected = all.slice();
  const start = () => decoder.fromHeap(block + MARGIN / 4, streamBytes, bytes.length);
  const outcome = outcomeOf(start, decoder, read);
  if (all.some((byte, at) => byte !== expected[at])) {
    throw new FuzzError("the message or its neighbours changed");
  }
  free(block);
  return outcome;
}

/** Reads a message in memory of this isolate. Returns the outcome. */
function readStream(
  { bytes, streamBytes }: Bytes,
  decoder: Decoder,
  read: (decoder: Decoder) => string,
): string {
  const all = new Uint8Array((bytes.length + 15) & ~7);
  all.set(bytes);
  const { buffer } = all;
  const views = [
    all,
    new DataView(buffer),
    new Float64Array(buffer),
    new Int32Array(buffer),
  ] as const;
  const start = () => decoder.fromStream(...views, streamBytes, bytes.length);
  return outcomeOf(start, decoder, read);
}

function outcomeOf(
  start: () => void,
  decoder: Decoder,
  read: (decoder: Decoder) => string,
): string {
  try {
    start();
    const outcome = read(decoder);
    decoder.finish();
    return outcome;
  } catch (error) {
    if (!(error instanceof CorruptMessageError)) throw error;
    decoder.skip();
    return `refused: ${error.message}`;
  }
}

function readValue(decoder: Decoder): string {
  return textOf(decoder.value());
}

function readItems(decoder: Decoder): string {
  const items = new Array(20);
  decoder.itemsInto(items, 3, 4);
  return textOf(items);
}

function readNumber(decoder: Decoder): string {
  return String(decoder.number());
}

function pass(decoder: Decoder): string {
  return String(decoder.sharedObjects());
}

/**
 * Returns a text that is the same for equal values: their encoding, or why there is none. For a damaged
 * message may name another class than that of its content.
 */
function textOf(value: unknown): string {
  const encoder = borrowEncoder();
  try {
    encoder.value(value, "value");
    encoder.finish();
    encoder.discard();
    const bytes = bytesOf(encoder);
    const words = new Float64Array(bytes.buffer);
    // V8 keeps the bits of a NaN in an array, or not.
    words.forEach((word, at) => Number.isNaN(word) && (words[at] = NaN));
    return bytes.join();
  } catch (error) {
    if (error instanceof DataCloneError) return error.message;
    throw error;
  } finally {
    returnEncoder(encoder);
  }
}

/** Returns a text that is the same while nothing has changed that messages must not change. */
function stateOfProgram(): string {
  const references = sharedObjects.map((object) => i32[addressOf(object)! + objectWord.REFERENCES]);
  return `${usedBytes()} bytes in use, references ${references}, ${countBuiltins()} built-in properties`;
}

async function main(): Promise<void> {
  const options = readScriptOptions(
    "deno task fuzz [--seed 1] [--runs 10000000], or --run SEED for one message",
    ["seed", "runs", "run"],
  );
  if (options.run !== undefined) {
    console.log(fuzzOnce(Number(options.run)) ? "a value" : "refused");
    return;
  }
  const seed = Number(options.seed ?? Math.floor(Math.random() * 2 ** 31));
  const runs = Number(options.runs ?? 100_000);
  console.log(`seed ${seed}, ${runs} messages`);
  using watched = await watchdog();
  const { values, refused } = fuzz(seed, runs, watched.begin);
  console.log(`${values} values, ${refused} refused, no violation`);
}

if (import.meta.main) await main();

/**
 * Functions of Node that make long texts of bytes, and bytes of long texts.
 *
 * A `TextDecoder` takes half a microsecond, and more for longer texts; a `Buffer` of Node takes a tenth of that.
 * JavaScript reads the units of a text one by one, which takes some 3 ns each; V8's serializer copies them, a tenth
 * of that. But to load `node:buffer` and `node:v8` takes 3 to 10 ms, about as long as a worker takes to start. So
 * they are loaded once texts have cost as much.
 *
 * @module
 */

type Slice = (this: Uint8Array, start: number, end: number) => string;

interface NativeText {
  /** Text of bytes, each of which is a unit. */
  readonly latin1Slice: Slice;
  /** Text of units of two bytes. */
  readonly ucs2Slice: Slice;
  /** Bytes of a value, the last of which are the units of a text, in the order of bytes of the processor. */
  readonly serialize: (value: string) => Uint8Array<ArrayBuffer>;
}

/** Which byte of a text that is serialized is its tag: a mark and the version of the format are before it. */
export const TAG_BYTE = 2;
/** The tag of a text whose units have one byte each; any other says that they have two. */
export const SERIALIZED_BYTES_TAG = 0x22;

/** The functions, once they are loaded. */
export let native: NativeText | undefined;
/** Time that is left to be lost without them before they are loaded, in nanoseconds. */
let leftNs = 5_000_000;

/** Notes time that {@linkcode native} would have saved, in nanoseconds, and loads them if it is too much. */
export function missNative(ns: number): void {
  leftNs -= ns;
  if (leftNs > 0) return;
  leftNs = Infinity; // they are tried once
  native = load();
}

function load(): NativeText | undefined {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } };
  const module = (name: string) => process?.getBuiltinModule?.(name) ?? {};
  const { Buffer } = module("node:buffer") as { Buffer?: { prototype?: Partial<NativeText> } };
  const { latin1Slice, ucs2Slice } = Buffer?.prototype ?? {};
  const { serialize } = module("node:v8") as Partial<NativeText>;
  if (latin1Slice === undefined || ucs2Slice === undefined || serialize === undefined) return;
  const functions = { latin1Slice, ucs2Slice, serialize };
  return work(functions) ? functions : undefined;
}

/** Whether the functions do what this package needs. */
function work({ latin1Slice, ucs2Slice, serialize }: NativeText): boolean {
  const sample = new Uint8Array(new SharedArrayBuffer(8));
  sample.set([120, 97, 233, 120, 0, 216, 65, 0]);
  const [narrow, wide] = [serialize("za\xe9"), serialize("\u8a9eA")];
  return latin1Slice.call(sample, 1, 3) === "a\xe9" &&
    ucs2Slice.call(sample, 4, 8) === "\ud800A" &&
    narrow[TAG_BYTE] === SERIALIZED_BYTES_TAG && wide[TAG_BYTE] !== SERIALIZED_BYTES_TAG &&
    [...narrow.slice(-3)].join() === "122,97,233" && [...wide.slice(-4)].join() === "158,138,65,0";
}

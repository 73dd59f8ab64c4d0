/**
 * The UTF-16 units of strings, copied to memory.
 *
 * JavaScript reads the units of a string one by one, which takes some 3 ns each. WebAssembly has a built-in
 * function that copies them to an array of its own (https://github.com/WebAssembly/js-string-builtins). The
 * functions here call it, and go on with the array: a fifth of that time, and no garbage. In the text
 * format of WebAssembly, the one for units of two bytes is
 *
 * ```text
 * (func (export "copy2") (param $text externref) (param $length i32) (param $at i32) (local $i i32)
 *   (drop (call $intoCharCodeArray (local.get $text) (global.get $units) (i32.const 0)))
 *   (loop
 *     (i32.store16 (local.get $at) (array.get_u $array (global.get $units) (local.get $i)))
 *     …                                       ;; and the next 3
 *     (local.set $at (i32.add (local.get $at) (i32.const 8)))
 *     (br_if 0 (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 4))) (local.get $length)))))
 * ```
 *
 * @module
 */

/** Units that are copied at once. */
const MAX_UNITS = 1 << 15;
/** Units that a turn of a loop copies. The last turn may copy some that are behind the text. */
const UNITS_A_TURN = 4;
const PAGE_BYTES = 1 << 16;
/** Bytes of units that are gathered in the memory. There is room behind them. */
const MAX_BYTES = PAGE_BYTES;

/** Copies the units of a text of up to {@linkcode MAX_UNITS} to byte `at` of the memory. */
type Copy = (text: string, length: number, at: number) => void;

interface StringUnits {
  readonly memory: Uint8Array;
  readonly copy1: Copy;
  readonly copy2: Copy;
}

// The module, as bytes: https://webassembly.github.io/spec/core/binary/

const [I32, I16, ARRAY, FUNC, EXTERN, REF_NULL] = [0x7f, 0x77, 0x5e, 0x60, 0x6f, 0x63];
const [LOOP, END, BR_IF, CALL, DROP] = [0x03, 0x0b, 0x0d, 0x10, 0x1a];
const [LOCAL_GET, LOCAL_TEE, GLOBAL_GET] = [0x20, 0x22, 0x23];
const [STORE_8, STORE_16, I32_CONST, LT_U, ADD] = [0x3a, 0x3b, 0x41, 0x49, 0x6a];
const ARRAY_NEW_DEFAULT = [0xfb, 0x07, 0];
const ARRAY_GET_U = [0xfb, 0x0d, 0];
/** Types, by their place in the module. */
const Type = { ARRAY: 0, INTO: 1, COPY: 2 } as const;
const UNITS = [GLOBAL_GET, 0];

/** Encodes a signed integer. */
function integer(value: number): number[] {
  const low = value & 0x7f;
  const rest = value >> 7;
  const isLast = rest === (low & 0x40 ? -1 : 0);
  return isLast ? [low] : [low | 0x80, ...integer(rest)];
}

function length(bytes: number[]): number[] {
  const { length } = bytes;
  return length < 0x80 ? [length] : [length & 0x7f | 0x80, length >> 7];
}

const name = (text: string) => [text.length, ...new TextEncoder().encode(text)];
const list = (...items: number[][]) => [items.length, ...items.flat()];
const section = (id: number, content: number[]) => [id, ...length(content), ...content];
const constant = (value: number) => [I32_CONST, ...integer(value)];

/** Code that adds a number to a local variable, whose new value it leaves. */
const increment = (local: number, by: number) => [
  ...[LOCAL_GET, local, ...constant(by), ADD, LOCAL_TEE, local],
];

/** The unit that is `ahead` of the one whose index is in a local variable. */
const unit = (index: number, ahead: number) => [
  ...[...UNITS, LOCAL_GET, index, ...constant(ahead), ADD, ...ARRAY_GET_U],
];

/** `copy1` or `copy2`: parameters 0, 1 and 2 are the text, its length and `at`, variable 3 is `i`. */
function copier(store: number, width: number): number[] {
  const turn: number[] = [];
  for (let ahead = 0; ahead < UNITS_A_TURN; ahead++) {
    turn.push(LOCAL_GET, 2, ...unit(3, ahead), store, width - 1, ahead * width);
  }
  const body = [
    ...[1, 1, I32],
    ...[LOCAL_GET, 0, ...UNITS, ...constant(0), CALL, 0, DROP],
    ...[LOOP, 0x40, ...turn, ...increment(2, UNITS_A_TURN * width), DROP],
    ...[...increment(3, UNITS_A_TURN), LOCAL_GET, 1, LT_U, BR_IF, 0, END],
    END,
  ];
  return [...length(body), ...body];
}

function moduleBytes(): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(
      1,
      list(
        [ARRAY, I16, 1],
        [FUNC, 3, EXTERN, REF_NULL, Type.ARRAY, I32, 1, I32],
        [FUNC, 3, EXTERN, I32, I32, 0],
      ),
    ),
    ...section(2, list([...name("wasm:js-string"), ...name("intoCharCodeArray"), 0, Type.INTO])),
    ...section(3, list([Type.COPY], [Type.COPY])),
    ...section(5, list([0, 1 + MAX_BYTES / PAGE_BYTES])),
    ...section(
      6,
      list([
        ...[REF_NULL, Type.ARRAY, 0],
        ...[...constant(MAX_UNITS + UNITS_A_TURN), ...ARRAY_NEW_DEFAULT, END],
      ]),
    ),
    ...section(
      7,
      list(
        [...name("memory"), 2, 0],
        [...name("copy1"), 0, 1],
        [...name("copy2"), 0, 2],
      ),
    ),
    ...section(10, list(copier(STORE_8, 1), copier(STORE_16, 2))),
  ]);
}

/** The functions, once they are compiled; `null` if they cannot be, as under `--v8-flags=--jitless`. */
let compiled: StringUnits | null | undefined;

function compile(): StringUnits | null {
  try {
    const options = { builtins: ["js-string"] };
    const { Module } = WebAssembly as unknown as {
      Module: new (bytes: BufferSource, options: { builtins: string[] }) => WebAssembly.Module;
    };
    const { exports } = new WebAssembly.Instance(new Module(moduleBytes(), options));
    const { memory, ...functions } = exports as unknown as StringUnits & {
      memory: { buffer: ArrayBuffer };
    };
    return { ...functions, memory: new Uint8Array(memory.buffer) };
  } catch {
    return null;
  }
}

function stringUnits(): StringUnits | null {
  return compiled === undefined ? compiled = compile() : compiled;
}

/** Copies the units of texts, of one byte or two each, to `start` in `target`, which has room for them. */
export function copyUnits(
  texts: Iterable<string>,
  width: 1 | 2,
  target: Uint8Array,
  start: number,
): void {
  const units = stringUnits();
  if (units === null) return copyOneByOne(texts, width, target, start);
  const { memory } = units;
  const copy = width === 1 ? units.copy1 : units.copy2;
  // Memory is copied faster if both sides are aligned alike.
  let begin = (target.byteOffset + start) & 7;
  let end = begin;
  const flush = () => {
    target.set(memory.subarray(begin, end), start);
    start += end - begin;
    begin = end = (target.byteOffset + start) & 7;
  };
  for (const text of texts) {
    for (let from = 0; from < text.length; from += MAX_UNITS) {
      const part = text.length <= MAX_UNITS ? text : text.slice(from, from + MAX_UNITS);
      const { length } = part;
      if (end + length * width > MAX_BYTES) flush();
      copy(part, length, end);
      end += length * width;
    }
  }
  flush();
}

/** As {@linkcode copyUnits}, where there is no WebAssembly. */
export function copyOneByOne(
  texts: Iterable<string>,
  width: 1 | 2,
  target: Uint8Array,
  start: number,
): void {
  for (const text of texts) {
    for (let at = 0; at < text.length; at++, start += width) {
      const unit = text.charCodeAt(at);
      target[start] = unit;
      if (width === 2) target[start + 1] = unit >> 8;
    }
  }
}

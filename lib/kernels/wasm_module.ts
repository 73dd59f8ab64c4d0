/**
 * Encodes modules of WebAssembly: what kernels need of its binary format.
 *
 * Follows the WebAssembly specification, https://webassembly.github.io/spec/core/binary/
 *
 * @module
 */

/** The types of values. */
export const ValueType = { I32: 0x7f, F64: 0x7c, V128: 0x7b } as const;
export type ValueType = typeof ValueType[keyof typeof ValueType];

/** The opcodes of instructions without immediate operands; those of vectors are above 0xfd00. */
const opcodes = {
  "else": 0x05,
  "end": 0x0b,
  "drop": 0x1a,
  "select": 0x1b,
  "i32.eqz": 0x45,
  "i32.eq": 0x46,
  "i32.ne": 0x47,
  "i32.lt_s": 0x48,
  "i32.lt_u": 0x49,
  "i32.gt_s": 0x4a,
  "i32.le_s": 0x4c,
  "i32.ge_s": 0x4e,
  "i32.ge_u": 0x4f,
  "f64.eq": 0x61,
  "f64.ne": 0x62,
  "f64.lt": 0x63,
  "f64.gt": 0x64,
  "f64.le": 0x65,
  "f64.ge": 0x66,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.mul": 0x6c,
  "i32.rem_s": 0x6f,
  "i32.and": 0x71,
  "i32.or": 0x72,
  "i32.xor": 0x73,
  "i32.shl": 0x74,
  "i32.shr_s": 0x75,
  "i32.shr_u": 0x76,
  "i64.and": 0x83,
  "i64.or": 0x84,
  "i64.shl": 0x86,
  "i64.shr_u": 0x88,
  "f64.abs": 0x99,
  "f64.neg": 0x9a,
  "f64.ceil": 0x9b,
  "f64.floor": 0x9c,
  "f64.trunc": 0x9d,
  "f64.nearest": 0x9e,
  "f64.sqrt": 0x9f,
  "f64.add": 0xa0,
  "f64.sub": 0xa1,
  "f64.mul": 0xa2,
  "f64.div": 0xa3,
  "f64.min": 0xa4,
  "f64.max": 0xa5,
  "f64.copysign": 0xa6,
  "i32.wrap_i64": 0xa7,
  "i64.extend_i32_u": 0xad,
  "f32.demote_f64": 0xb6,
  "f64.convert_i32_s": 0xb7,
  "f64.convert_i32_u": 0xb8,
  "f64.promote_f32": 0xbb,
  "i64.reinterpret_f64": 0xbd,
  "i32.trunc_sat_f64_s": 0xfc02,
  "i64.trunc_sat_f64_s": 0xfc06,
  "i16x8.splat": 0xfd10,
  "i32x4.splat": 0xfd11,
  "f64x2.splat": 0xfd14,
  "i32x4.eq": 0xfd37,
  "i32x4.ne": 0xfd38,
  "i32x4.lt_s": 0xfd39,
  "i32x4.gt_s": 0xfd3b,
  "i32x4.le_s": 0xfd3d,
  "i32x4.ge_s": 0xfd3f,
  "f64x2.eq": 0xfd47,
  "f64x2.ne": 0xfd48,
  "f64x2.lt": 0xfd49,
  "f64x2.gt": 0xfd4a,
  "f64x2.le": 0xfd4b,
  "f64x2.ge": 0xfd4c,
  "v128.not": 0xfd4d,
  "v128.and": 0xfd4e,
  "v128.andnot": 0xfd4f,
  "v128.or": 0xfd50,
  "v128.xor": 0xfd51,
  "v128.bitselect": 0xfd52,
  "v128.any_true": 0xfd53,
  "f32x4.demote_f64x2_zero": 0xfd5e,
  "f64x2.promote_low_f32x4": 0xfd5f,
  "f64x2.ceil": 0xfd74,
  "f64x2.floor": 0xfd75,
  "i8x16.min_s": 0xfd76,
  "i8x16.min_u": 0xfd77,
  "i8x16.max_s": 0xfd78,
  "i8x16.max_u": 0xfd79,
  "f64x2.trunc": 0xfd7a,
  "i16x8.extadd_pairwise_i8x16_s": 0xfd7c,
  "i16x8.extadd_pairwise_i8x16_u": 0xfd7d,
  "i32x4.extadd_pairwise_i16x8_s": 0xfd7e,
  "i32x4.extadd_pairwise_i16x8_u": 0xfd7f,
  "i16x8.extend_low_i8x16_s": 0xfd87,
  "i16x8.extend_low_i8x16_u": 0xfd89,
  "f64x2.nearest": 0xfd94,
  "i16x8.min_s": 0xfd96,
  "i16x8.min_u": 0xfd97,
  "i16x8.max_s": 0xfd98,
  "i16x8.max_u": 0xfd99,
  "i32x4.extend_low_i16x8_s": 0xfda7,
  "i32x4.extend_low_i16x8_u": 0xfda9,
  "i32x4.shl": 0xfdab,
  "i32x4.shr_s": 0xfdac,
  "i32x4.shr_u": 0xfdad,
  "i32x4.add": 0xfdae,
  "i32x4.sub": 0xfdb1,
  "i32x4.mul": 0xfdb5,
  "i32x4.min_s": 0xfdb6,
  "i32x4.min_u": 0xfdb7,
  "i32x4.max_s": 0xfdb8,
  "i32x4.max_u": 0xfdb9,
  "i64x2.all_true": 0xfdc3,
  "i64x2.extend_low_i32x4_s": 0xfdc7,
  "f32x4.min": 0xfde8,
  "f32x4.max": 0xfde9,
  "f64x2.abs": 0xfdec,
  "f64x2.neg": 0xfded,
  "f64x2.sqrt": 0xfdef,
  "f64x2.add": 0xfdf0,
  "f64x2.sub": 0xfdf1,
  "f64x2.mul": 0xfdf2,
  "f64x2.div": 0xfdf3,
  "f64x2.min": 0xfdf4,
  "f64x2.max": 0xfdf5,
  "i32x4.trunc_sat_f64x2_s_zero": 0xfdfc,
  "f64x2.convert_low_i32x4_s": 0xfdfe,
  "f64x2.convert_low_i32x4_u": 0xfdff,
} as const;

/** An instruction without immediate operands. */
export type Operation = keyof typeof opcodes;

/** Instructions that read memory. The number is the binary logarithm of the alignment. */
const loads = {
  "i32.load": [0x28, 2],
  "f32.load": [0x2a, 2],
  "f64.load": [0x2b, 3],
  "i32.load8_s": [0x2c, 0],
  "i32.load8_u": [0x2d, 0],
  "i32.load16_s": [0x2e, 1],
  "i32.load16_u": [0x2f, 1],
  "v128.load": [0xfd00, 3],
  "v128.load64_splat": [0xfd0a, 3],
  "v128.load32_zero": [0xfd5c, 1],
  "v128.load64_zero": [0xfd5d, 2],
} as const;

/** Instructions that write memory. */
const stores = {
  "i32.store": [0x36, 2],
  "f32.store": [0x38, 2],
  "f64.store": [0x39, 3],
  "i32.store8": [0x3a, 0],
  "i32.store16": [0x3b, 1],
  "v128.store": [0xfd0b, 3],
} as const;
/** Instructions that write lane 0 of a vector. */
const laneStores = { "v128.store64_lane": [0xfd5b, 2] } as const;

/** An instruction that reads memory. */
export type Load = keyof typeof loads;
/** An instruction that writes memory. */
export type Store = keyof typeof stores | keyof typeof laneStores;

/** Instructions that take the number of a lane. */
const laneOpcodes = {
  "i8x16.extract_lane_s": 0xfd15,
  "i8x16.extract_lane_u": 0xfd16,
  "i16x8.extract_lane_s": 0xfd18,
  "i16x8.extract_lane_u": 0xfd19,
  "i32x4.extract_lane": 0xfd1b,
  "i32x4.replace_lane": 0xfd1c,
  "f32x4.extract_lane": 0xfd1f,
  "f64x2.extract_lane": 0xfd21,
  "f64x2.replace_lane": 0xfd22,
} as const;

/** Encodes an unsigned integer. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value & 0x7f;
    value >>>= 7;
    bytes.push(value === 0 ? low : low | 0x80);
  } while (value !== 0);
  return bytes;
}

/** Encodes a signed integer of up to 64 bits. */
function signed(value: bigint): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = Number(value & 0x7fn);
    value >>= 7n;
    const isLast = value === ((low & 0x40) === 0 ? 0n : -1n);
    bytes.push(isLast ? low : low | 0x80);
    if (isLast) return bytes;
  }
}

const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);

/** Encodes an opcode: those above 0xff have a prefix. */
function opcode(code: number): number[] {
  return code <= 0xff ? [code] : [code >> 8, ...unsigned(code & 0xff)];
}

/** The code of a function: instructions are appended, in their order on the stack. */
export class FunctionCode {
  readonly #bytes: number[] = [];
  readonly #locals: ValueType[] = [];
  /** Types of the parameters. */
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
  /** Number of blocks that are open. */
  depth = 0;

  /** A function of these parameters, whose numbers are those of the first local variables. */
  constructor(parameters: readonly ValueType[], results: readonly ValueType[]) {
    this.parameters = parameters;
    this.results = results;
  }

  /** Adds a local variable; returns its number. */
  local(type: ValueType): number {
    this.#locals.push(type);
    return this.parameters.length + this.#locals.length - 1;
  }

  /** Appends instructions. */
  op(...operations: Operation[]): this {
    for (const name of operations) this.#bytes.push(...opcode(opcodes[name]));
    return this;
  }

  get(local: number): this {
    this.#bytes.push(0x20, ...unsigned(local));
    return this;
  }

  set(local: number): this {
    this.#bytes.push(0x21, ...unsigned(local));
    return this;
  }

  tee(local: number): this {
    this.#bytes.push(0x22, ...unsigned(local));
    return this;
  }

  getGlobal(global: number): this {
    this.#bytes.push(0x23, ...unsigned(global));
    return this;
  }

  setGlobal(global: number): this {
    this.#bytes.push(0x24, ...unsigned(global));
    return this;
  }

  i32(value: number): this {
    this.#bytes.push(0x41, ...signed(BigInt(value | 0)));
    return this;
  }

  i64(value: bigint): this {
    this.#bytes.push(0x42, ...signed(value));
    return this;
  }

  f64(value: number): this {
    float[0] = value;
    this.#bytes.push(0x44, ...floatBytes);
    return this;
  }

  /** A vector of two numbers. */
  f64x2(low: number, high: number): this {
    float[0] = low;
    this.#bytes.push(0xfd, 0x0c, ...floatBytes);
    float[0] = high;
    this.#bytes.push(...floatBytes);
    return this;
  }

  /** A vector whose first two 32-bit lanes are these. */
  i32x2(low: number, high: number): this {
    const lanes = new Uint8Array(Int32Array.of(low, high, 0, 0).buffer);
    this.#bytes.push(0xfd, 0x0c, ...lanes);
    return this;
  }

  lane(name: keyof typeof laneOpcodes, lane: number): this {
    this.#bytes.push(...opcode(laneOpcodes[name]), lane);
    return this;
  }

  /** Takes bytes of two vectors: 0 to 15 of the first, 16 to 31 of the second. */
  shuffle(bytes: readonly number[]): this {
    this.#bytes.push(0xfd, 0x0d, ...bytes);
    return this;
  }

  load(name: Load, memory: number, offset = 0): this {
    const [code, align] = loads[name];
    this.#bytes.push(...opcode(code), ...memoryOperand(align, memory, offset));
    return this;
  }

  store(name: Store, memory: number, offset = 0): this {
    if (name in laneStores) {
      const [code, align] = laneStores[name as keyof typeof laneStores];
      this.#bytes.push(...opcode(code), ...memoryOperand(align, memory, offset), 0);
    } else {
      const [code, align] = stores[name as keyof typeof stores];
      this.#bytes.push(...opcode(code), ...memoryOperand(align, memory, offset));
    }
    return this;
  }

  call(fn: number): this {
    this.#bytes.push(0x10, ...unsigned(fn));
    return this;
  }

  /** Opens a block; returns its label. A branch to it leaves the block. */
  block(): number {
    return this.#open(0x02);
  }

  /** Opens a loop; returns its label. A branch to it begins the next turn. */
  loop(): number {
    return this.#open(0x03);
  }

  /** Opens a block that runs if the top of the stack is not 0; it may leave a value. */
  if(result?: ValueType): number {
    return this.#open(0x04, result);
  }

  #open(code: number, result: number = 0x40): number {
    this.#bytes.push(code, result);
    return ++this.depth;
  }

  /** Closes the innermost block. */
  end(): this {
    this.depth--;
    return this.op("end");
  }

  branch(label: number): this {
    this.#bytes.push(0x0c, ...unsigned(this.depth - label));
    return this;
  }

  branchIf(label: number): this {
    this.#bytes.push(0x0d, ...unsigned(this.depth - label));
    return this;
  }

  /** Returns the code as it stands in a module. */
  encode(): number[] {
    const locals = list(this.#locals.map((type) => [1, type]));
    const body = [...locals, ...this.#bytes, 0x0b];
    return [...unsigned(body.length), ...body];
  }
}

/** The operand of an access to a memory: the flag 0x40 tells that a number of the memory follows. */
function memoryOperand(align: number, memory: number, offset: number): number[] {
  return [align | 0x40, ...unsigned(memory), ...unsigned(offset)];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function text(value: string): number[] {
  const bytes = new TextEncoder().encode(value);
  return [...unsigned(bytes.length), ...bytes];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

/** What a module imports: shared memories `memory.0`, `memory.1`, …, and functions of numbers. */
export interface Imports {
  memories: number;
  /** Name and number of parameters of each function of module `math`; they have the first numbers. */
  functions: readonly { name: string; parameters: number }[];
}

/** A function of a module. */
export interface ModuleFunction {
  code: FunctionCode;
  /** The name under which it is exported. */
  exportedAs?: string;
}

/** Number of pages that a memory has at most. */
const MAX_PAGES = 1 << 16;

/**
 * Encodes a module.
 *
 * @param functions their numbers follow those of the imported ones
 * @param globals mutable variables, which are 0 at first
 */
export function encodeModule(
  imports: Imports,
  functions: readonly ModuleFunction[],
  globals: readonly ValueType[],
): Uint8Array<ArrayBuffer> {
  const signature = (parameters: readonly number[], results: readonly number[]) => [
    ...[0x60, ...list(parameters.map((type) => [type]))],
    ...list(results.map((type) => [type])),
  ];
  const imported = imports.functions.map(({ parameters }) =>
    signature(Array(parameters).fill(ValueType.F64), [ValueType.F64])
  );
  const own = functions.map(({ code }) => signature(code.parameters, code.results));
  const memory = [0x03, 0, ...unsigned(MAX_PAGES)]; // shared, of any number of pages
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [...imported, ...own]),
    ...section(2, [
      ...imports.functions.map(({ name }, at) => [...text("math"), ...text(name), 0, at]),
      ...Array.from(
        { length: imports.memories },
        (_, at) => [...text("memory"), ...text(`${at}`), 2, ...memory],
      ),
    ]),
    ...section(3, functions.map((_, at) => unsigned(imported.length + at))),
    ...section(6, globals.map((type) => [type, 1, ...zeroOf(type), 0x0b])),
    ...section(
      7,
      functions.flatMap(({ exportedAs }, at) =>
        exportedAs === undefined
          ? []
          : [[...text(exportedAs), 0, ...unsigned(imported.length + at)]]
      ),
    ),
    ...section(10, functions.map(({ code }) => code.encode())),
  ]);
}

/** Returns the constant 0 of a type. */
function zeroOf(type: ValueType): number[] {
  if (type === ValueType.I32) return [0x41, 0];
  return type === ValueType.F64 ? [0x44, ...Array(8).fill(0)] : [0xfd, 0x0c, ...Array(16).fill(0)];
}

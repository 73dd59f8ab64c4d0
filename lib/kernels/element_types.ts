/**
 * How the elements of typed arrays are read and written, one and two at a time.
 *
 * @module
 */

import type { ElementType } from "./ranges.ts";
import type { FunctionCode } from "./wasm_module.ts";

/** How elements of a type are accessed. */
export interface ElementAccess {
  /** Binary logarithm of the size in bytes. */
  readonly shift: number;
  /** What is on the stack after a read: a 32-bit integer, or a double. */
  readonly kind: "int" | "double";
  /** Reads an element at an address on the stack. */
  load(code: FunctionCode, memory: number): void;
  /** Reads two elements at an address on the stack, into two lanes. */
  loadPair(code: FunctionCode, memory: number, offset: number): void;
  /** What is stored: an integer, of which the low bits count, or a double. */
  readonly stored: "int" | "double" | "clamped";
  /** Writes a value at an address, both on the stack. */
  store(code: FunctionCode, memory: number): void;
  /**
   * Writes two lanes of a vector at an address.
   *
   * @param address a local variable
   * @param value a local variable
   */
  storePair(
    code: FunctionCode,
    memory: number,
    offset: number,
    address: number,
    value: number,
  ): void;
}

/** Integers of 8 or 16 bits. */
function smallIntegers(
  bits: 8 | 16,
  isSigned: boolean,
  stored: "int" | "clamped" = "int",
): ElementAccess {
  const sign = isSigned ? "s" : "u";
  const shift = bits === 8 ? 0 : 1;
  return {
    shift,
    kind: "int",
    stored,
    load: (code, memory) => void code.load(`i32.load${bits}_${sign}`, memory),
    loadPair(code, memory, offset) {
      if (bits === 8) {
        code.load("i32.load16_u", memory, offset).op("i16x8.splat");
        code.op(`i16x8.extend_low_i8x16_${sign}`);
      } else code.load("v128.load32_zero", memory, offset);
      code.op(`i32x4.extend_low_i16x8_${sign}`);
    },
    store: (code, memory) => void code.store(`i32.store${bits}`, memory),
    storePair(code, memory, offset, address, value) {
      for (const lane of [0, 1]) {
        code.get(address).get(value).lane("i32x4.extract_lane", lane);
        code.store(`i32.store${bits}`, memory, offset + (lane << shift));
      }
    },
  };
}

/** Integers of 32 bits. */
function integers32(isSigned: boolean): ElementAccess {
  return {
    shift: 2,
    kind: isSigned ? "int" : "double",
    stored: "int",
    load(code, memory) {
      code.load("i32.load", memory);
      if (!isSigned) code.op("f64.convert_i32_u");
    },
    loadPair(code, memory, offset) {
      code.load("v128.load64_zero", memory, offset);
      if (!isSigned) code.op("f64x2.convert_low_i32x4_u");
    },
    store: (code, memory) => void code.store("i32.store", memory),
    storePair: (code, memory, offset, address, value) =>
      void code.get(address).get(value).store("v128.store64_lane", memory, offset),
  };
}

/** The element types, by name. */
export const elementAccess: Readonly<Record<ElementType, ElementAccess>> = {
  int8: smallIntegers(8, true),
  uint8: smallIntegers(8, false),
  uint8c: smallIntegers(8, false, "clamped"),
  int16: smallIntegers(16, true),
  uint16: smallIntegers(16, false),
  int32: integers32(true),
  uint32: integers32(false),
  float32: {
    shift: 2,
    kind: "double",
    stored: "double",
    load: (code, memory) => void code.load("f32.load", memory).op("f64.promote_f32"),
    loadPair: (code, memory, offset) =>
      void code.load("v128.load64_zero", memory, offset).op("f64x2.promote_low_f32x4"),
    store: (code, memory) => void code.op("f32.demote_f64").store("f32.store", memory),
    storePair(code, memory, offset, address, value) {
      code.get(address).get(value).op("f32x4.demote_f64x2_zero");
      code.store("v128.store64_lane", memory, offset);
    },
  },
  float64: {
    shift: 3,
    kind: "double",
    stored: "double",
    load: (code, memory) => void code.load("f64.load", memory),
    loadPair: (code, memory, offset) => void code.load("v128.load", memory, offset),
    store: (code, memory) => void code.store("f64.store", memory),
    storePair: (code, memory, offset, address, value) =>
      void code.get(address).get(value).store("v128.store", memory, offset),
  },
};

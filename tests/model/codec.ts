/**
 * Stand-in for all modules of `lib/codec`: a message is one word.
 *
 * The protocols that are checked begin after a value was encoded and end before it is decoded.
 *
 * @module
 */
import { allocate, free } from "../../lib/heap/allocator.ts";
import { i32 } from "../../lib/heap/views.ts";
import { sentFunctions } from "./stand_ins.ts";

/** An encoded value. */
export class Encoder {
  readonly streamBytes = 4;
  readonly isStreamOnly: boolean = true;
  readonly words: Int32Array;
  readonly value: number;

  constructor(value: number) {
    this.value = value;
    this.words = Int32Array.of(value);
  }

  discard(): void {}

  gather(): void {}
}

/** Encodes a value. */
export function encode(value: number): Encoder {
  return new Encoder(value);
}

/** Does nothing. */
export function returnEncoder(): void {}

/** Stores a message in a block. */
export function storeMessage(encoder: Encoder): number {
  const address = allocate(4);
  i32[address] = encoder.value;
  return address;
}

/** Stores a message that lay in a cell in a block. */
export function storeStream(words: Int32Array): number {
  const address = allocate(4);
  i32[address] = words[0];
  return address;
}

/** Stores a value as a message. */
export function storeValue(value: unknown): number {
  return storeMessage(new Encoder(Number(value)));
}

/** Reads a message and frees its block. */
export function takeValue(address: number): number {
  const value = i32[address];
  free(address);
  return value;
}

export { storeValue as storeThrown, takeValue as takeThrown };

/** Makes a decoder read the message. */
export function readMessage(decoder: Decoder, address: number): void {
  decoder.read(i32[address]);
}

/** Frees the block of a message that was read. */
export function freeMessage(address: number): void {
  free(address);
}

/** Frees the block of a message that was not read. */
export function discardMessage(address: number): void {
  free(address);
}

/** Does nothing. */
export function dropReferences(): void {}

/** Returns the address of a function's definition: its place among the sent functions, from 1. */
export function functionAddress(fn: () => unknown): number {
  return sentFunctions.push(fn);
}

/** Returns the function of a definition. */
export function functionAt(address: number): () => unknown {
  return sentFunctions[address - 1];
}

/** The error of a message that needs a module to be imported. Never thrown here. */
export class NeedsImport extends Error {}

/** Reads messages. */
export class Decoder {
  private current = 0;

  read(value: number): void {
    this.current = value;
  }

  readonly ownWords = new Int32Array(1);
  readonly streamBytes = 4;

  fromOwn(): void {
    this.current = this.ownWords[0];
  }

  skip(): void {}

  value(): number {
    return this.current;
  }

  finish(): void {}
}

/** Messages that an isolate holds are not discarded at its end here. */
export function holdMessage(): void {}

/** As {@linkcode holdMessage}. */
export function takeHeldMessage(): boolean {
  return true;
}

function missing(): never {
  throw new Error("Cannot call this function of the codec: it has no stand-in");
}

// Imported by the modules that scenarios use, called by none of them.
export {
  missing as bytesIn,
  missing as definitionAt,
  missing as describeMessage,
  missing as functionNameAt,
  missing as importFunction,
  missing as importValue,
  missing as LINK,
  missing as messageStart,
  missing as sendStored,
  missing as sharedObjectsIn,
  missing as storeError,
  missing as totalBytesOf,
};

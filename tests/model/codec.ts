/**
 * The codec of the model: a message is one word. In place of lib/codec, whose work is done before
 * and after the protocols that are checked.
 *
 * @module
 */
import { allocate, free } from "../../lib/heap/allocator.ts";
import { i32 } from "../../lib/heap/views.ts";
import { functionsOfModel } from "./stand_ins.ts";

/** A value that is to be sent. */
export class Encoder {
  readonly position = 4;
  readonly isStreamOnly: boolean = true;
  readonly words: Int32Array;
  readonly value: number;

  constructor(value: number) {
    this.value = value;
    this.words = Int32Array.of(value);
  }

  discard(): void {}
}

/** Makes an encoder with a value. */
export function encode(value: number): Encoder {
  return new Encoder(value);
}

/** Takes an encoder back. */
export function returnEncoder(): void {}

/** Stores a message in a block. */
export function storeMessage(encoder: Encoder): number {
  const address = allocate(4);
  i32[address] = encoder.value;
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

/** Makes a decoder read the message. */
export function readMessage(decoder: Decoder, address: number): void {
  decoder.read(i32[address]);
}

/** Frees a message's block. */
export function freeMessage(address: number): void {
  free(address);
}

/** Frees a message that nobody reads. */
export function discardMessage(address: number): void {
  free(address);
}

/** Functions that were sent: a definition's address is its place here, counted from 1. */
const sent = functionsOfModel;

/** The address of a function's definition. */
export function functionAddress(fn: () => unknown): number {
  return sent.push(fn);
}

/** The function of a definition. */
export function functionAt(address: number): () => unknown {
  return sent[address - 1];
}

/** What a message that needs a module fails with; no message of the model does. */
export class NeedsImport extends Error {}

/** Reads messages. */
export class Decoder {
  private current = 0;

  read(value: number): void {
    this.current = value;
  }

  fromStream(_: unknown, __: unknown, ___: unknown, words: Int32Array): void {
    this.current = words[0];
  }

  value(): number {
    return this.current;
  }

  finish(): void {}
}

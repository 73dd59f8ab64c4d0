// The declarations of lib/codec/decoder.ts

import type { DefinitionAddress } from "./definition.d.ts";
import type { MessageReader } from "./message_reader.d.ts";

/**
 * Reads one message.
 *
 * If reading throws {@linkcode NeedsImport}, the message may be read again from its beginning.
 */
export declare class Decoder extends MessageReader {
  #private;
  protected start(base: number, streamBytes: number, totalBytes?: number): void;
  finish(): void;
  leave(): void;
  /**
   * Reads a number of the header.
   *
   * @throws {CorruptMessageError} if the message is damaged
   */
  number(): number;
  /**
   * As {@linkcode value}, but does without functions whose modules are not imported, and without reducers
   * that throw: instances of such classes are of the built-in class that they extend, objects of such
   * reducers are their parts.
   */
  valueWithoutImports(): unknown;
  /**
   * Reads with `read`, which starts this decoder from the beginning, and imports the modules that it needs.
   * What was thrown is read without the functions that cannot be imported.
   *
   * @throws {TaskLookupError} if something else needs such a function
   * @throws what `read` throws
   */
  importing<T>(read: () => T): Promise<T>;
  /**
   * Reads an array of `length` items into `target` from `start` on, without creating an array.
   *
   * @throws as {@linkcode value}, also if the array has another length
   */
  itemsInto(target: unknown[], start: number, length: number): void;
  /**
   * Reads a value.
   *
   * @throws {CorruptMessageError} if the message is damaged
   * @throws {NeedsImport} if it needs a function whose module is not imported
   * @throws {DataCloneError} if the value is nested deeper than the rest of the stack allows
   */
  value(): unknown;
  /**
   * Reads the address of a definition, which `MessageWriter.definition()` wrote.
   *
   * @throws {CorruptMessageError} if the message is damaged
   */
  definition(): DefinitionAddress;
}

export {};

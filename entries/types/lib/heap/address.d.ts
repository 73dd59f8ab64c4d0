// The declarations of lib/heap/address.ts

/**
 * Types for addresses in the shared heap. They exist in the type system only.
 *
 * An address is the index of a 32-bit word. Its type names the thing that begins at that word, so the
 * compiler finds an address of one thing where another is wanted, and words where bytes are wanted:
 *
 *     wakeAll(channel);           // error: a channel is not a wait queue
 *     wakeAll(channel + QUEUE);   // the queue in the channel
 *
 * The brand is optional, so a number is an address of anything: an address plus an offset is one, and so is
 * a word that was read from the heap. No code needs a cast.
 *
 * @module
 */
declare const thing: unique symbol;

/**
 * Address of a thing in the shared heap, in words; 0 stands for none.
 *
 * @typeParam Thing what begins there
 */
export type Address<Thing extends string = string> = number & {
  readonly [thing]?: Thing;
};

export {};

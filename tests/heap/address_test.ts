import type { Address, ByteOffset, Word } from "../../lib/heap/address.ts";

/** Takes a word. */
function takeWord(word: Word): number {
  return word;
}

Deno.test("Address tells apart queues and words, and words and bytes, at compile time", () => {
  const queue: Address<"wait queue"> = 64;
  const bytes: ByteOffset = 256;
  // @ts-expect-error: a queue is not a word
  takeWord(queue);
  // @ts-expect-error: bytes are not words
  takeWord(bytes);
  takeWord(queue + 1); // an address plus an offset is an address of anything
  const any: Address = queue;
  takeWord(any + 1);
});

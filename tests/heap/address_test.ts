import type { Address, ByteOffset, Word } from "../../lib/heap/address.ts";

/** Takes a word. */
function takeWord(word: Word): number {
  return word;
}

Deno.test("Address keeps apart what begins at an address, and words and bytes", () => {
  const queue: Address<"wait queue"> = 64;
  const bytes: ByteOffset = 256;
  // @ts-expect-error: a queue is not a word
  takeWord(queue);
  // @ts-expect-error: bytes are not words
  takeWord(bytes);
  takeWord(queue + 1); // the word behind an offset
  const any: Address = queue; // an address of anything
  takeWord(any + 1);
});

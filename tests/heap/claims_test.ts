import { assert, assertEquals, assertThrows } from "@std/assert";
import * as mp from "../fixtures/all_shelves.ts";
import { Claims } from "../../lib/heap/claims.ts";
import { recordWords } from "../../lib/heap/isolate_record.ts";
import {
  ROOT_WORDS_END,
  ROOT_WORDS_START,
  rootWord,
  rootWords,
} from "../../lib/heap/root_words.ts";
import { sharedTypes } from "../../lib/objects/shared_object.ts";
import "../../lib/pool/engines/isolates/pool_worker.ts";
import "../../lib/process/child.ts";

Deno.test("Claims.claim() throws when a number is claimed, and names the first free one", () => {
  const claims = new Claims("word", 3);
  assertEquals(claims.claim(0, "a"), 0);
  assertEquals(claims.claim(2, "b", 2), 2);
  assertThrows(() => claims.claim(3, "c"), Error, "Cannot claim word 3 for c: b has it. The first");
  assertThrows(() => claims.claim(1, "c", 2), Error, "word 2 for c: b has it");
  assertThrows(() => claims.claim(4, "c"), Error, "word 4 for c: the last is 3");
});

Deno.test("the last words and types that can be claimed lie in their range", () => {
  const last = (claims: Claims) => {
    const message = assertThrows(() => claims.claim(1e6, "nobody"), Error).message;
    return Number(message.match(/the last is (\d+)/)![1]);
  };
  assertEquals(ROOT_WORDS_START + last(rootWords) + 1, ROOT_WORDS_END);
  assertEquals(last(sharedTypes), 255); // the low byte of a word
});

Deno.test("rootWord() returns the address of a word, which no other module has", () => {
  let number = 1;
  while (rootWords.owners.has(number)) number++;
  assertEquals(rootWord(number, "a test"), ROOT_WORDS_START + number);
  assertEquals(rootWords.owners.get(number), "a test");
});

Deno.test("Claims of the package do not overlap", () => {
  // All modules have been imported here, which throws if two claim the same number.
  assert(mp.Pool !== undefined);
  for (const claims of [rootWords, recordWords, sharedTypes]) {
    assert(claims.owners.size > 10);
    const names = [...claims.owners.values()];
    assert(names.every((name) => name !== ""));
  }
});

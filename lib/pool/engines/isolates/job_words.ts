/**
 * The words of the shared heap that belong to an engine's jobs: their flags, and what controls a loop. They
 * are listed in a shared object, which the engine and its workers have. So they are freed in any case once
 * no isolate can write to them: also if the engine was terminated while workers ran, if it was collected,
 * or if the worker whose pool it was has ended.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `FIRST` | the first block in the list; 0 for none | the isolate of the engine |
 *
 * | word of a block | meaning | written by |
 * |---|---|---|
 * | `NEXT`, `PREVIOUS` | neighbours in the list; 0 for none | the isolate of the engine |
 * | from `WORDS` on | the words of a job | |
 *
 * @module
 */

import { allocate, free } from "../../../heap/allocator.ts";
import { i32 } from "../../../heap/views.ts";
import {
  createObject,
  defineType,
  objectWord,
  reviveAs,
  SharedHandle,
} from "../../../objects/shared_object.ts";

/** The number of this type among shared objects. */
const TYPE = 23;

const FIRST = objectWord.FIRST;
const NEXT = 0;
const PREVIOUS = 1;
const WORDS = 2;

/** The words of an engine's jobs. */
export class JobWords extends SharedHandle {
  /** Makes an empty list. */
  constructor() {
    super(createObject(TYPE, FIRST + 1));
  }

  /**
   * Adds words, which are not initialized. Returns their address.
   *
   * @throws {MemoryError} if the shared heap is full
   */
  add(count: number): number {
    const block = allocate((WORDS + count) * 4);
    const first = i32[this.address + FIRST];
    i32[block + NEXT] = first;
    i32[block + PREVIOUS] = 0;
    if (first !== 0) i32[first + PREVIOUS] = block;
    i32[this.address + FIRST] = block;
    return block + WORDS;
  }

  /** Removes and frees words, to which no isolate writes any more. */
  remove(words: number): void {
    const block = words - WORDS;
    const next = i32[block + NEXT];
    const previous = i32[block + PREVIOUS];
    if (next !== 0) i32[next + PREVIOUS] = previous;
    if (previous !== 0) i32[previous + NEXT] = next;
    else i32[this.address + FIRST] = next;
    free(block);
  }
}

defineType(TYPE, "JobWords", {
  revive: reviveAs(JobWords),
  destroy(address) {
    for (let block = i32[address + FIRST]; block !== 0;) {
      const next = i32[block + NEXT];
      free(block);
      block = next;
    }
  },
});

/**
 * Functions that compute new contents must return them: a promise is refused, and its rejection does not
 * end the program.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  Namespace,
  RawArray,
  SharedArray,
  SharedList,
  SharedMap,
  Value,
} from "@sauropod/multiprocessing";
import { local } from "@sauropod/multiprocessing/threading";
import { turn } from "../fixtures/guarded.ts";

// deno-lint-ignore no-explicit-any
const rejects = (): any => Promise.reject(new Error("ends the program if nobody handles it"));

const calls: Record<string, [message: string, call: () => unknown]> = {
  "Value.update()": [
    "Cannot update value: the function returned a promise. Await it before",
    () => new Value("i", 1).update(rejects),
  ],
  "RawArray.update()": [
    "Cannot update element 0: the function returned a promise. Await it before",
    () => new RawArray("i", 1).update(0, rejects),
  ],
  "SharedArray.update()": [
    "Cannot update element 0: the function returned a promise. Await it before",
    () => new SharedArray("d", 1).update(0, rejects),
  ],
  "SharedMap.update()": [
    "Cannot update value: the function returned a promise. Await it before",
    () => new SharedMap([["a", 1]]).update("a", rejects),
  ],
  "SharedList.update()": [
    "Cannot update value: the function returned a promise. Await it before",
    () => new SharedList([1]).update(0, rejects),
  ],
  "Namespace.update()": [
    "Cannot update value: the function returned a promise. Await it before",
    () => Namespace.update(new Namespace({ a: 1 }), "a", rejects),
  ],
  "SharedList.sort()": [
    "Cannot sort list: compare returned a promise. Return a number",
    () => new SharedList([1, 2]).sort(rejects),
  ],
  "local()": [
    "Cannot make local: initialize returned a promise. Await it before",
    () => local(rejects as () => { a: number }).a,
  ],
};

for (const [name, [message, call]] of Object.entries(calls)) {
  Deno.test(`${name} refuses an async function`, async () => {
    assertThrows(call, TypeError, message);
    await turn(); // reports unhandled rejections
  });
}

Deno.test("SharedList.update() with an async function changes nothing", () => {
  const list = new SharedList([1]);
  assertThrows(() => list.update(0, rejects), TypeError);
  assertEquals(list.copy(), [1]);
});

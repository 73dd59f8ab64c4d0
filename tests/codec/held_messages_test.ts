import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { Lock, Pipe, TaskLookupError, tasksOf, TerminatedError } from "@sauropod/multiprocessing";
import {
  discardHeldMessages,
  holdMessage,
  importMessage,
  importValue,
  takeHeldMessage,
} from "../../lib/codec/held_messages.ts";
import { discardMessage, storeValue } from "../../lib/codec/message.ts";
import { i32 } from "../../lib/heap/views.ts";
import { addressOf, isUnreachable, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes } from "../fixtures/heap.ts";

const references = (handle: object) => i32[addressOf(handle)! + objectWord.REFERENCES];

let modules = 0;

/** A function of a module that this isolate has not imported. */
function elsewhere(): () => unknown {
  const url = `data:text/javascript,export const made = () => ${++modules}`;
  return tasksOf<{ made(): unknown }>(url).made;
}

/** Stores a value with a lock, and a function of a module that is to be imported. */
function storeWithLock() {
  const lock = new Lock();
  const fn = elsewhere();
  discardMessage(storeValue(fn, "value")); // names of functions are stored for good
  const before = usedBytes();
  return { lock, before, message: storeValue({ lock, fn }, "value") };
}

test("importValue() imports what a value needs, returns the value, and frees the message", async () => {
  const { lock, before, message } = storeWithLock();
  const value = await importValue(message) as { lock: Lock; fn: () => unknown };
  assertStrictEquals(value.lock, lock);
  assertEquals(value.fn(), modules);
  assertEquals([takeHeldMessage(message), references(lock), usedBytes()], [false, 1, before]);
});

test("a message is held while its modules are imported, and discarded when the isolate ends", async () => {
  const { lock, before, message } = storeWithLock();
  const value = importValue(message);
  assertEquals(references(lock), 2);
  discardHeldMessages();
  assertEquals([references(lock), usedBytes(), takeHeldMessage(message)], [1, before, false]);
  await assertRejects(() => value, TerminatedError);
  assertEquals([references(lock), usedBytes()], [1, before]);
});

test("discardHeldMessages() discards those that are held, once", () => {
  const lock = new Lock();
  const before = usedBytes();
  const [first, second, taken] = [1, 2, 3].map((at) => storeValue([lock, at], "value"));
  for (const message of [first, second, taken]) holdMessage(message);
  assertEquals([takeHeldMessage(taken), takeHeldMessage(taken)], [true, false]);
  discardHeldMessages();
  assertEquals(references(lock), 2); // that of the message that was taken
  discardHeldMessages();
  assertEquals([takeHeldMessage(first), references(lock)], [false, 2]);
  holdMessage(taken);
  discardHeldMessages();
  assertEquals([references(lock), usedBytes()], [1, before]);
});

test("a message that cannot be read is freed, and its error recovered from if the caller can", async () => {
  const lock = new Lock();
  const before = usedBytes();
  const error = new RangeError("not this");
  const read = () => {
    throw error;
  };
  const store = () => storeValue([lock], "value");
  assertStrictEquals(await assertRejects(() => importMessage(store(), { read })), error);
  assertEquals([references(lock), usedBytes()], [1, before]);
  const message = store();
  const recovered = await importMessage(message, {
    read,
    recover: (thrown, decoder) => [thrown, decoder.sharedObjects()],
  });
  assertEquals(recovered, [error, [addressOf(lock)]] as never);
  assertEquals([references(lock), usedBytes(), takeHeldMessage(message)], [1, before, false]);
  const worse = new TypeError("nor that");
  const recover = () => {
    throw worse;
  };
  const failing = () => importMessage(store(), { read, recover });
  assertStrictEquals(await assertRejects(failing), worse);
  assertEquals([references(lock), usedBytes()], [1, before]);
});

test("handles that were lent to a message that cannot be read are reclaimed, or dropped", async () => {
  const read = () => {
    throw new RangeError("not this");
  };
  for (const lentHandles of ["reclaim", "drop", undefined] as const) {
    const [here, there] = Pipe<string>();
    const message = storeValue([there], "value");
    assert(isUnreachable(there));
    await assertRejects(() => importMessage(message, { read, lentHandles }), RangeError);
    assertEquals(isUnreachable(there), lentHandles === "drop");
    here.close();
    if (lentHandles !== "drop") there.close();
  }
});

test("a message whose module cannot be imported fails with the reason, and is freed", async () => {
  const fn = tasksOf<{ f(): void }>("data:text/javascript,throw new RangeError('not today')").f;
  const lock = new Lock();
  discardMessage(storeValue(fn, "value")); // names of functions are stored for good
  const before = usedBytes();
  const message = storeValue([lock, fn], "value");
  const error = await assertRejects(() => importValue(message), TaskLookupError, "not today");
  assertEquals((error.cause as Error).name, "RangeError");
  assertEquals([references(lock), usedBytes(), takeHeldMessage(message)], [1, before, false]);
});

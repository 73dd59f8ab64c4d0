/**
 * Shared objects, with types of this test that record what they are notified of.
 *
 * @module
 */
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import {
  adoptIsolate,
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  type IsolateAddress,
  publishEnd,
  thisIsolate,
  unlistIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { listHeld, takeAllHeld } from "../../lib/objects/held_list.ts";
import {
  addHoldings,
  addMessageRef,
  addRef,
  addressOf,
  canCross,
  createObject,
  defineType,
  type Destination,
  dropAllHeldRefs,
  dropHoldings,
  dropRef,
  goesAsValue,
  handleFor,
  handleMark,
  isHeldOnlyHere,
  isLentWhenSent,
  isOnlyHere,
  isSharedObject,
  isUnreachable,
  markAllHeldUnreachable,
  markReachable,
  markUnreachable,
  notifyNeverReached,
  objectWord,
  ownHoldings,
  reclaimLent,
  registerHandle,
  release,
  reviveAs,
  SharedHandle,
  showState,
  typeOf,
  type TypeOperations,
  undoMessageRef,
} from "../../lib/objects/shared_object.ts";
import { collectGarbage, collectOnly, settledUse, useUpHeadroom } from "../fixtures/heap.ts";
import { turn } from "../fixtures/turn.ts";

const [PLAIN, PERMANENT, LENT, HELD] = [255, 254, 253, 252];
const WORDS = 4;

/** What the objects were notified of, since the test began. */
const events: string[] = [];

class Thing extends SharedHandle {
  constructor(type = PLAIN) {
    super(createObject(type, WORDS));
  }

  get at(): number {
    return this.address;
  }
}

for (const [type, name] of [[PLAIN, "thing"], [PERMANENT, "permanent"], [LENT, "lent"]] as const) {
  defineType(type, name, {
    revive: reviveAs(Thing),
    permanent: type === PERMANENT,
    isLent: type === LENT,
    destroy: () => events.push("destroy"),
    onReachable: () => events.push("reachable"),
    onUnreachable: () => events.push("unreachable"),
    onReturned: (handle) => {
      events.push("returned");
      markReachable(handle);
    },
  });
}

defineType(HELD, "held", {
  revive: reviveAs(Thing),
  onHolderEnd: (_, { reached, holdings }) => events.push(`ended ${reached} ${holdings}`),
});

function references(address: number): number {
  return i32[address + objectWord.REFERENCES];
}

/** Returns the events since the last call. */
function takeEvents(): string[] {
  return events.splice(0);
}

ensureIsolate();

/** Handles whose entries in a list were freed: they must not be finalized in this isolate. */
const kept: Thing[] = [];

/** Makes this isolate use another record, as a worker with that record would, until it is disposed of. */
function asWorker(record: IsolateAddress): Disposable {
  const before = thisIsolate;
  adoptIsolate(i32.buffer, record);
  return { [Symbol.dispose]: () => adoptIsolate(i32.buffer, before) };
}

Deno.test("defineType() throws when the number is claimed", () => {
  assertThrows(
    () => defineType(PLAIN, "other", { revive: () => ({}) }),
    Error,
    "Cannot claim type of shared objects 255 for other: thing has it",
  );
});

Deno.test("createObject() makes a zeroed object with its type and without references", () => {
  const address = createObject(PLAIN, WORDS);
  const [type, ...rest] = i32.subarray(address, address + WORDS);
  assertEquals([type & 255, ...rest], [PLAIN, 0, 0, 0]);
  addRef(address);
  dropRef(address);
  takeEvents();
});

Deno.test("isLentWhenSent() says which objects an isolate lends", () => {
  for (const [type, isLent] of [[PLAIN, false], [LENT, true], [HELD, false]] as const) {
    const thing = new Thing(type);
    assertEquals(isLentWhenSent(thing.at), isLent);
  }
  takeEvents();
});

Deno.test("handleFor() returns the one handle of this isolate", () => {
  const thing = new Thing();
  assertStrictEquals(handleFor(thing.at), thing);
  assertEquals(addressOf(thing), thing.at);
  assertEquals(addressOf({}), undefined);
  assertEquals(references(thing.at), 1);
  assert(isOnlyHere(thing.at));
  takeEvents();
});

Deno.test("handleFor() makes a handle without the constructor of its class when there is none", () => {
  const address = createObject(PLAIN, WORDS);
  const thing = handleFor(address);
  assert(thing instanceof Thing);
  assertEquals(thing.at, address);
  assertStrictEquals(handleFor(address), thing);
  assertEquals(references(address), 1);
  takeEvents();
});

Deno.test("dropRef() destroys and frees the object when the last reference is dropped", () => {
  const address = createObject(PLAIN, WORDS);
  addRef(address);
  addRef(address);
  dropRef(address);
  assert(isOnlyHere(address));
  assertEquals(takeEvents(), ["reachable", "reachable"]);
  dropRef(address);
  assertEquals(takeEvents(), ["destroy"]);
  assertEquals(createObject(PLAIN, WORDS), address); // the freed block
});

Deno.test("dropRef() does not free an object of a permanent type", () => {
  const address = createObject(PERMANENT, WORDS);
  addRef(address);
  dropRef(address);
  assertEquals(takeEvents(), ["reachable", "destroy"]);
  assert(createObject(PERMANENT, WORDS) !== address);
});

Deno.test("release() notifies the object and drops the reference", () => {
  const address = createObject(PLAIN, WORDS);
  addRef(address);
  release(address);
  assertEquals(takeEvents(), ["reachable", "unreachable", "destroy"]);
});

Deno.test("a handle that is garbage collected notifies the object and drops its reference", async () => {
  const before = await settledUse();
  takeEvents();
  (() => new Thing())();
  assertEquals(takeEvents(), ["reachable"]);
  await collectGarbage();
  assertEquals(takeEvents(), ["unreachable", "destroy"]);
  assertEquals(await settledUse(), before);
});

Deno.test("markUnreachable() and markReachable() notify the object once and keep the reference", () => {
  const thing = new Thing();
  assert(!isUnreachable(thing));
  markUnreachable(thing);
  markUnreachable(thing);
  assert(isUnreachable(thing));
  assertEquals(takeEvents(), ["reachable", "unreachable"]);
  markReachable(thing);
  markReachable(thing);
  assert(!isUnreachable(thing));
  assertEquals(takeEvents(), ["reachable"]);
  assertEquals(references(thing.at), 1);
});

Deno.test("addMessageRef() marks a lent handle unreachable until the message is undone", () => {
  const thing = new Thing(LENT);
  takeEvents();
  addMessageRef(thing.at);
  assert(isUnreachable(thing));
  assertEquals(takeEvents(), ["reachable", "unreachable"]);
  undoMessageRef(thing.at);
  assert(!isUnreachable(thing));
  assertEquals(takeEvents(), ["reachable", "unreachable"]);
  assertEquals(references(thing.at), 1);
});

Deno.test("handleFor() calls onReturned when a message brings back a lent object", () => {
  const thing = new Thing(LENT);
  addMessageRef(thing.at);
  takeEvents();
  assertStrictEquals(handleFor(thing.at), thing);
  assertEquals(takeEvents(), ["returned", "reachable"]);
  release(thing.at);
  assertEquals(references(thing.at), 1);
  takeEvents();
});

Deno.test("addMessageRef() leaves other handles reachable", () => {
  const thing = new Thing();
  addMessageRef(thing.at);
  assert(!isUnreachable(thing));
  assert(!isOnlyHere(thing.at));
  undoMessageRef(thing.at);
  assert(isOnlyHere(thing.at));
  takeEvents();
});

Deno.test("markAllHeldUnreachable() notifies the objects that an ended worker reached", () => {
  const record = createIsolateRecord(thisIsolate);
  using _ = asWorker(record);
  const [first, second, closed] = [new Thing(), new Thing(), new Thing()];
  kept.push(first, second, closed);
  markUnreachable(closed);
  takeEvents();
  markAllHeldUnreachable(record);
  assertEquals(takeEvents(), ["unreachable", "unreachable"]);

  // What the worker does afterwards has no effect on the objects.
  markUnreachable(first);
  markReachable(closed);
  const late = new Thing();
  kept.push(late);
  assert(isUnreachable(late));
  assertEquals(takeEvents(), []);

  assertEquals(kept.map(({ at }) => references(at)), [1, 1, 1, 1]);
});

Deno.test("dropAllHeldRefs() frees the objects that only the ended worker had", () => {
  const record = createIsolateRecord(thisIsolate);
  using _ = asWorker(record);
  const [own, shared] = [new Thing(), new Thing()];
  kept.push(own, shared);
  addRef(shared.at); // another isolate's
  takeEvents();
  markAllHeldUnreachable(record);
  assertEquals(takeEvents(), ["unreachable", "unreachable"]);
  dropAllHeldRefs(record);
  assertEquals(takeEvents(), ["destroy"]);
  assertEquals(references(shared.at), 1);
});

Deno.test("a worker's handle that is garbage collected leaves the list of the worker", async () => {
  await collectGarbage(); // handles of other tests
  const record = createIsolateRecord(thisIsolate);
  using _ = asWorker(record);
  const thing = new Thing();
  kept.push(thing);
  (() => new Thing())();
  takeEvents();
  await collectGarbage();
  assertEquals(takeEvents(), ["unreachable", "destroy"]);
  markAllHeldUnreachable(record);
  assertEquals(takeEvents(), ["unreachable"]);
  assertEquals(references(thing.at), 1);
});

Deno.test("addHoldings() and dropHoldings() count what this isolate holds, in the main isolate too", () => {
  const thing = new Thing(HELD);
  assert(addHoldings(thing.at, 3));
  assertEquals(ownHoldings(thing.at), 3);
  assertEquals(dropHoldings(thing.at, 2), 2);
  assertEquals(dropHoldings(thing.at, 2), 1); // it held no more
  assertEquals(dropHoldings(thing.at), 0);
  const other = new Thing(HELD);
  assert(addHoldings(other.at));
  assertEquals([ownHoldings(thing.at), ownHoldings(other.at)], [0, 1]);
});

Deno.test("markAllHeldUnreachable() tells objects what the ended worker held", () => {
  const record = createIsolateRecord(thisIsolate);
  using _ = asWorker(record);
  const [holds, reaches, both] = [new Thing(HELD), new Thing(HELD), new Thing(HELD)];
  kept.push(holds, reaches, both);
  addHoldings(holds.at, 2);
  addHoldings(both.at);
  markUnreachable(holds);
  takeEvents();
  publishEnd(record, 3);
  markAllHeldUnreachable(record);
  assertEquals(takeEvents().toSorted(), ["ended false 2", "ended true 0", "ended true 1"]);

  // What the worker counts afterwards is abandoned at once.
  assertEquals(dropHoldings(both.at), 0);
  assert(!addHoldings(both.at, 4));
  assertEquals(takeEvents(), ["ended false 4"]);
  assertEquals(ownHoldings(both.at), 0);
});

Deno.test("notifyNeverReached() tells an object of a worker that ended before it had a handle", () => {
  const thing = new Thing(HELD);
  takeEvents();
  notifyNeverReached(thing.at, thisIsolate);
  assertEquals(takeEvents(), ["ended true 0"]);
});

Deno.test("a worker that holds things keeps its reference for the next handle", async () => {
  await collectGarbage(); // handles of other tests
  const record = createIsolateRecord(thisIsolate);
  using _ = asWorker(record);
  const address = createObject(HELD, WORDS);
  addRef(address); // another isolate's
  (() => addHoldings((handleFor(address) as Thing).at, 2))();
  await collectGarbage();
  await collectGarbage();
  assertEquals(references(address), 2);
  const next = handleFor(address) as Thing;
  kept.push(next);
  assertEquals([references(address), ownHoldings(address)], [2, 2]);
  takeEvents();
  publishEnd(record, 0);
  markAllHeldUnreachable(record);
  assertEquals(takeEvents(), ["ended true 2"]);
});

Deno.test("a worker that holds things of an object that nobody else has drops its reference", async () => {
  const before = await settledUse();
  const record = createIsolateRecord(thisIsolate);
  {
    using _ = asWorker(record);
    (() => addHoldings(new Thing(HELD).at))();
    await collectGarbage();
    await collectGarbage();
  }
  freeIsolateRecord(record);
  assertEquals(await settledUse(), before);
});

Deno.test("showState() makes Deno.inspect() show the state of a handle", () => {
  class Shown extends Thing {}
  showState(Shown, () => ({ value: 5 }));
  assertEquals(Deno.inspect(new Shown()), "Shown { value: 5 }");
  assertEquals(Deno.inspect(Shown.prototype), "Shown.prototype");
  takeEvents();
});

Deno.test("typeOf() and isSharedObject() tell what begins at an address", () => {
  const [thing, held] = [new Thing(), new Thing(HELD)];
  assertEquals([typeOf(thing.at), typeOf(held.at)], [PLAIN, HELD]);
  for (const { at } of [thing, held]) assert(isSharedObject(at));
  for (const at of [0, -1, -thing.at, thing.at + 1, thing.at - 1, i32.length, i32.length * 2]) {
    assert(!isSharedObject(at), `${at}`);
  }
  const undefinedType = createObject(200, WORDS);
  i32[undefinedType + objectWord.REFERENCES] = 1;
  assert(!isSharedObject(undefinedType));
  const unused = createObject(PLAIN, WORDS);
  assert(!isSharedObject(unused)); // nothing refers to it
  addRef(unused);
  assert(isSharedObject(unused));
  dropRef(unused);
  assert(!isSharedObject(unused));
  takeEvents();
});

Deno.test("canCross() and goesAsValue() tell where a message may name an object, or carries its value", () => {
  let type = 247;
  const remote: number[] = [];
  const kinds: [Partial<TypeOperations>, crosses: Destination[], asValue: Destination[]][] = [
    [{}, [], []],
    [{ crosses: true }, ["process"], []],
    [{ isRemote: true }, ["program"], []],
    [{ isRemote: (address) => remote.includes(address) }, [], []],
    [{ isValue: true }, ["machine with values"], ["process", "program", "machine"]],
    [{ crosses: true, isRemote: true }, ["process", "program"], []],
  ];
  const destinations: Destination[] = [
    ...["heap", "process", "program", "machine", "machine with values"] as const,
  ];
  for (const [operations, crosses, asValue] of kinds) {
    defineType(--type, "kind of object", { revive: reviveAs(Thing), ...operations });
    const { at } = new Thing(type);
    const given = (test: typeof canCross) => destinations.filter((it) => test(at, it));
    assertEquals(given(canCross), ["heap", ...crosses]);
    assertEquals(given(goesAsValue), asValue);
    if (typeof operations.isRemote !== "function") continue;
    remote.push(at);
    assertEquals(given(canCross), ["heap", "program"]);
  }
});

Deno.test("isHeldOnlyHere() says whether this isolate alone has the object, by a handle", () => {
  const thing = new Thing();
  assert(isHeldOnlyHere(thing.at));
  addRef(thing.at);
  assert(!isHeldOnlyHere(thing.at));
  dropRef(thing.at);
  const address = createObject(PLAIN, WORDS);
  addRef(address);
  assert(isOnlyHere(address) && !isHeldOnlyHere(address)); // in a message
  dropRef(address);
  takeEvents();
});

Deno.test("an object is only here when the others that had it have ended", () => {
  const thing = new Thing();
  const [first, second] = [createIsolateRecord(thisIsolate), createIsolateRecord(thisIsolate)];
  for (const record of [first, second]) {
    using _ = asWorker(record);
    listHeld(thing.at);
    addRef(thing.at);
  }
  const other = createIsolateRecord(thisIsolate); // has no reference
  assert(!isOnlyHere(thing.at));
  publishEnd(first, 0);
  publishEnd(other, 0);
  assert(!isOnlyHere(thing.at)); // the second one has it still
  publishEnd(second, 0);
  assert(isOnlyHere(thing.at) && isHeldOnlyHere(thing.at));
  addRef(thing.at); // of a message
  assert(!isOnlyHere(thing.at));
  dropRef(thing.at);
  for (const record of [first, second]) {
    assertEquals(takeAllHeld(record), [thing.at]);
    dropRef(thing.at);
  }
  for (const record of [first, second, other]) unlistIsolate(record);
  assertEquals(references(thing.at), 1);
  takeEvents();
});

Deno.test("reclaimLent() returns a handle that was lent, and leaves others as they are", () => {
  const [lent, here, closed] = [new Thing(LENT), new Thing(LENT), new Thing()];
  addMessageRef(lent.at);
  markUnreachable(closed); // of a type that is not lent
  takeEvents();
  for (const { at } of [here, closed]) reclaimLent(at);
  assertEquals(takeEvents(), []);
  reclaimLent(lent.at);
  assertEquals([takeEvents(), isUnreachable(lent)], [["returned", "reachable"], false] as never);
  const withoutHandle = createObject(LENT, WORDS);
  addRef(withoutHandle);
  takeEvents();
  reclaimLent(withoutHandle);
  assertEquals(takeEvents(), []);
  dropRef(withoutHandle);
  release(lent.at);
  takeEvents();
});

Deno.test("handleFor() tells only a handle that does not reach its object that it is back", () => {
  const thing = new Thing();
  takeEvents();
  handleFor(thing.at);
  assertEquals(takeEvents(), []);
  markUnreachable(thing);
  assertEquals([handleFor(thing.at) === thing, takeEvents()], [
    true,
    ["unreachable", "returned", "reachable"],
  ]);
});

Deno.test("an object whose handle finds no room in the list is freed, unless others have it", () => {
  const record = createIsolateRecord(thisIsolate);
  {
    using _ = asWorker(record);
    const [unused, used] = [createObject(PLAIN, WORDS), createObject(PLAIN, WORDS)];
    addRef(used);
    takeEvents();
    {
      using _ = useUpHeadroom(32);
      assertThrows(() => registerHandle({}, used), Error, "shared memory");
      assertEquals(takeEvents(), []);
      assertThrows(() => registerHandle({}, unused), Error, "shared memory");
      assertEquals(takeEvents(), ["destroy"]);
    }
    dropRef(used);
    assertEquals(takeEvents(), ["destroy"]);
  }
  freeIsolateRecord(record);
});

Deno.test("a collected handle of an object that it did not reach does not notify it again", async () => {
  await collectGarbage(); // handles of other tests
  takeEvents();
  (() => markUnreachable(new Thing()))();
  assertEquals(takeEvents(), ["reachable", "unreachable"]);
  await collectGarbage();
  assertEquals(takeEvents(), ["destroy"]);
});

Deno.test("a handle that is collected after its worker has ended does not notify the object again", async () => {
  await collectGarbage(); // handles of other tests
  const record = createIsolateRecord(thisIsolate);
  {
    using _ = asWorker(record);
    const address = createObject(PLAIN, WORDS);
    addRef(address); // another isolate's
    (() => handleFor(address))();
    takeEvents();
    markAllHeldUnreachable(record);
    assertEquals(takeEvents(), ["unreachable"]);
    await collectGarbage();
    assertEquals([takeEvents(), references(address)], [[], 1] as never);
    dropRef(address);
    takeEvents();
  }
  freeIsolateRecord(record);
});

Deno.test("an object keeps its second handle when the first is collected", async () => {
  const address = createObject(PLAIN, WORDS);
  (() => handleFor(address))();
  const second = { note: "as the proxy of a namespace" };
  registerHandle(second, address);
  assertEquals(references(address), 2);
  await collectGarbage();
  assertStrictEquals(handleFor(address), second);
  assertEquals(references(address), 1);
  takeEvents();
});

Deno.test("a worker that holds nothing drops its reference when its handle is collected", async () => {
  await collectGarbage(); // handles of other tests
  const record = createIsolateRecord(thisIsolate);
  {
    using _ = asWorker(record);
    const address = createObject(HELD, WORDS);
    addRef(address); // another isolate's
    (() => {
      handleFor(address);
      addHoldings(address, 2);
      dropHoldings(address, 2);
    })();
    assertEquals(references(address), 2);
    await collectGarbage();
    assertEquals(references(address), 1);
    dropRef(address);
  }
  freeIsolateRecord(record);
});

Deno.test("things that do not matter any more keep no reference, nor do those of the main isolate", async () => {
  const UNHELD = 240;
  defineType(UNHELD, "thing without holders", {
    revive: reviveAs(Thing),
    onHolderEnd: () => {},
    hasHolders: () => false,
  });
  const record = createIsolateRecord(thisIsolate);
  {
    using _ = asWorker(record);
    const address = createObject(UNHELD, WORDS);
    addRef(address); // another isolate's
    (() => addHoldings((handleFor(address) as Thing).at))();
    await collectGarbage();
    assertEquals(references(address), 1);
    dropRef(address);
  }
  freeIsolateRecord(record);
  const address = createObject(HELD, WORDS);
  addRef(address); // another isolate's
  (() => addHoldings((handleFor(address) as Thing).at))();
  await collectGarbage();
  assertEquals(references(address), 1);
  const next = handleFor(address);
  assertEquals([references(address), ownHoldings(address)], [2, 0]);
  assertStrictEquals(handleFor(address), next);
  dropRef(address);
});

Deno.test("a handle that follows a collected one keeps the object when that one is finalized", async () => {
  const address = createObject(HELD, WORDS);
  const isFirst = new WeakSet();
  (() => isFirst.add(handleFor(address)))();
  let next: object;
  do {
    await turn();
    collectOnly();
    next = handleFor(address); // before the finalizer of the first one runs
  } while (isFirst.has(next));
  await collectGarbage();
  assertEquals(references(address), 1);
  assertStrictEquals(handleFor(address), next);
});

Deno.test("a worker that has ended and counts nothing abandons nothing", () => {
  const record = createIsolateRecord(thisIsolate);
  using _ = asWorker(record);
  const thing = new Thing(HELD);
  kept.push(thing);
  publishEnd(record, 0);
  takeEvents();
  assert(!addHoldings(thing.at, 0));
  assertEquals(takeEvents(), []);
});

Deno.test("notifyNeverReached() tells every object that a message no longer reaches it", () => {
  const thing = new Thing();
  takeEvents();
  notifyNeverReached(thing.at, thisIsolate);
  assertEquals(takeEvents(), ["unreachable"]);
});

Deno.test("handles have the mark by which another copy of the package knows them", () => {
  assertEquals(Reflect.get(new Thing(), handleMark), true);
  takeEvents();
});

Deno.test("showState() shows no state of an object that is no handle", () => {
  class Shown extends Thing {}
  showState(Shown, ({ at }) => ({ at }));
  assertEquals(Deno.inspect(Object.create(Shown.prototype)), "Shown.prototype");
});

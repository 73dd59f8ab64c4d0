import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  DataCloneError,
  Pool,
  Queue,
  type Reducer,
  registerReducer,
  task,
} from "@sauropod/multiprocessing";
import { Money, sum } from "../fixtures/functions/reduced.ts";
import { Point } from "../fixtures/functions/tasks.ts";
import { test } from "../fixtures/guarded.ts";
import { sent } from "../fixtures/messages.ts";

test("registerReducer() lets instances with private fields cross to a pool and back", async () => {
  await using pool = new Pool(1);
  const total = await pool.apply(sum, [[new Money(100), new Money(250)]]);
  assert(total instanceof Money);
  assertEquals(total.cents, 350);
});

test("registerReducer() lets objects cross nested in other values and through a queue", async () => {
  const queue = new Queue<Map<string, { price: Money }>>();
  await queue.put(new Map([["tea", { price: new Money(3) }]]));
  assertEquals((await queue.get()).get("tea")!.price.cents, 3);
});

test("an object that occurs twice in a message is revived once", () => {
  const price = new Money(5);
  const { first, second } = sent({ first: price, second: price }) as Record<string, Money>;
  assertEquals(first.cents, 5);
  assertStrictEquals(first, second);
});

class Celsius {
  constructor(readonly degrees: number) {}
}

test("the reducer that was registered first is used when several match", () => {
  const reviveAs = (by: string): Reducer<Celsius, number> => ({
    is: (value) => value instanceof Celsius,
    reduce: ({ degrees }) => degrees,
    revive: task(import.meta, (degrees: number) => Object.assign(new Celsius(degrees), { by })),
  });
  registerReducer(reviveAs("the first"));
  registerReducer(reviveAs("the second"));
  assertEquals(sent(new Celsius(20)), Object.assign(new Celsius(20), { by: "the first" }));
});

class Account {
  readonly #cents: number;
  constructor(cents: number) {
    this.#cents = cents;
  }
  get cents(): number {
    return this.#cents;
  }
  static of(cents: number): Account {
    return new Account(cents);
  }
}
registerReducer({
  is: Account,
  reduce: ({ cents }) => cents,
  revive: task(import.meta, (cents: number) => new Account(cents)),
});
task(import.meta, Account);

class Savings extends Account {}
class Giro extends Account {}
registerReducer({
  is: Giro,
  reduce: ({ cents }) => cents,
  revive: task(import.meta, (cents: number) => new Giro(cents)),
});

test("a reducer of a class is for its objects alone, and a subclass without one is refused", () => {
  assertEquals(sent(new Account(5)).cents, 5);
  assertEquals(sent([new Giro(5)]).map((it) => [it.cents, it.constructor]), [[5, Giro]]);
  assertThrows(
    () => sent({ it: new Savings(5) }),
    DataCloneError,
    "it: Savings extends Account, whose reducer would not keep the subclass. Say how its objects " +
      "cross, with registerReducer({ is: Savings, reduce, revive })",
  );
});

test("a class with a reducer may be registered before or after it, and its static methods cross", async () => {
  await using pool = new Pool(1);
  const account = await pool.apply(Account.of, [7]);
  assertEquals([account.cents, account.constructor], [7, Account]);
  class Plain {
    constructor(readonly x: number) {}
  }
  registerReducer({
    is: (value) => value instanceof Plain,
    reduce: ({ x }) => x,
    revive: structuredClone as never,
  });
  assertThrows(() => task(import.meta, Plain), TypeError, "Write is: Plain in the reducer");
});

test("a subclass of a class with a reducer is registered once it has its own", () => {
  class Unsaid extends Account {}
  assertThrows(
    () => task(import.meta, Unsaid),
    TypeError,
    "Unsaid extends Account, whose reducer would not keep the subclass. First write registerReducer(",
  );
  assertEquals(task(import.meta, Giro), Giro);
});

// Classes that are built in, or written as functions. The reducers do not touch the objects of others.
const Es5 = function (this: { text: string }, text: string) {
  if (!(this instanceof (Es5 as never))) return new Es5(text);
  (this as { text: string }).text = text;
  return undefined;
} as unknown as new (text: string) => { text: string };
registerReducer({
  is: Es5,
  reduce: ({ text }) => text,
  revive: task(import.meta, (text: string) => new Es5(text)),
});
registerReducer({
  is: Intl.NumberFormat,
  reduce: (format) => format.resolvedOptions().locale,
  revive: task(import.meta, (locale: string) => new Intl.NumberFormat(locale)),
});

test("a reducer may be for a built-in class, or one that is written as a function", () => {
  class Other {
    constructor(readonly x: number) {}
  }
  assertEquals(sent({ it: new Other(1) }).it, { x: 1 } as Other);
  const text = sent(new Es5("a"));
  assertEquals([text.text, text.constructor], ["a", Es5]);
  assertEquals(sent(new Intl.NumberFormat("de")).format(1.5), "1,5");
});

test("registerReducer() refuses a class whose objects cross in a way of their own", () => {
  const revive = task(import.meta, () => new Set());
  for (const is of [Set, class Tags extends Set {}, class Rows extends Array {}, Queue]) {
    assertThrows(
      () => registerReducer({ is: is as typeof Set, reduce: () => 0, revive }),
      TypeError,
      "cross in a way of their own",
    );
  }
});

class Label {
  constructor(readonly text: string) {}
}

test("registerReducer() rejects a revive that would be sent as source, and takes a built-in", () => {
  const is = (value: object) => value instanceof Label;
  const reduce = ({ text }: Label) => text;
  const source = { is, reduce, revive: (text: string) => new Label(text) } as Reducer<
    Label,
    string
  >;
  assertThrows(() => registerReducer(source), TypeError, "revive must be a task");
  registerReducer({ is, reduce, revive: structuredClone } as Reducer<Label, string>);
  assertEquals(sent(new Label("a")) as unknown, "a");
});

class Sealed {
  constructor(readonly parts: unknown) {}
}

/** Not in the test: a reducer is kept for good, with what is around it. */
function registerSealed(): void {
  registerReducer({
    is: (value) => value instanceof Sealed,
    reduce: ({ parts }) => parts,
    revive: task(import.meta, (parts: unknown) => new Sealed(parts)),
  });
}

test("parts that cannot cross are a DataCloneError with the path to the object", async () => {
  registerSealed();
  const message = "Cannot send value[0]: a Promise cannot cross: await it first";
  assertThrows(() => sent([new Sealed(Promise.resolve())]), DataCloneError, message);
  const error = new RangeError("not now");
  const failing = Object.defineProperty(new Sealed(0), "parts", {
    get: () => {
      throw error;
    },
  });
  const queue = new Queue();
  assertStrictEquals(await assertRejects(() => queue.put(failing)), error);
});

test("reducers are not asked about values that have an encoding of their own", () => {
  const asked: object[] = [];
  registerReducer({
    is: (value): value is object => {
      asked.push(value);
      return false;
    },
    reduce: () => 0,
    revive: task(import.meta, () => ({})),
  });
  const values = [{}, [], new Map(), new Date(), new Error("x"), new Point(1, 2), new Queue()];
  values.forEach((value) => sent(value));
  assertEquals(asked, []);
  class Other {}
  const other = new Other();
  sent(other);
  assertEquals(asked, [other]);
});

test("registerReducer() rejects what is not a reducer", () => {
  const revive = task(import.meta, () => ({}));
  const isNone = (_value: object): _value is object => false;
  const good = { is: isNone, reduce: () => 0, revive };
  for (
    const [bad, message] of [
      [undefined, "reducer must be an object with the functions is, reduce and revive, not"],
      [{ ...good, is: Money.name }, "is must be a function, not "],
      [{ ...good, reduce: undefined }, "reduce must be a function, not undefined"],
      [{ ...good, revive: null }, "revive must be a function, not null"],
    ] as const
  ) {
    assertThrows(
      () => registerReducer(bad as unknown as typeof good),
      TypeError,
      `Cannot register reducer: ${message}`,
    );
  }
});

test("registerReducer() rejects a revive that cannot be sent", () => {
  for (const revive of [Money.bind(null), () => ({ url: import.meta.url }), Celsius]) {
    const error = assertThrows(
      () =>
        registerReducer({
          is: (value) => value instanceof Money,
          reduce: () => 0,
          revive: revive as never,
        }),
      TypeError,
      "Cannot register reducer: revive must be a task, not a function that is not registered. " +
        "Write revive: task(import.meta, fn), at the top level of its module",
    );
    assert(error.cause instanceof DataCloneError);
  }
});

class money {
  constructor(readonly cents: number) {}
}
class smallMoney extends money {}
const coin = function (this: { cents: number }, cents: number) {
  this.cents = cents;
} as unknown as { new (cents: number): { cents: number }; prototype: object };
Object.assign(coin.prototype, { isCoin: () => true });

test("a reducer may be for a class of any name, and what only tells objects is no class", () => {
  for (const each of [money, coin]) {
    registerReducer({
      is: each as typeof money,
      reduce: ({ cents }) => cents,
      revive: task(import.meta, (cents: number) => ({ cents, revived: true })) as never,
    });
    assertEquals(sent([new each(5)]) as unknown, [{ cents: 5, revived: true }]);
  }
  assertThrows(() => sent(new smallMoney(5)), DataCloneError, "smallMoney extends money, whose");
  // Functions with a prototype, but neither methods nor the name of a class.
  const asked: object[] = [];
  function isOwn(value: object): value is object {
    asked.push(value);
    return value instanceof Own;
  }
  class Own {}
  registerReducer({ is: isOwn, reduce: () => 0, revive: task(import.meta, () => ({ own: true })) });
  const own = new Own();
  assertEquals([sent(own), asked], [{ own: true }, [own]]);
});

/**
 * The idioms of programs that are written in classes: each works, or its error says what to write.
 *
 * @module
 */
import {
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { DataCloneError, Pool, Process, registerReducer, task } from "@sauropod/multiprocessing";
import { delayed, Parallel } from "@sauropod/multiprocessing/joblib";
import { stopTeam } from "@sauropod/multiprocessing/loops";
import { isRegistered } from "../../lib/codec/task.ts";
import { usesThis } from "../../lib/codec/class_text.ts";
import { storeValue } from "../../lib/codec/message.ts";
import { test } from "../fixtures/guarded.ts";

const OFFSET = 100;

class Job {
  constructor(readonly factor: number) {}
  one(x: number): number {
    return this.factor * x;
  }
  shift(x: number): number {
    return x + OFFSET;
  }
  static shift(x: number): number {
    return x + OFFSET;
  }
  static marked = task(import.meta, (x: number): number => x - OFFSET);
  static *shifts(x: number): Generator<number> {
    yield x + OFFSET;
  }
}
task(import.meta, Job);

test("workers find the static methods of a registered class, and its methods without this", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.map(Job.shift, [1, 2]), [101, 102]);
  assertEquals(await pool.map(Job.marked, [100]), [0]);
  assertEquals(await pool.map(new Job(3).shift, [1]), [101]);
  assertEquals(await pool.apply((f: typeof Job.shift) => f(1), [Job.shift]), 101);
  assertEquals(Array.from(await pool.apply(collected, [1])), [101]);
});
const collected = task(import.meta, (x: number) => [...Job.shifts(x)]);

test("an error names a static method with its class", async () => {
  await using pool = new Pool(1);
  const error = await assertRejects(() => pool.map(Failing.fail, [1]), Error);
  assertEquals(
    /in Failing\.fail\b|of Failing\.fail\b|Failing\.fail/.test(String(error.stack)),
    true,
  );
});
class Failing {
  static fail(_: number): never {
    throw new Error("on purpose");
  }
}
task(import.meta, Failing);

class Late {
  factor = 2;
  later = (x: number): number => this.factor * x;
}

const ways = "Send the object as an argument, for example with starmap(), to " +
  "task(import.meta, (object, item) => object.method(item))";

test("a method that uses this is refused at the call, which says what to write", async () => {
  await using pool = new Pool(1);
  const job = new Job(2);
  const assertRefused = async (call: () => unknown, name: string) => {
    const error = await assertRejects(async () => await call(), DataCloneError, ways);
    assertEquals(error.message.slice(0, name.length + 13), `Cannot send ${name}:`);
  };
  await assertRefused(() => pool.map(job.one, [1]), "fn");
  await assertRefused(() => pool.map(new Late().later, [1]), "fn");
  await assertRefused(() => new Process({ target: job.one, args: [1] }).start(), "target");
  await assertRefused(() => Parallel({ nJobs: 2 })([delayed(job.one)(1)]), "calls[0].fn");
  await stopTeam();
});

test("a bound function is refused at the call, which says what to write", async () => {
  await using pool = new Pool(1);
  const job = new Job(2);
  const call = () => pool.map(job.one.bind(job), [1]);
  const { message } = await assertRejects(call, DataCloneError, "Cannot send fn: a bound function");
  assertEquals(message.includes("with starmap(), to task(import.meta, (bound, item) => …)"), true);
});

const scaled = task(import.meta, (job: Job, x: number) => job.one(x));

test("the object and the item as arguments are what a method needs", async () => {
  await using pool = new Pool(1);
  const job = new Job(2);
  assertEquals(await pool.starmap(scaled, [1, 2].map((x) => [job, x] as const)), [2, 4]);
});

test("a method of an object that is sent may use this", async () => {
  await using pool = new Pool(1);
  const object = {
    factor: 3,
    times(x: number): number {
      return this.factor * x;
    },
  };
  assertEquals(await pool.apply((it: typeof object, x: number) => it.times(x), [object, 2]), 6);
});

test("a function of an object that lacks its module fails with advice", async () => {
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(applied, [{ f: (x: number) => x + OFFSET }]),
    ReferenceError,
    "A function that is sent as source sees nothing outside itself: pass what it needs",
  );
});
const applied = task(import.meta, (it: { f: (x: number) => number }) => it.f(1));

class WithPrivate extends Object {
  #own = 1;
  own(): number {
    return this.#own;
  }
  override toString(): string {
    return super.toString();
  }
  static make(): WithPrivate {
    return new this();
  }
  static override is(value: unknown, other: unknown = NaN): boolean {
    return super.is(value, other);
  }
  static of(it: WithPrivate): boolean {
    return #own in it && it.#own > 0;
  }
}
task(import.meta, WithPrivate);

test("methods that use their object are refused at the call, also if their class is registered", async () => {
  await using pool = new Pool(1);
  await assertRejects(
    () => pool.apply(WithPrivate.prototype.own),
    DataCloneError,
    "Cannot send fn: the method own cannot be sent without its object",
  );
  // A static method may call that of its base, and do without `this`.
  assertEquals(await pool.map(WithPrivate.is, [1, NaN]), [false, true]);
});

for (
  const [what, fn, expected] of [
    ["a method", new Job(1).one, true],
    ["a function", function (this: Job) {
      return this.factor;
    }, true],
    ["an async function", async function named(this: Job) {
      return await this.factor;
    }, true],
    [
      "a method with braces in its parameters",
      {
        m({ x } = { x: 1 }) {
          return [x, this];
        },
      }.m,
      true,
    ],
    ["a default value", function (this: Job, x: unknown = this) {
      return x;
    }, true],
    ["a method with a private member", WithPrivate.prototype.own, true],
    ["a method that calls that of its base", WithPrivate.prototype.toString, false],
    ["a static method", WithPrivate.make, true],
    [
      "a method whose name is a text",
      {
        "with blank"() {
          return this;
        },
      }["with blank"],
      false,
    ],
    ["a method without this", new Job(1).shift, false],
    ["a method with a private member of its argument", WithPrivate.of, false],
    ["the word super in a text", function () {
      return "super.this"; // super.it
    }, false],
    ["the word this in a text", function () {
      return "this is it"; // this
    }, false],
    ["a nested function with this", function () {
      return function (this: unknown) {
        return this;
      };
    }, false],
    [
      "a class",
      class {
        x = this;
      },
      false,
    ],
  ] as [string, () => unknown, boolean][]
) {
  test(`${what} ${expected ? "uses" : "does not use"} the this of a call`, () => {
    assertEquals(usesThis(fn), expected);
  });
}

class Model {
  #weight: number;
  constructor(weight: number) {
    this.#weight = weight;
  }
  predict(x: number): number {
    return this.#weight * x;
  }
  static weightOf(model: Model): number {
    return model.#weight;
  }
}
task(import.meta, Model);
class Loud extends Model {}
task(import.meta, Loud);
class Shy {
  #hidden() {
    return 1;
  }
  get shown(): number {
    return this.#hidden();
  }
}
task(import.meta, Shy);

test("an instance with private members is refused at the call, which names registerReducer", () => {
  for (
    const [value, name] of [[new Model(1), "Model"], [new Loud(1), "Loud"], [new Shy(), "Shy"]]
  ) {
    assertThrows(
      () => storeValue([{ it: value }], "args"),
      DataCloneError,
      `Cannot send args[0].it: the private members of class ${name} do not cross. Say what does, ` +
        `with registerReducer({ is: ${name}, reduce, revive })`,
    );
  }
});

class Reduced {
  #weight = 0;
  static of(weight: number): Reduced {
    const made = new Reduced();
    made.#weight = weight;
    return made;
  }
  static weightOf(reduced: Reduced): number {
    return reduced.#weight;
  }
}
task(import.meta, Reduced);
registerReducer({
  is: (value) => value instanceof Reduced,
  reduce: Reduced.weightOf,
  revive: Reduced.of,
});

test("an instance with private members crosses by a reducer, although its class is registered", async () => {
  await using pool = new Pool(1);
  assertEquals(await pool.apply(Reduced.weightOf, [Reduced.of(7)]), 7);
});

class Counted {
  static #made = 0;
  static count(): number {
    return ++Counted.#made;
  }
  text = "#made is not #text, nor is it #private"; // #comment
  inner = class {
    #private = 1;
    get it(): number {
      return this.#private;
    }
  };
}
class Failure extends Error {
  #code = 1;
  get code(): number {
    return this.#code;
  }
}
class Work extends Process {
  x = 1;
}

test("only private members of instances keep a class from crossing", () => {
  for (const classOf of [Counted, Failure, Work]) {
    task(import.meta, classOf);
    assertEquals(isRegistered(classOf), true, classOf.name);
  }
});

test("an object that lost its private members fails with advice", async () => {
  class Hidden extends Map<string, number> {
    #x = 1;
    get x(): number {
      return this.#x;
    }
  }
  await using pool = new Pool(1);
  const read = (make: string) => {
    const classOf = (0, eval)(make);
    return Object.create(classOf.prototype).x;
  };
  await assertRejects(
    () => pool.apply(read, [`(${Hidden})`]),
    TypeError,
    "The private members of an object do not cross: say what does, with registerReducer()",
  );
});

class Unregistered {
  side = 2;
  area(): number {
    return this.side ** 2;
  }
}

test("a method that an object of an unregistered class lacks is explained", async () => {
  await using pool = new Pool(1);
  const area = (shape: Unregistered) => shape.area();
  const hint =
    "shape.area is not a function. If it is an object that was sent: one of a class that is " +
    "not registered arrives without its methods. Write task(import.meta, Class)";
  const shape = new Unregistered();
  await assertRejects(() => pool.apply(area, [shape]), TypeError, hint);
  await assertRejects(() => pool.map(area, [shape]), TypeError, hint);
  const nested = (shapes: { of: Unregistered[] }) => shapes.of[0].area();
  await assertRejects(() => pool.apply(nested, [{ of: [shape] }]), TypeError, "Class)");
  const process = new Process({ target: area, args: [shape] });
  process.start();
  await process.join();
  assertInstanceOf(process.error, TypeError);
  assertStringIncludes(process.error.message, hint);
  const other = (n: number) => (n as unknown as Unregistered).area();
  const { message } = await assertRejects(() => pool.apply(other, [5]), TypeError);
  assertEquals(message, "n.area is not a function");
});

import { assert, assertEquals, assertMatch, assertNotEquals, assertThrows } from "@std/assert";
import { firstDraw, generator, separateRandom } from "../../lib/runtime/seeded_random.ts";

const { random } = Math;
const { getRandomValues } = crypto;

/** Calls a function with the random numbers that a worker with this number has in a seeded program. */
function asWorker<T>(pid: number, call: () => T): T {
  separateRandom(firstDraw(), pid);
  try {
    return call();
  } finally {
    Math.random = random;
    Reflect.deleteProperty(crypto, "getRandomValues");
    Reflect.deleteProperty(crypto, "randomUUID");
  }
}

/** Draws random numbers in all ways. */
function draw() {
  return {
    random: Array.from({ length: 100 }, () => Math.random()),
    words: [...crypto.getRandomValues(new Uint32Array(100))],
    uuid: crypto.randomUUID(),
  };
}

Deno.test("separateRandom() leaves the random numbers alone if the program has no seed", () => {
  const [a, b] = firstDraw();
  for (const other of [[a + 1, b], [a, b + 1], [a + 1, b + 1]]) {
    separateRandom(other, 2);
    assertEquals([Math.random, crypto.getRandomValues], [random, getRandomValues]);
  }
});

Deno.test("separateRandom() gives each worker of a seeded program its own numbers, the same each time", () => {
  const [two, again, three] = [2, 2, 3].map((pid) => asWorker(pid, draw));
  assertEquals(two, again);
  for (const how of ["random", "words", "uuid"] as const) assertNotEquals(two[how], three[how]);
  assert(two.random.every((x) => x >= 0 && x < 1));
  const mean = two.random.reduce((sum, x) => sum + x / 100, 0);
  assert(mean > 0.2 && mean < 0.8, `${mean}`); // seven standard deviations
  assertEquals(new Set(two.words).size, 100);
});

Deno.test("crypto in a worker of a seeded program fills the array that it is given, and no more", () => {
  asWorker(2, () => {
    const bytes = new Uint8Array(64);
    assertEquals(crypto.getRandomValues(bytes.subarray(16, 48)).length, 32);
    assert(bytes.subarray(16, 48).some((byte) => byte !== 0));
    for (const rest of [bytes.subarray(0, 16), bytes.subarray(48)]) {
      assert(rest.every((byte) => byte === 0));
    }
    assertThrows(() => crypto.getRandomValues(new Float64Array(1) as never), DOMException);
    assertThrows(() => crypto.getRandomValues(new Uint8Array(65537)), DOMException);
  });
});

Deno.test("crypto.randomUUID() in a worker of a seeded program is a random UUID of version 4", () => {
  asWorker(2, () => {
    for (let count = 0; count < 100; count++) {
      assertMatch(
        crypto.randomUUID(),
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
      );
    }
  });
});

Deno.test("crypto in a worker of a seeded program can be replaced, as elsewhere", () => {
  asWorker(2, () => {
    for (const name of ["getRandomValues", "randomUUID"] as const) {
      const fake = () => "fake" as never;
      crypto[name] = fake;
      assertEquals(crypto[name], fake);
      assert(Reflect.deleteProperty(crypto, name));
      assertNotEquals(crypto[name], fake);
    }
  });
});

Deno.test("generator() is sfc32, as it is published", () => {
  const words = Uint32Array.of(0, 0x12345678, 0x9abcdef0, 1);
  /** Chris Doty-Humphrey's sfc32, word by word. */
  const reference = () => {
    const sum = Uint32Array.of(words[0] + words[1] + words[3])[0];
    words[3]++;
    words[0] = words[1] ^ words[1] >>> 9;
    words[1] = words[2] + (words[2] << 3);
    words[2] = (words[2] << 21 | words[2] >>> 11) + sum;
    return sum;
  };
  for (let round = 0; round < 15; round++) reference();
  const next = generator(0x12345678, 0x9abcdef0);
  for (let count = 0; count < 100; count++) assertEquals(next() >>> 0, reference());
});

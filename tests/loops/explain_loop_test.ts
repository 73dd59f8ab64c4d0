import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  explainLoop,
  type LoopExplanation,
  parallelFor,
  prange,
} from "@sauropod/multiprocessing/loops";
import { fromArray, type NdArray, zeros } from "@sauropod/multiprocessing/ndarray";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { loopTest, shared } from "./loops.ts";

const context = {
  a: sharedArray("float64", 20_000),
  out: sharedArray("float64", 20_000),
  foreign: shared(20_000),
  n: 100,
};
const many = 10_000_000;

function assertReason(explanation: LoopExplanation, reason: RegExp): void {
  assertMatch(String(explanation), reason);
  assertEquals(explanation.isVectorized, false);
}

loopTest("explainLoop() names the loop that vectors compute", () => {
  const integral = explainLoop(many, (i, { n }) => i * n, { context, combine: "+" });
  assert(integral.isVectorized);
  assertMatch(String(integral), /vectors compute the body for several indices at once/);
  assertMatch(String(integral), /Each lane of the vectors has a part of the result/);
  const rows = explainLoop(100, (i, { a, out, n }) => {
    let sum = 0;
    for (let k = 0; k < n; k++) sum += a[i * n + k];
    out[i] = sum;
  }, { context });
  assert(rows.isVectorized);
  assertMatch(String(rows), /several turns of the loop over `k` in line \d of the body/);
  assertMatch(String(rows), /a part of `sum`/);
});

loopTest("explainLoop() names what takes time", () => {
  const columns = explainLoop(100, (i, { a, out, n }) => {
    out[i] = Math.exp(a[i * n]) + a[i * n + 1] * a[i] - Math.sqrt(a[i + 1]);
  }, { context });
  assertMatch(String(columns), /not next to each other in memory .*: 2 accesses/);
  assertMatch(String(columns), /Math\.exp: computed one by one/);
  const steps = explainLoop(many, (i) => {
    let steps = 0;
    while (steps < 100 && steps * steps < i) steps++;
    return steps;
  }, { combine: "max" });
  assertMatch(String(steps), /A loop within goes on until all lanes have left it/);
});

loopTest("explainLoop() says who runs the loop", () => {
  const body = (i: number) => i * 0.5;
  const of = (options: object, n = many) =>
    String(explainLoop(n, body, { combine: "+", ...options }));
  assertMatch(of({ numThreads: 3, chunkSize: 1000 }), /3 isolates run it, in chunks of 1000/);
  assertMatch(of({ numThreads: 2, schedule: "guided" }), /2 isolates .* that become smaller/);
  assertMatch(of({ numThreads: 1 }), /The caller runs it alone/);
  assertMatch(of({}, 1000), /over before a worker would wake/);
});

loopTest("explainLoop() says what stands in the way", () => {
  const options = { context };
  assertReason(
    explainLoop(many, (i) => {
      console.log(i);
    }),
    /the body calls `console\.log`, in its line 2, column \d/,
  );
  assertReason(
    explainLoop(many, (i, { foreign }) => {
      foreign[i] = i;
    }, options),
    /`foreign` is not on memory of WebAssembly: make it with sharedArray\(\)/,
  );
  assertReason(
    explainLoop(many, (i, { out }) => {
      out[0] = i;
    }, options),
    /`out\[…\]` is written at the same index in each turn/,
  );
  assertReason(
    explainLoop(many, (i, { a, out }) => {
      out[a[i]] = i;
    }, options),
    /not known that `out\[…\]` is written at another index/,
  );
  assertReason(
    explainLoop(many, (i) => `${i}`, { combine: (a: string, b: string) => a + b, identity: "" }),
    /values are combined that are not numbers/,
  );
  assertReason(
    explainLoop(3, (i, { out }) => {
      out[i] = i;
    }, options),
    /fewer than 16 turns/,
  );
  assertReason(explainLoop(2 ** 33, () => {}), /do not fit in 32 bits/);
});

loopTest("explainLoop() refuses what the loop would refuse", () => {
  assertThrows(
    () => explainLoop(5, () => {}, { chunkSize: 0 }),
    RangeError,
    "chunkSize must be an integer of at least 1",
  );
  assertThrows(() => explainLoop(prange(3), "body" as never), TypeError, "body must be");
});

loopTest("loops over ndarrays have kernels, whatever the strides", async () => {
  const image = fromArray(Float64Array.from({ length: 600 }, (_, at) => at), [20, 30]);
  const views = [image, image.transpose(1, 0), image.step(1, -1), image.lo(2, 3).hi(16, 20)];
  for (const view of views) {
    const sums = zeros([view.shape[0]]);
    const body = (i: number, { view, sums }: { view: NdArray; sums: NdArray }) => {
      let sum = 0;
      for (let k = 0; k < view.shape[1]; k++) sum += view.get(i, k);
      sums.set(i, sum);
    };
    const options = { context: { view, sums } };
    assert(explainLoop(view.shape[0], body, options).isVectorized);
    await parallelFor(view.shape[0], body, { ...options, numThreads: 2 });
    const expected = zeros([view.shape[0]]);
    for (let i = 0; i < view.shape[0]; i++) body(i, { view, sums: expected });
    assertEquals([...sums.data], [...expected.data]); // integers: the order does not matter
  }
});

import { parallelFor, parallelForSync, parallelReduce, parallelReduceSync, prange, setNumThreads } from "@sauropod/multiprocessing";
const roots = new Float64Array(new SharedArrayBuffer(8 * 1000));
await parallelFor(1000, (i, { roots }) => { roots[i] = Math.sqrt(i); }, { context: { roots } });
console.log(roots[81], roots[999]);
parallelForSync(prange(999, -1, -1), (i, { roots }) => { roots[i] = i * 2; }, { context: { roots } });
console.log(roots[81], roots[999]);
const N = 1e8, dx = 2 / N;
for (let r = 0; r < 5; r++) {
  let t = performance.now(); let s = 0; for (let i = 0; i < N; i++) { const x = i * dx; s += x * x - x; } const serial = performance.now() - t;
  t = performance.now(); const a = await parallelReduce(N, (i, { dx }) => { const x = i * dx; return x * x - x; }, { combine: "+", context: { dx } }); const par = performance.now() - t;
  t = performance.now(); const b = parallelReduceSync(N, (i, { dx }) => { const x = i * dx; return x * x - x; }, { combine: "+", context: { dx } }); const parS = performance.now() - t;
  t = performance.now(); const c = await parallelReduce(N, (i, { dx }) => { const x = i * dx; return x * x - x; }, { combine: "+", context: { dx }, numThreads: 1 }); const one = performance.now() - t;
  console.log(serial.toFixed(1), par.toFixed(1), parS.toFixed(1), "one", one.toFixed(1), s * dx, a * dx, b * dx, c * dx);
}
for (const bad of [() => parallelFor(10, (i) => { (roots as any)[i] = 1; }), () => parallelFor(prange(0, 1, 0), () => {}), () => parallelFor(5, (i, { a }) => { a[i] = 1; }, { context: { a: new Float64Array(5) } }), () => parallelFor(1000, (i) => { if (i === 777) throw new RangeError("bad"); }),
 () => parallelReduce(10, (i) => i, { combine: "+", identity: NaN }), () => parallelFor(10, (i, c) => { (c as any).n = i; }, { context: { n: 0 } }), () => parallelFor(10, async () => {}), () => parallelFor(10, () => {}, { chunkSize: 0 }), () => parallelFor(10, () => {}, { context: { f: { g: Symbol() } } as any })]) {
  try { await bad(); console.log("no error"); } catch (e) { console.log((e as Error).name + ": " + (e as Error).message); if ((e as Error).message === "bad") console.log((e as Error).stack); }
}
for (const n of [1, 2, 3, 4]) console.log(n, await parallelReduce(1000003, (i) => 1 / (i + 1), { combine: "+", deterministic: true, numThreads: n }));

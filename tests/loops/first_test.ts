import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing/loops", {
  "mp.parallelForSync(mp.prange(2), () => {}, { numThreads: 1 })": null,
  'mp.parallelReduce(mp.prange(4), (x) => x, { combine: "+", numThreads: 1 })': 6,
});

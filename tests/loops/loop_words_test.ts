import { parallelFor, parallelReduce, prange } from "@sauropod/multiprocessing/loops";
import { turn } from "../fixtures/guarded.ts";
import { settledUse } from "../fixtures/heap.ts";
import { loopTest } from "./loops.ts";

loopTest(
  "loops free their control words when all have left them, although their team lives",
  async () => {
    const loops = async () => {
      for (let times = 0; times < 10; times++) {
        await parallelFor(prange(100), () => {}, { numThreads: 2 });
        await parallelReduce(prange(100), (x) => x, { combine: "+", numThreads: 2 });
      }
    };
    await loops();
    const before = await settledUse();
    await loops();
    while (await settledUse() > before) await turn(); // a participant may come late
  },
);

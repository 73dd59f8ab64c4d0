import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing", {
  "mp.currentProcess().pid": 1,
  "new mp.Process().name": "Process-1",
  "mp.activeChildren()": [],
});

import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing", {
  "mp.sleepSync(1)": null,
  "mp.sleep(1)": null,
  "new mp.Lock().locked()": false,
});

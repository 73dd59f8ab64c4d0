import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing", {
  "mp.getLogger().level": 0,
  '(mp.getLogger().setLevel("INFO"), mp.getLogger().level)': 20,
  'mp.logToStderr("ERROR").effectiveLevel': 40,
  "mp.tagOutput()": null,
});

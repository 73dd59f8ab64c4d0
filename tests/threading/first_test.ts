import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing/threading", {
  "mp.getNativeId()": 1,
  "mp.currentThread().name": "MainThread",
  "(new mp.Thread({ target: resolve, args: [5] }).start(), promise)": 5,
  "(new mp.Timer(1, () => resolve(6)).start(), promise)": 6,
});

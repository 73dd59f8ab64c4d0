import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing", {
  "mp.constant([1, 2])": [1, 2],
  'thrown(() => new mp.SharedMemory({ name: "none" }))': "NotFound",
  'new mp.SharedMemory({ name: "new", create: true, size: 8 }).name': "new",
  'new mp.Value("i", 5).value': 5,
});

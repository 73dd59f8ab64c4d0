import { testFirst } from "../fixtures/first.ts";

testFirst("@sauropod/multiprocessing", {
  'thrown(() => mp.Client("none"))': "ConnectionRefused",
  'new mp.Listener("here").name': "here",
  "new mp.Queue().size()": 0,
  "mp.waitAny([])": [],
});

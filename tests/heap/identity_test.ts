import { assertEquals } from "@std/assert";
import { adoptIdentity, currentIdentity, nameOf } from "../../lib/heap/identity.ts";
import {
  adoptIsolate,
  createIsolateRecord,
  ensureIsolate,
  freeIsolateRecord,
  thisIsolate,
} from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

test("currentIdentity() of the main isolate is that of a program without parent", () => {
  assertEquals(currentIdentity(), {
    name: "MainProcess",
    daemon: false,
    parent: 0,
    parentName: "",
    depth: 0,
  });
});

test("nameOf() returns the name that an isolate has adopted, shortened; the main isolate has its own", () => {
  const main = thisIsolate;
  const before = currentIdentity();
  const record = createIsolateRecord(main);
  adoptIsolate(i32.buffer, record);
  for (const name of ["reader", "größer", "n".repeat(100)]) {
    adoptIdentity({ ...before, name, parent: main, parentName: "MainProcess", depth: 1 });
    assertEquals(currentIdentity().name, name);
    assertEquals(nameOf(record), name.slice(0, 60));
    assertEquals(nameOf(main), "MainProcess");
  }
  adoptIdentity(before);
  adoptIsolate(i32.buffer, main);
  freeIsolateRecord(record);
});

import { assert, assertEquals } from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  type Definition,
  definitionAt,
  exportedNameAt,
  isDefinition,
  storeDefinition,
  storeExportedName,
} from "../../lib/codec/definition.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";
import { test } from "../fixtures/guarded.ts";
import { usedBytes, useUpHeadroom } from "../fixtures/heap.ts";

ensureIsolate();

/** Word of a definition with the address of its exported name. */
const EXPORTED_AS = 2;

let count = 0;

/** A definition that was not stored before. */
function fresh(): Definition {
  return { kind: "global", name: `définition ${++count}` };
}

test("a definition is stored once for its text, and read by its address", () => {
  const definition = fresh();
  const address = storeDefinition(definition);
  assertEquals(definitionAt(address), definition);
  assertEquals(storeDefinition({ ...definition }), address);
  const other = fresh();
  assert(storeDefinition(other) !== address);
  assertEquals(definitionAt(address), definition);
});

test("isDefinition() says where a definition begins", () => {
  const address = storeDefinition(fresh());
  assert(isDefinition(address));
  for (const at of [address - 1, address + 1, 0, -address, i32.length, i32.length + address]) {
    assert(!isDefinition(at), `${at}`);
  }
});

test("the first name under which a function is exported stays", () => {
  const address = storeDefinition(fresh());
  assertEquals(exportedNameAt(address), undefined);
  storeExportedName(address, "première");
  const before = usedBytes();
  storeExportedName(address, "second");
  assertEquals([exportedNameAt(address), usedBytes()], ["première", before]);
});

test("a name that another isolate stores at the same time stays, and this one is freed", () => {
  const address = storeDefinition(fresh());
  const { compareExchange } = Atomics;
  let before = 0;
  {
    using _ = stub(
      Atomics,
      "compareExchange",
      ((...args: Parameters<typeof compareExchange>) => {
        if (before === 0 && args[1] === address + EXPORTED_AS) {
          before = usedBytes();
          storeExportedName(address, "theirs");
        }
        return compareExchange(...args);
      }) as never,
    );
    storeExportedName(address, "mine, which is much longer than theirs is");
  }
  assertEquals(exportedNameAt(address), "theirs");
  assert(usedBytes() < before);
});

test("a name for which there is no room is not stored", () => {
  const address = storeDefinition(fresh());
  {
    using _ = useUpHeadroom(32);
    storeExportedName(address, "name");
  }
  assertEquals(exportedNameAt(address), undefined);
  storeExportedName(address, "name");
  assertEquals(exportedNameAt(address), "name");
});

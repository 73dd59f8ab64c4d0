import { assertEquals, assertThrows } from "@std/assert";
import { hooks, installHooks, resetHooks } from "../../lib/heap/hooks.ts";

/** Removes the hooks of this isolate until the end of a test. */
function withoutHooks(): Disposable {
  const before = Object.fromEntries(Object.entries(hooks).filter(([, hook]) => hook !== undefined));
  resetHooks();
  return {
    [Symbol.dispose]() {
      resetHooks();
      installHooks(before);
    },
  };
}

Deno.test("installHooks() throws and installs none when one of the hooks is installed already", () => {
  using _ = withoutHooks();
  const hasPeers = () => true;
  installHooks({ hasPeers });
  assertThrows(
    () => installHooks({ beforeBlock() {}, hasPeers: () => false }),
    Error,
    "Cannot install hook hasPeers: it is installed already",
  );
  assertEquals(hooks.hasPeers, hasPeers);
  assertEquals(hooks.beforeBlock, undefined);
});

Deno.test("resetHooks() removes all hooks", () => {
  using _ = withoutHooks();
  installHooks({ onStop() {} });
  resetHooks();
  assertEquals(Object.values(hooks).filter((hook) => hook !== undefined), []);
  installHooks({ onStop() {} });
});

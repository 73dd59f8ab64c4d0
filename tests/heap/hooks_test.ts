import { assertEquals, assertThrows } from "@std/assert";
import { hooks, installHooks, resetHooks } from "../../lib/heap/hooks.ts";

/** Restores the hooks of this isolate at the end of a test. */
function saved(): Disposable {
  const before = Object.fromEntries(Object.entries(hooks).filter(([, hook]) => hook !== undefined));
  resetHooks();
  return {
    [Symbol.dispose]() {
      resetHooks();
      installHooks(before);
    },
  };
}

Deno.test("installHooks() throws when a hook is installed already, and installs none then", () => {
  using _ = saved();
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
  using _ = saved();
  installHooks({ onStop() {} });
  resetHooks();
  assertEquals(Object.values(hooks).filter((hook) => hook !== undefined), []);
  installHooks({ onStop() {} });
});

import { assertEquals } from "@std/assert";
import { installHooks, resetHooks } from "../../lib/heap/hooks.ts";
import { DebugLevel, debugLog } from "../../lib/runtime/debug_log.ts";

Deno.test("debugLog() passes messages to the logger, if there is one", () => {
  const messages: unknown[] = [];
  debugLog(DebugLevel.INFO, "dropped");
  installHooks({ debugLog: (level, message) => messages.push([level, message]) });
  try {
    debugLog(DebugLevel.DEBUG, "first");
    debugLog(DebugLevel.INFO, "second");
  } finally {
    resetHooks();
  }
  debugLog(DebugLevel.INFO, "dropped");
  assertEquals(messages, [[10, "first"], [20, "second"]]);
});

import { assertThrows } from "@std/assert";
import { checkDenoVersion, OLDEST_DENO } from "../../lib/runtime/deno_version.ts";
import { test } from "../fixtures/guarded.ts";

test("checkDenoVersion() accepts the oldest version and later ones", () => {
  for (const version of [OLDEST_DENO, "2.7.10", "2.9.6", "3.0.0", "10.0.0", "2.9.7-rc.1+abc"]) {
    checkDenoVersion(version);
  }
});

test("checkDenoVersion() refuses older versions, and names the one that is needed", () => {
  for (const version of ["1.46.3", "2.2.0", "2.6.10", "2.7.5", "2.7.5+abc"]) {
    assertThrows(
      () => checkDenoVersion(version),
      Error,
      `it needs Deno ${OLDEST_DENO} or later, and this is Deno ${version}. Run: deno upgrade`,
    );
  }
  assertThrows(() => checkDenoVersion(undefined), Error, "and this is not Deno");
});

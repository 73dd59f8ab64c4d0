import { assertEquals, assertThrows } from "@std/assert";
import { type ClusterOptions, settingsOf } from "../../lib/cluster/cluster.ts";

const settings = (options: ClusterOptions) => settingsOf("make cluster", options);

Deno.test("settingsOf() has the defaults of a cluster on this machine", () => {
  assertEquals(settings({}), {
    servers: ["127.0.0.1:4222"],
    name: "default",
    authKey: undefined,
    leaseMs: 10_000,
    keepMs: 604_800_000,
    maxBytes: 2 ** 30,
    connection: {},
  });
});

Deno.test("settingsOf() needs no authKey for servers of this machine, and for others it does", () => {
  const local = ["localhost", "[::1]", "127.0.0.1", "127.10.20.30"];
  const own = local.flatMap((host) => [host, `${host}:4222`, `nats://${host}:1`, `tls://${host}`]);
  for (const server of own) {
    assertEquals(settings({ servers: server }).servers, [server]);
    assertEquals(settings({ servers: [server, "localhost"] }).servers, [server, "localhost"]);
  }
  for (const server of ["queue", "127.0.0.1.example.org", "127.0.0", "10.0.0.1:4222", "::1"]) {
    for (const servers of [server, ["localhost", server], [server, "localhost"]]) {
      assertThrows(() => settings({ servers }), TypeError, "there is no authKey");
      assertEquals(settings({ servers, authKey: "k" }).authKey, new Uint8Array([107]));
    }
  }
});

Deno.test("settingsOf() copies a key of bytes", () => {
  const authKey = new Uint8Array([1, 2]);
  const { authKey: copied } = settings({ authKey });
  authKey.fill(0);
  assertEquals(copied, new Uint8Array([1, 2]));
});

Deno.test("settingsOf() takes names of letters, digits and hyphens", () => {
  for (const name of ["a", "A-9", "x".repeat(64)]) assertEquals(settings({ name }).name, name);
  for (const name of ["", "a.b", "a b", "a_b", "é", "x".repeat(65)]) {
    assertThrows(() => settings({ name }), RangeError, `letters, digits and "-", not `);
  }
});

const refused: [options: object, error: typeof TypeError | typeof RangeError, message: string][] = [
  [{ servers: [] }, TypeError, "servers"],
  [{ servers: ["localhost", 1] }, TypeError, "servers"],
  [{ servers: 4222 }, TypeError, "servers"],
  [{ servers: null }, TypeError, "servers"],
  [{ name: 1 }, TypeError, "name"],
  [{ authKey: 1 }, TypeError, "authKey"],
  [{ authKey: "" }, RangeError, "authKey is empty"],
  [{ authKey: new Uint8Array() }, RangeError, "authKey is empty"],
  [{ leaseMs: 0 }, RangeError, "leaseMs"],
  [{ keepMs: NaN }, RangeError, "keepMs"],
  [{ maxBytes: 0 }, RangeError, "maxBytes"],
  [{ maxBytes: "1" }, TypeError, "maxBytes"],
  [{ leaze: 1 }, TypeError, "leaze"],
];
for (const [options, error, message] of refused) {
  Deno.test(`settingsOf() refuses ${Deno.inspect(options)}`, () => {
    assertThrows(() => settings(options), error, message);
  });
}

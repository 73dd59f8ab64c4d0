/**
 * Errors of sockets that the client of NATS has done with.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { EventEmitter } from "node:events";
import "../../lib/cluster/late_errors.ts";
import { NodeTransport } from "../../lib/cluster/nats.ts";

Deno.test("an error of a socket whose listeners the client has removed is nobody's", () => {
  const socket = new EventEmitter();
  const transport = Object.create(NodeTransport.prototype) as NodeTransport;
  Object.assign(transport, { socket });
  transport.setupHandlers();
  const names = socket.eventNames().filter((name) => name !== "error");
  assertEquals(names.length > 0, true); // those of the client
  socket.removeAllListeners();
  assertEquals(socket.eventNames(), ["error"]);
  socket.emit("error", new Error("ECONNRESET"));
  assertThrows(() => new EventEmitter().emit("error", new Error("unheard")), Error, "unheard");
});

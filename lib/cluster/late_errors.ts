/**
 * Handles errors of sockets that the client of NATS has done with.
 *
 * The client removes all listeners of a socket before it destroys it. Deno tells errors of a socket, such as
 * ECONNRESET, after that too, and an error that has no listener ends the program. A server that refuses a client
 * causes one at nearly each attempt.
 *
 * @module
 */

import { NodeTransport } from "./nats.ts";

const { setupHandlers } = NodeTransport.prototype;

NodeTransport.prototype.setupHandlers = function () {
  setupHandlers.call(this);
  const socket = this.socket!;
  const remove = socket.removeAllListeners.bind(socket);
  socket.removeAllListeners = (...events) => {
    remove(...events); // of undefined it would remove none
    return socket.on("error", () => {}); // it is closed, which the client has been told
  };
};

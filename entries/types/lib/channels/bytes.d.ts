// The declarations of lib/channels/bytes.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

/** Options of `Connection.sendBytes`. */
export interface SendBytesOptions {
  /**
   * Where to begin, in bytes.
   *
   * @default {0}
   */
  offset?: number;
  /**
   * How many bytes to send.
   *
   * @default {all from `offset` on}
   */
  size?: number;
}

/** Options of `Connection.recvBytes`. */
export interface RecvBytesOptions extends WaitOptions {
  /**
   * Most bytes to accept.
   *
   * @default {Infinity}
   */
  maxLength?: number;
}

/** Options of `Connection.recvBytesInto`. */
export interface RecvBytesIntoOptions extends WaitOptions {
  /**
   * Where in the buffer the message goes, in bytes.
   *
   * @default {0}
   */
  offset?: number;
}

export {};

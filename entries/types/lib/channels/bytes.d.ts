// The declarations of lib/channels/bytes.ts

import type { WaitOptions } from "../arguments/wait_options.d.ts";

/** Options of `Connection.sendBytes`. */
export interface SendBytesOptions {
  /**
   * First byte to send.
   *
   * @default {0}
   */
  offset?: number | undefined;
  /**
   * Number of bytes to send.
   *
   * @default {all from `offset` on}
   */
  size?: number | undefined;
}

/** Options of `Connection.recvBytes`. */
export interface RecvBytesOptions extends WaitOptions {
  /**
   * Maximum number of bytes to accept.
   *
   * @default {Infinity}
   */
  maxLength?: number | undefined;
}

/** Options of `Connection.recvBytesInto`. */
export interface RecvBytesIntoOptions extends WaitOptions {
  /**
   * Where in the buffer the message is written, in bytes.
   *
   * @default {0}
   */
  offset?: number | undefined;
}

export {};

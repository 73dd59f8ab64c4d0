// The declarations of lib/channels/pipe.ts

import type { Connection } from "./connection.d.ts";

/** Options of {@linkcode Pipe}. */
export interface PipeOptions {
  /**
   * Whether both ends send and receive. Otherwise the first only receives and the second only sends.
   *
   * @default {true}
   */
  duplex?: boolean | undefined;
}

/**
 * Creates a pipe and returns its two ends.
 *
 * Follows Python's `multiprocessing.Pipe`.
 *
 * @typeParam There the type of the messages from the first end to the second
 * @typeParam Back the type of the messages from the second end to the first
 * @throws {TypeError} if `options` is not an object or has an unknown option, or `duplex` is not a
 * boolean
 *
 * @example There and back
 * ```ts
 * import { Pipe } from "@sauropod/multiprocessing";
 * import { assertEquals, assertRejects } from "@std/assert";
 * import { EOFError } from "@sauropod/multiprocessing";
 *
 * const [here, there] = Pipe<string, number>();
 * await here.send("ping");
 * await there.send((await there.recv()).length);
 * assertEquals(await here.recv(), 4);
 * there.close();
 * await assertRejects(() => here.recv(), EOFError);
 * ```
 */
export declare function Pipe<There = unknown, Back = There>(
  options?: PipeOptions,
): [Connection<There, Back>, Connection<Back, There>];

export {};

// The declarations of lib/channels/pipe.ts

import type { Connection } from "./connection.d.ts";

/** Options of {@linkcode Pipe}. */
export interface PipeOptions {
  /**
   * Whether both ends send and receive; otherwise the first only receives and the second only sends.
   *
   * @default {true}
   */
  duplex?: boolean;
}

/**
 * Makes a pipe and returns its two ends.
 *
 * @typeParam There what the first end sends, and the second receives
 * @typeParam Back what the second end sends, and the first receives
 * @throws {TypeError} if `options` is no object, `duplex` no boolean, or there is no such option
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

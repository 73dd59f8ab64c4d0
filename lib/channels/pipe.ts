/**
 * Two connected ends that send each other messages: a channel each way.
 *
 * @module
 */

import { checkOptions, type OptionNames } from "../arguments/options.ts";
import { wrongType } from "../arguments/values.ts";
import { addRef, createObject, defineType, dropRef } from "../objects/shared_object.ts";
import { destroyChannel } from "./channel.ts";
import { CHANNEL_WORDS } from "./channel_state.ts";
import { type Connection, createConnection, linkEnds, Mode, PIPE_CHANNELS } from "./connection.ts";

/** The number of this type among shared objects. */
const TYPE = 6;

const PIPE_WORDS = PIPE_CHANNELS + 2 * CHANNEL_WORDS;

/** Options of {@linkcode Pipe}. */
export interface PipeOptions {
  /**
   * Whether both ends send and receive. Otherwise the first only receives and the second only sends.
   *
   * @default {true}
   */
  duplex?: boolean | undefined;
}

const optionNames: OptionNames<PipeOptions> = { duplex: "boolean" };

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
export function Pipe<There = unknown, Back = There>(
  options: PipeOptions = {},
): [Connection<There, Back>, Connection<Back, There>] {
  if (typeof options === "boolean") {
    const advice = `Write Pipe({ duplex: ${options} })`;
    throw wrongType("make pipe", "options", "an object", options, advice);
  }
  checkOptions("make pipe", options, optionNames);
  const { duplex = true } = options;
  const pipe = createObject(TYPE, PIPE_WORDS); // all words are 0: the channels have no limit
  const both = Mode.READABLE | Mode.WRITABLE;
  addRef(pipe); // it is freed if there is no room for its ends
  try {
    const first = createConnection(pipe, 0, duplex ? both : Mode.READABLE);
    const second = createConnection(pipe, 1, duplex ? both : Mode.WRITABLE);
    linkEnds(first, second);
    return [first, second] as [Connection<There, Back>, Connection<Back, There>];
  } finally {
    dropRef(pipe);
  }
}

defineType(TYPE, "pipe", {
  revive() {
    throw new Error("Cannot make a handle of a pipe: only its ends have handles");
  },
  destroy(pipe) {
    destroyChannel(pipe + PIPE_CHANNELS);
    destroyChannel(pipe + PIPE_CHANNELS + CHANNEL_WORDS);
  },
});

/**
 * How the program of a node ends when it cannot go on.
 *
 * @module
 */

import { messageOf } from "../arguments/describe.ts";

/** Waits for a node. Its error is said in one line, without the stack, and the exit code is 1. */
export async function endOf(running: Promise<void>): Promise<void> {
  try {
    await running;
  } catch (error) {
    console.error(messageOf(error));
    Deno.exit(1);
  }
}

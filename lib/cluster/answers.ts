/**
 * Requests to the servers of a cluster, which may be restarted, or cut off, while they are asked.
 *
 * @module
 */

import { errors, JetStreamApiError, JetStreamError, type NatsConnection } from "./nats.ts";

/** How long is waited before a server is asked again, in milliseconds. */
const PAUSE_MS = 100;

/**
 * Asks until a server answers.
 *
 * @param ask what may be asked twice
 * @throws what `ask` does, if that is an answer, or the connection is closed
 */
export async function answerOf<T>(
  connection: NatsConnection,
  ask: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isUnanswered(error) || connection.isClosed()) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}

/** Whether an error says that no server has answered, or that one is not ready. */
function isUnanswered(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === 503;
  if (error instanceof JetStreamError) return isUnanswered(error.cause); // nobody answers for JetStream
  if (error instanceof errors.RequestError) {
    return !(error.cause instanceof errors.PermissionViolationError);
  }
  return error instanceof errors.TimeoutError || error instanceof errors.NoRespondersError;
}

/** Calls a function with each item, a number of them at a time. The first error ends it. */
export async function inParallel<T>(
  most: number,
  items: Iterable<T>,
  fn: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let hasFailed = false;
  const run = async () => {
    for (let next; !hasFailed && !(next = iterator.next()).done;) {
      await fn(next.value).catch((error) => {
        hasFailed = true;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: most }, run));
}

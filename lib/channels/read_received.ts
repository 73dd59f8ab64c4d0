/**
 * Reading a received value in a blocking call, which cannot import a module.
 *
 * @module
 */

import { TaskLookupError } from "../errors.ts";
import { definitionAt } from "../codec/definition.ts";
import { discardMessage } from "../codec/message.ts";
import type { Received } from "./channel.ts";

/**
 * Returns the value that was received, for a blocking call.
 *
 * @throws {TaskLookupError} if the value needs a module that this isolate has not imported
 */
export function readReceived(received: Received): unknown {
  if (received.kind === "value") return received.value;
  const definition = definitionAt(received.needs.address);
  discardMessage(received.block);
  const module = "module" in definition ? definition.module : "";
  throw new TaskLookupError(
    `Cannot read message: it has ${definition.name} of ${module}, which is not imported here, and ` +
      `a blocking call cannot import it. Import the module first, or receive without blocking`,
  );
}

/**
 * The logger of Python's `multiprocessing`, and tagged output.
 *
 * @module
 */

export { getLogger, Logger, type LogHandler, LogLevel, logToStderr } from "./logger.ts";
export { formatRecord, type LogRecord } from "./record.ts";
export { tagOutput } from "./tag_output.ts";

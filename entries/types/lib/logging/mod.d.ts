// The declarations of lib/logging/mod.ts

export { getLogger, Logger, type LogHandler, LogLevel, logToStderr } from "./logger.d.ts";
export { formatRecord, type LogRecord } from "./record.d.ts";
export { tagOutput } from "./tag_output.d.ts";

export {};

/**
 * The words of the heap that the runtime uses: of the program, and of each isolate's record.
 *
 * | word | meaning | written by | watched by, in queue | woken by |
 * |---|---|---|---|---|
 * | `REQUESTS` | address of the channel of requests to the main isolate | the main isolate | | |
 * | `ABANDONED_WORKERS` | number of workers that were told to end and still compute | the main isolate | | |
 * | `ANNOUNCEMENTS` | number of buffers that workers have announced to the main isolate | workers | | |
 * | `IS_PROCESS` | 1 in the heap of a process of the operating system | the main isolate of the process | | |
 * | `START_REQUEST` | address of the message that says what to run; 0: none yet, or it was read; negative: cancelled | the isolate that starts it, the isolate, the isolate that ends it | the isolate, in `START_QUEUE` | the isolate that starts it |
 * | `ERROR` | address of the message with the error that ended the isolate; 0 for none | the isolate, the isolate that reads or frees it | | |
 * | `EXIT_MESSAGE` | address of the message that is sent when the isolate ends; 0 for none | the isolate that starts it, the isolate that ends it | | |
 * | `EXIT_CHANNEL` | channel that the exit message is sent to, with a reference until then | the isolate that starts it | | |
 * | `PHASE` | what the worker does before its own work: a value of `Phase` in `start_watch.ts` | the isolate |
 * | `PHASE_OF` | address of the function whose module it imports, or which is its initializer | the isolate, before `PHASE` |
 *
 * @module
 */

import { recordWord } from "../heap/isolate_record.ts";
import { rootWord } from "../heap/root_words.ts";
import { QUEUE_WORDS } from "../parking/wait_queue.ts";

export const REQUESTS: number = rootWord(5, "channel of requests");
export const ABANDONED_WORKERS: number = rootWord(6, "abandoned workers");
export const ANNOUNCEMENTS: number = rootWord(7, "announced buffers");
export const IS_PROCESS: number = rootWord(18, "whether this is a process");

export const START_REQUEST: number = recordWord(16, "start request");
export const START_QUEUE: number = recordWord(17, "queue for the start request", QUEUE_WORDS);
export const ERROR: number = recordWord(20, "error");
export const EXIT_MESSAGE: number = recordWord(21, "exit message");
export const EXIT_CHANNEL: number = recordWord(22, "channel of the exit message");
export const PHASE: number = recordWord(33, "phase of the start");
export const PHASE_OF: number = recordWord(34, "function of the phase");
/** 1 if the results and errors of the worker leave this program: it is that of a process. */
export const LEAVES: number = recordWord(36, "results leave the program");

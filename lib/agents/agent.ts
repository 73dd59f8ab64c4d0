/**
 * An agent: the worker that stands for a process of the operating system in the program.
 *
 * To the rest of the program it is a worker like others, with a record, a name and an exit code. It runs
 * none of the program's code, so it always answers: it launches the process, sends it the start request,
 * and ends with the process, or ends it.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import { type Duplex, PassThrough } from "node:stream";
import { MemoryError } from "../errors.ts";
import { allocateUrgent } from "../heap/allocator.ts";
import { exitCodeOf, isolateWord, stopRequested, thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import { printError } from "../sync/callbacks.ts";
import { holdMessage, takeHeldMessage } from "../codec/held_messages.ts";
import { discardMessage, type MessageAddress } from "../codec/message.ts";
import type { WireMessage } from "../wire/messages.ts";
import type { Launch } from "../runtime/launch.ts";
import { ExitCode, publishError, publishErrorMessage } from "../runtime/lifecycle.ts";
import { type AgentRequest, currentIdentity } from "../runtime/start_request.ts";
import { enterPhase, Phase } from "../runtime/start_watch.ts";
import { Connection, FrameType } from "./connection.ts";
import { ServedObjects } from "./served_objects.ts";

/** How long a process that was told to end has for it before it is killed, in milliseconds. */
const TERMINATE_MS = 100;
/** Exit code of a process whose JavaScript heap is full: V8 ends it by a trap. */
const OUT_OF_MEMORY = 133;

/** How a process has ended. */
interface Status {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be launched. */
  error?: Error;
}

/** A process of the operating system, and the connection to it. */
class Launched {
  readonly #child: ChildProcess;
  readonly connection: Connection;
  readonly objects: ServedObjects;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Status>;

  constructor(child: ChildProcess, trusted: boolean) {
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.once("error", (error) => resolve({ code: null, signal: null, error }));
    });
    const socket = (child.stdio?.[3] ?? new PassThrough()) as unknown as Duplex; // none if it did not start
    if (child.pid === undefined) socket.destroy();
    socket.on("error", () => {}); // reading ends with it
    this.objects = new ServedObjects((number, classIndex) => {
      void this.connection.tell(FrameType.OBJECT, number, classIndex);
    });
    this.connection = new Connection(socket, this.objects, trusted);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the process, for certain. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), TERMINATE_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

let launched: Launched | undefined;

async function launch({ command, args, env, cwd, trusted }: Launch): Promise<Launched> {
  const { spawn } = await import("node:child_process");
  const child = spawn(command, args, {
    env,
    cwd,
    stdio: ["ignore", "inherit", "inherit", "pipe"],
  });
  return new Launched(child, trusted);
}

/** What an agent does while its process runs. */
export interface Service {
  /** Called when the process has been sent its start request. */
  started?(connection: Connection): void;
  /** Called with each message of the worker of the process, in their order. */
  received?(message: WireMessage, connection: Connection): void;
  /** Called when the worker of the process does another item of its work. */
  item?(item: number, afterMs: number): void;
  /** Called when the process will send nothing more. */
  ended?(): void;
}

/** Runs the process of a start request. Returns its exit code. */
export async function runAgent(payload: unknown, service: Service = {}): Promise<number> {
  const { request, launch: what, startTimeoutMs } = payload as AgentRequest;
  const message = request.take();
  holdMessage(message);
  launched = await launch(what);
  if (launched.pid !== undefined) i32[thisIsolate + isolateWord.PID] = launched.pid;
  if (stopRequested()) await endProcess();
  let end: End | undefined;
  try {
    end = await serve(launched, message, startTimeoutMs, service);
  } catch (error) {
    await endProcess(); // what it sent is not what a process of this package sends
    throw error;
  }
  service.ended?.();
  if (takeHeldMessage(message)) discardMessage(message);
  const status = await launched.ended;
  if (status.error !== undefined) {
    throw new Error(`Cannot start process: ${status.error.message}`, { cause: status.error });
  }
  if (end === undefined) return exitCodeOfStatus(status, service.received === undefined);
  if (end.error !== 0) publishErrorMessage(end.error);
  return end.exitCode;
}

/** How a process has ended by its own doing, as it says. */
interface End {
  readonly exitCode: number;
  /** The message with the error that ended it; 0 if there is none. */
  readonly error: MessageAddress;
}

/** Answers a process until it closes the connection. */
async function serve(
  { connection, objects }: Launched,
  request: MessageAddress,
  startTimeoutMs: number,
  service: Service,
): Promise<End | undefined> {
  let end: End | undefined;
  for await (const { type, number, detail, message } of connection.receive()) {
    if (type === FrameType.CALL && message !== undefined) {
      void objects.serve(number, message, connection);
    } else if (type === FrameType.ITEM) {
      service.item?.(number, detail);
    } else if (type === FrameType.ABORT) {
      objects.abort(number);
    } else if (type === FrameType.RELEASE) {
      if (objects.release(number, detail)) void connection.tell(FrameType.RELEASE, number, 0);
    } else if (type === FrameType.READY) {
      enterPhase(Phase.READY);
      const sent = connection.send(FrameType.START, startTimeoutMs, request);
      if (takeHeldMessage(request)) discardMessage(request);
      await sent;
      service.started?.(connection);
    } else if (type === FrameType.OUTBOX && message !== undefined) {
      service.received?.(message, connection);
    } else if (type === FrameType.ENDED) {
      const error = message === undefined ? 0 : connection.store(message, allocateUrgent);
      end = { exitCode: number, error };
    }
  }
  return end;
}

function exitCodeOfStatus({ code, signal }: Status, isReported: boolean): number {
  if (code === OUT_OF_MEMORY || signal === "SIGTRAP") {
    const error = new MemoryError(
      `${currentIdentity().name} ran out of memory: its JavaScript heap is full. ` +
        "Give it less work at once, or raise maxOldSpaceMb",
    );
    if (isReported) reportAgent(error);
    publishError(error);
    return OUT_OF_MEMORY;
  }
  if (signal === "SIGKILL") return ExitCode.KILLED;
  if (signal === "SIGTERM") return ExitCode.TERMINATED;
  return code ?? ExitCode.FAILED;
}

/** Ends the process of this agent. */
export async function endProcess(): Promise<void> {
  const isKilled = exitCodeOf(thisIsolate) === ExitCode.KILLED;
  await launched?.end(isKilled ? "SIGKILL" : "SIGTERM");
}

/** Prints the error of a process that could not say it itself. */
export function reportAgent(error: unknown): void {
  printError(`Process ${currentIdentity().name}:`, error);
}

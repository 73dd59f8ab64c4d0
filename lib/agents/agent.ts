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
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { CorruptMessageError, MemoryError } from "../errors.ts";
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
/** How long the socket of a process that has ended must be quiet before it is closed, in milliseconds. */
const QUIET_MS = 10;
/** Exit code of a process whose JavaScript heap is full: V8 ends it by a trap. */
const OUT_OF_MEMORY = 133;

/** How a process has ended. */
interface Status {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Why it could not be launched. */
  error?: Error;
}

/** A process of the operating system, and the connections to it. */
class Launched {
  readonly #child: ChildProcess;
  /** To its main isolate. */
  readonly connection: Connection;
  /** To its worker, if it is one of a pool. */
  readonly workerConnection: Connection | undefined;
  readonly objects: ServedObjects;
  /** Resolves when the process has ended. */
  readonly ended: Promise<Status>;

  constructor(child: ChildProcess, connections: number, trusted: boolean) {
    this.#child = child;
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => resolve({ code, signal }));
      child.once("error", (error) => resolve({ code: null, signal: null, error }));
    });
    this.objects = new ServedObjects({
      object: (number, classNumber) => {
        this.connection.tell(FrameType.OBJECT, number, classNumber);
      },
      buffer: (number, descriptor) => this.connection.tellBuffer(number, descriptor),
    });
    const trust = { anyFunction: trusted, named: new Set<string>() };
    const connect = (socket: Duplex) => new Connection(socket, this.objects, trust);
    const sockets = socketsOf(child, connections);
    void this.ended.then(() => sockets.forEach(closeWhenRead));
    const [connection, workerConnection] = sockets.map(connect);
    this.connection = connection;
    this.workerConnection = workerConnection;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Ends the process, for certain. */
  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#child.kill(signal);
    const timer = setTimeout(() => {
      Object.assign(this.#child, { killed: false }); // Deno sends no signal to a child after the first one
      this.#child.kill("SIGKILL");
    }, TERMINATE_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** Returns the sockets that are connected to so many file descriptors of a process, from 3 on. */
function socketsOf({ stdio, pid }: ChildProcess, count: number): Socket[] {
  return Array.from({ length: count }, (_, at) => {
    const socket = (stdio?.[3 + at] ?? streamOfNone()) as Socket;
    if (pid === undefined) socket.destroy();
    return socket;
  });
}

/** Returns what is in the place of a socket to a process that did not start. */
function streamOfNone(): Duplex {
  const { PassThrough } = process.getBuiltinModule("node:stream"); // an import takes each worker 15 ms
  return new PassThrough();
}

/**
 * Closes the socket of a process that has ended, once what the process has sent has been read. The programs that
 * it started have the other end of the socket too: while they run, the socket does not end by itself.
 */
async function closeWhenRead(socket: Socket): Promise<void> {
  for (let seen = -1; socket.bytesRead !== seen || socket.readableLength > 0;) {
    seen = socket.bytesRead;
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
  }
  socket.destroy();
}

let launched: Launched | undefined;

/** @param connections number of connections to it */
async function launch(
  { command, args, env, cwd, trusted }: Launch,
  connections: 1 | 2,
): Promise<Launched> {
  const { spawn } = await import("node:child_process");
  const sockets = new Array<"pipe">(connections).fill("pipe");
  const child = spawn(command, args, {
    env,
    cwd,
    stdio: ["ignore", "inherit", "inherit", ...sockets],
  });
  return new Launched(child, connections, trusted);
}

/** What an agent does while its process runs, if that is one of a pool. */
export interface Service {
  /** Called when the process has been sent its start request. */
  started(main: Connection, worker: Connection): void;
  /** Called with each result of the worker of the process, in their order. */
  received(message: WireMessage): void;
  /** Called when the process says how far the worker is with the chunk that it was asked about. */
  item(item: number, afterMs: number): void;
  /** Called when the process has been told to begin none of the chunks that it had not begun. */
  recalled(begun: number): void;
  /** Calls `then` when all results have arrived that the process may have sent before now. */
  afterResults(then: () => void): void;
  /** Called when the process has ended, and all that it sent has arrived. */
  ended(): void;
}

/** Runs the process of a start request. Returns its exit code. */
export async function runAgent(payload: unknown, service?: Service): Promise<number> {
  const { request, launch: what, startTimeoutMs } = payload as AgentRequest;
  const message = request.take();
  holdMessage(message);
  launched = await launch(what, service === undefined ? 1 : 2);
  if (launched.pid !== undefined) i32[thisIsolate + isolateWord.PID] = launched.pid;
  if (stopRequested()) await endProcess();
  let end: End | undefined;
  try {
    end = await serve(launched, message, startTimeoutMs, service);
  } catch (error) {
    await endProcess(); // what it sent is not what a process of this package sends
    throw error;
  } finally {
    service?.ended();
  }
  if (takeHeldMessage(message)) discardMessage(message);
  const status = await launched.ended;
  if (status.error !== undefined) {
    throw new Error(`Cannot start process: ${status.error.message}`, { cause: status.error });
  }
  if (end === undefined) return exitCodeOfStatus(status, service === undefined);
  if (end.error !== 0) publishErrorMessage(end.error);
  return end.exitCode;
}

/** How a process has ended by its own doing, as it says. */
interface End {
  readonly exitCode: number;
  /** The message with the error that ended it; 0 if there is none. */
  readonly error: MessageAddress;
}

/** How many calls of a process may be under way. */
const MAX_CALLS = 1 << 16;

/** Answers a process until it closes its connections. */
async function serve(
  { connection, workerConnection, objects }: Launched,
  request: MessageAddress,
  startTimeoutMs: number,
  service: Service | undefined,
): Promise<End | undefined> {
  let end: End | undefined;
  let isStarted = false;
  let calls = 0;
  const failure = Promise.withResolvers<never>();
  const expect = (isExpected: boolean) => {
    if (!isExpected) throw unexpectedFrame();
  };
  const serving = connection.receive(({ type, number, detail, message }) => {
    switch (type) {
      case FrameType.READY:
        expect(!isStarted);
        isStarted = true;
        enterPhase(Phase.READY);
        connection.send(FrameType.START, startTimeoutMs, request);
        if (takeHeldMessage(request)) discardMessage(request);
        service?.started(connection, workerConnection!);
        break;
      case FrameType.CALL:
        expect(message !== undefined && ++calls <= MAX_CALLS);
        objects.serve(number, message!, connection).then(() => calls--, failure.reject);
        break;
      case FrameType.ABORT:
        objects.abort(number);
        break;
      case FrameType.RELEASE: {
        const release = () => {
          if (objects.release(number, detail)) connection.tell(FrameType.RELEASE, number, 0);
        };
        if (service === undefined) release();
        else service.afterResults(release); // one of them may name the object
        break;
      }
      case FrameType.ITEM:
        expect(isStarted);
        service?.item(number, detail);
        break;
      case FrameType.RECALLED:
        expect(isStarted);
        service?.recalled(number);
        break;
      case FrameType.ENDED: {
        expect(isStarted && end === undefined);
        const error = message === undefined ? 0 : connection.store(message, allocateUrgent);
        end = { exitCode: number, error };
        break;
      }
      default:
        throw unexpectedFrame();
    }
  });
  const receiving = workerConnection?.receive(({ type, message }) => {
    expect(isStarted && type === FrameType.RESULT && message !== undefined);
    service?.received(message!);
  });
  await Promise.race([Promise.all([serving, receiving]), failure.promise]);
  return end;
}

function unexpectedFrame(): CorruptMessageError {
  return new CorruptMessageError(
    `Cannot read frame: ${currentIdentity().name} sent one that no process sends now. ` +
      "Check that the other side is this package, in the same version",
  );
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

/** How long a process that may do less than the program has to end when it has no more to do, in milliseconds. */
const LEAVE_MS = 5000;

/**
 * Tells the process that it has no more to do, so that it ends. One with permissions of its own may run code that
 * keeps it: it is ended after a while.
 */
export function leaveProcess(main: Connection): void {
  main.send(FrameType.CLOSE);
  if (main.isTrusted) return;
  const timer = setTimeout(endProcess, LEAVE_MS);
  void launched!.ended.then(() => clearTimeout(timer));
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

/**
 * A hostile program in place of that of a process: it sends its agent what no process of this package sends.
 *
 * It is preloaded, so it runs before the program of the process, and never ends. `ATTACK` in its environment is
 * what it does when it has been given its first chunk: the name of an attack, with arguments in JSON.
 *
 * @module
 */
import { Socket } from "node:net";
import { FrameType } from "../../lib/agents/connection.ts";
import { borrowEncoder, returnEncoder } from "../../lib/codec/encoder.ts";
import { Decoder } from "../../lib/codec/decoder.ts";
import { functionAddress } from "../../lib/codec/functions.ts";
import { discardMessage, readMessage, storeMessage } from "../../lib/codec/message.ts";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { ChunkStatus } from "../../lib/pool/chunks/chunk.ts";
import { ResultStatus } from "../../lib/pool/engines/isolates/protocol.ts";
import { FrameReader, joined, lengthOf, makeHeader } from "../../lib/wire/frames.ts";
import { copyIn, copyOut } from "../../lib/wire/messages.ts";
import { Random } from "../../scripts/stress/random.ts";

/** The sockets to the agent: that of the main isolate, and that of the worker. */
interface Sockets {
  readonly main: Socket;
  readonly worker: Socket;
}

type Attack = (sockets: Sockets, ...args: unknown[]) => void;

function frame(type: number, ...contents: Uint8Array[]): Uint8Array<ArrayBuffer> {
  return joined([makeHeader(type, lengthOf(contents)), ...contents]);
}

function prefix(number: number, detail: number): Uint8Array {
  return new Uint8Array(Int32Array.of(number, detail).buffer);
}

/** A frame without a message. */
function short(type: number, number = 0, detail = 0): Uint8Array<ArrayBuffer> {
  return frame(type, prefix(number, detail));
}

/** Frames with the result of a chunk: the call is the first one of its pool. */
function result(
  status: number,
  payload: unknown,
  [job, chunk] = [1, 0],
  object = 0,
): Uint8Array<ArrayBuffer> {
  const encoder = borrowEncoder();
  for (const header of [1 << 20, job, chunk, status]) encoder.number(header);
  encoder.value(payload, "result");
  encoder.finish();
  const message = storeMessage(encoder);
  returnEncoder(encoder);
  const { streamBytes, parts } = copyOut(message, { definition: () => 77, object: () => object });
  discardMessage(message);
  return frame(FrameType.RESULT, prefix(0, streamBytes), ...parts);
}

const json = (text: string) => frame(FrameType.DEFINE, new TextEncoder().encode(text));
const definition = json('{"kind":"source","name":"f","source":"() => 1"}');

/** What is sent, by the name of the attack. Each makes the agent end the process. */
export const refused: Readonly<Record<string, Attack>> = {
  "a frame of no type": ({ worker }) => void worker.write(frame(99)),
  "a frame of no type, to the main connection": ({ main }) => void main.write(frame(99)),
  "a frame that is too short": ({ worker }) =>
    void worker.write(frame(FrameType.RESULT, Uint8Array.of(1))),
  "a frame without a message": ({ worker }) => void worker.write(short(FrameType.RESULT)),
  "a length of 4 GiB": ({ worker }) => void worker.write(makeHeader(FrameType.RESULT, 2 ** 32 - 1)),
  "a frame that agents send": ({ main }) => void main.write(short(FrameType.START)),
  "a result to the main connection": ({ main }) => void main.write(result(ChunkStatus.DONE, 1)),
  "that it is ready again": ({ main }) => void main.write(short(FrameType.READY)),
  "that it has ended, twice": ({ main }) =>
    void main.write(joined([short(FrameType.ENDED), short(FrameType.ENDED)])),
  "an answer to no recall": ({ main }) => void main.write(short(FrameType.RECALLED, 5)),
  "a call without a message": ({ main }) => void main.write(short(FrameType.CALL, 1)),
  "a definition that is no JSON": ({ worker }) => void worker.write(json("{")),
  "a definition of no kind": ({ worker }) => void worker.write(json('{"kind":"__proto__"}')),
  "many definitions": ({ worker }) => void worker.write(joined(new Array(10_001).fill(definition))),
  "the result of another call": ({ worker }) =>
    void worker.write(result(ChunkStatus.DONE, 1, [77, 0])),
  "the result of another chunk": ({ worker }) =>
    void worker.write(result(ChunkStatus.DONE, 1, [1, 5])),
  "a result of no status": ({ worker }) => void worker.write(result(55, 1)),
  "the end of a worker, as a result": ({ worker }) =>
    void worker.write(result(ResultStatus.DIED, undefined)),
  "many events": ({ worker }) =>
    void worker.write(joined(new Array(1001).fill(result(ResultStatus.BEGINS, undefined)))),
  "a result with a tag that there is not": ({ worker }) =>
    void worker.write(frame(FrameType.RESULT, prefix(0, 1), Uint8Array.of(255))),
  "a result with a function that it was not sent": ({ worker }) =>
    void worker.write(result(ChunkStatus.DONE, Math.max)),
  "a result before it has started": () => {}, // see below
};

/** Attacks with another outcome. */
const others: Readonly<Record<string, Attack>> = {
  /** Sends a result of random bytes. */
  random({ worker }, seed) {
    const random = new Random(seed as number);
    const damaged = result(ChunkStatus.DONE, [{ a: 1, b: "text" }, [1, 2, 3], new Date(0)]);
    for (let times = random.int(1, 20); times > 0; times--) {
      damaged[random.int(8, damaged.length - 1)] = random.int(0, 255);
    }
    worker.write(damaged);
  },
  /** Sends a result of its own making for its chunk. */
  forge({ worker }, status, payload) {
    worker.write(result(status as number, payload));
  },
  /** Answers some chunks, and then neither chunks nor recalls. */
  keep({ worker }, answers) {
    const reader = new FrameReader(Object.values(FrameType));
    const decoder = new Decoder();
    const addresses = { definition: () => functionAddress(Math.sqrt), object: () => undefined };
    let answered = 0;
    worker.on("data", (bytes) => {
      for (const { type, contents } of reader.read(bytes)) {
        if (type !== FrameType.CHUNK || answered++ >= (answers as number)) continue;
        const frame = joined(contents);
        const streamBytes = new DataView(frame.buffer).getUint32(4, true);
        readMessage(decoder, copyIn({ streamBytes, parts: [frame.subarray(8)] }, addresses));
        const chunk: [number, number] = [decoder.number(), decoder.number()];
        worker.write(result(ChunkStatus.DONE, "answered", chunk));
      }
    });
  },
  /** Answers, and does not end when it is told that there are no more chunks. */
  stay({ worker }) {
    worker.write(result(ChunkStatus.DONE, 1));
  },
  /** Says that it runs an item, and dies. */
  item({ main }, item) {
    const tell = () => main.write(short(FrameType.ITEM, item as number, 5));
    setInterval(tell, 5);
    setTimeout(() => Deno.kill(Deno.pid, "SIGKILL"), 100);
  },
  /** Answers, and says then that its initializer has failed. */
  failedInitializer({ worker }) {
    const failed = result(ResultStatus.INITIALIZER_FAILED, new Error("no"));
    worker.write(joined([result(ChunkStatus.DONE, 1), failed]));
  },
};

async function run(): Promise<never> {
  ensureIsolate();
  const [name, ...args] = JSON.parse(Deno.env.get("ATTACK")!);
  const sockets = { main: new Socket({ fd: 3 }), worker: new Socket({ fd: 4 }) };
  if (name === "a result before it has started") sockets.worker.write(result(ChunkStatus.DONE, 1));
  if (name === "keep") others.keep(sockets, ...args);
  else sockets.worker.once("data", () => (refused[name] ?? others[name])(sockets, ...args));
  const reader = new FrameReader(Object.values(FrameType));
  sockets.main.on("end", () => Deno.exit(1)).on("data", (bytes) => {
    for (const { type } of reader.read(bytes)) {
      if (type === FrameType.CLOSE && name !== "stay") Deno.exit(0);
    }
  });
  sockets.main.write(short(FrameType.READY));
  return await new Promise(() => {});
}

if (Deno.env.has("ATTACK")) await run();

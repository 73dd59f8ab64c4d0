import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  BrokenPipeError,
  BufferTooShort,
  ClosedError,
  type Connection,
  EOFError,
  Event,
  Pipe,
  task,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, testProcess } from "../fixtures/workers.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Returns the text in UTF-8. */
function bytes(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

// Sending

test("Connection.sendBytes() accepts buffers of every kind", async () => {
  const [here, there] = Pipe();
  const all = [...Array(24).keys()];
  const whole = new ArrayBuffer(24);
  new Uint8Array(whole).set(all);
  const shared = new SharedArrayBuffer(24);
  new Uint8Array(shared).set(all);
  const resizable = new ArrayBuffer(24, { maxByteLength: 100 });
  new Uint8Array(resizable).set(all);
  for (const buffer of [whole, shared, resizable]) {
    for (
      const [sent, from, to] of [
        [buffer, 0, 24],
        [new Uint8Array(buffer), 0, 24],
        [new DataView(buffer, 3, 5), 3, 8],
        [new Float64Array(buffer, 8, 1), 8, 16],
        [new BigInt64Array(buffer), 0, 24],
      ] as const
    ) {
      await here.sendBytes(sent);
      const got = await there.recvBytes(guard);
      assertStrictEquals(Object.getPrototypeOf(got), Uint8Array.prototype);
      assert(got.buffer instanceof ArrayBuffer && got.buffer.byteLength === to - from);
      assertEquals([...got], all.slice(from, to));
    }
  }
});

test("Connection.sendBytes() copies at the call, also a shared buffer", async () => {
  const [here, there] = Pipe();
  const shared = new Uint8Array(new SharedArrayBuffer(2));
  here.sendBytesSync(shared);
  shared[0] = 1;
  assertEquals([...await there.recvBytes()], [0, 0]);
  assertEquals([...shared], [1, 0]);
});

// CPython TestConnection.test_sendbytes, with its texts and numbers
test("Connection.sendBytes() sends size bytes from offset on", async () => {
  const [here, there] = Pipe();
  const latin = bytes("abcdefghijklmnopqrstuvwxyz");
  for (
    const [options, expected] of [
      [{}, "abcdefghijklmnopqrstuvwxyz"],
      [{ offset: 5 }, "fghijklmnopqrstuvwxyz"],
      [{ offset: 7, size: 8 }, "hijklmno"],
      [{ size: 3 }, "abc"],
      [{ offset: 26 }, ""],
      [{ offset: 26, size: 0 }, ""],
    ] as const
  ) {
    await here.sendBytes(latin, options);
    here.sendBytesSync(latin, options);
    assertEquals(decoder.decode(await there.recvBytes(guard)), expected);
    assertEquals(decoder.decode(there.recvBytesSync(guard)), expected);
  }
  const words = new Uint32Array([1, 2, 3]); // in bytes, whatever the buffer
  here.sendBytesSync(words.subarray(1), { offset: 4, size: 4 });
  assertEquals([...there.recvBytesSync()], [3, 0, 0, 0]);
});

test("Connection.sendBytes() throws RangeError for an offset or size outside of the buffer", async () => {
  const [here, there] = Pipe();
  const latin = bytes("abcdefghijklmnopqrstuvwxyz");
  for (
    const [options, argument] of [
      [{ offset: 27 }, "offset"],
      [{ offset: 22, size: 5 }, "size"],
      [{ offset: 26, size: 1 }, "size"],
      [{ offset: -1 }, "offset"],
      [{ offset: 4, size: -1 }, "size"],
      [{ offset: 1.5 }, "offset"],
      [{ offset: NaN }, "offset"],
      [{ size: Infinity }, "size"],
    ] as const
  ) {
    const message = `Cannot send bytes: ${argument} must be an integer from 0 to `;
    assertThrows(() => here.sendBytesSync(latin, options), RangeError, message);
    await assertRejects(() => here.sendBytes(latin, options), RangeError, message);
  }
  assertThrows(
    () => here.sendBytesSync(latin, { offset: "1" as unknown as number }),
    TypeError,
    'Cannot send bytes: offset must be a number of bytes, not "1"',
  );
  assert(!there.pollSync(), "nothing was sent");
});

test("Connection.sendBytes() rejects a value that is not a buffer", async () => {
  const [here, there] = Pipe();
  for (
    const [sent, what] of [["text", '"text"'], [[1], "an object of class Array"], [null, "null"]]
  ) {
    await assertRejects(
      () => here.sendBytes(sent as unknown as Uint8Array),
      TypeError,
      "Cannot send bytes: bytes must be an ArrayBuffer, a SharedArrayBuffer or a view of one, not " +
        what,
    );
  }
  const moved = new Uint8Array(4);
  structuredClone(moved, { transfer: [moved.buffer] });
  const message = "Cannot send bytes: bytes has been transferred";
  assertThrows(() => here.sendBytesSync(moved), TypeError, message);
  assertThrows(() => here.sendBytesSync(moved.buffer), TypeError, message);
  assert(!there.pollSync());
});

// Receiving

test("Connection.recvBytes() receives a Uint8Array of send(), and recv() the bytes of sendBytes()", async () => {
  const [here, there] = Pipe<Uint8Array>();
  here.sendSync(bytes("sent"));
  here.sendBytesSync(bytes("as bytes"));
  assertEquals(await there.recvBytes(guard), bytes("sent"));
  assertEquals(await there.recv(guard), bytes("as bytes"));
});

test("Connection.recvBytes() leaves a message that is not bytes to recv(), and describes it", async () => {
  const [here, there] = Pipe<unknown>();
  const shared = new Uint8Array(new SharedArrayBuffer(8));
  for (
    const [message, name] of [
      [undefined, "undefined"],
      [null, "null"],
      [true, "a boolean"],
      [7, "a number"],
      [1e9, "a number"],
      [0.5, "a number"],
      ["bytes", "a string"],
      ["ü".repeat(100), "a string"],
      [7n, "a bigint"],
      [[7], "an array"],
      [["a"], "an array"],
      [{ bytes: bytes("inside") }, "an object"],
      [new Map(), "an object"],
      [new ArrayBuffer(8), "an ArrayBuffer"],
      [new Float64Array(8), "a Float64Array"],
      [new Uint8ClampedArray(8), "a Uint8ClampedArray"],
      [shared, "a Uint8Array on a whole buffer"],
      [Math.sqrt, "a function"],
    ] as const
  ) {
    here.sendSync(message);
    here.sendBytesSync(bytes("next"));
    const text = `Cannot receive bytes: the next message is ${name}. Receive it with recv()`;
    await assertRejects(() => there.recvBytes(guard), TypeError, text);
    assertThrows(() => there.recvBytesSync(guard), TypeError, text);
    await assertRejects(() => there.recvBytesInto(new Uint8Array(100), guard), TypeError, text);
    assertThrows(() => there.recvBytesIntoSync(new Uint8Array(100), guard), TypeError, text);
    assertEquals(there.recvSync(guard), message);
    assertEquals(there.recvBytesSync(guard), bytes("next"));
  }
});

// CPython TestConnection.test_connection
test("Connection.recvBytesInto() fills the buffer from offset and leaves the rest", async () => {
  const [here, there] = Pipe();
  const buffer = new Int32Array(10);
  const items = new Int32Array([0, 1, 2, 3]);
  for (
    const receive of [there.recvBytesInto, there.recvBytesIntoSync].map((it) => it.bind(there))
  ) {
    buffer.fill(0);
    here.sendBytesSync(items);
    assertEquals(await receive(buffer), 16);
    assertEquals([...buffer], [0, 1, 2, 3, 0, 0, 0, 0, 0, 0]);
    buffer.fill(0);
    here.sendBytesSync(items);
    assertEquals(await receive(buffer, { offset: 3 * 4 }), 16);
    assertEquals([...buffer], [0, 0, 0, 0, 1, 2, 3, 0, 0, 0]);
    here.sendBytesSync(items);
    assertEquals(await receive(buffer, { offset: 24 }), 16); // to the last byte
    assertEquals([...buffer.subarray(6)], [0, 1, 2, 3]);
    here.sendBytesSync(new Uint8Array(0));
    assertEquals(await receive(buffer, { offset: 40 }), 0);
  }
});

test("Connection.recvBytesInto() fills buffers of every kind", async () => {
  const [here, there] = Pipe();
  const resizable = new ArrayBuffer(4, { maxByteLength: 8 });
  const shared = new SharedArrayBuffer(4);
  for (const buffer of [new ArrayBuffer(4), resizable, shared]) {
    here.sendBytesSync(bytes("ab"));
    assertEquals(await there.recvBytesInto(buffer, { offset: 1, ...guard }), 2);
    here.sendBytesSync(bytes("c"));
    assertEquals(there.recvBytesIntoSync(new DataView(buffer, 3)), 1);
    assertEquals([...new Uint8Array(buffer)], [0, 97, 98, 99]);
  }
});

// CPython TestConnection.test_connection
test("Connection.recvBytesInto() throws BufferTooShort with the whole message when it does not fit", async () => {
  const [here, there] = Pipe();
  const message = bytes("this is a longer message");
  const buffer = new Uint8Array(8).fill(7);
  for (const options of [{}, { offset: 8 }]) {
    here.sendBytesSync(message);
    here.sendBytesSync(message);
    const room = 8 - (options.offset ?? 0);
    const text =
      `Cannot receive bytes: the message of 24 bytes does not fit into the ${room} bytes`;
    const async = await assertRejects(
      () => there.recvBytesInto(buffer, options),
      BufferTooShort,
      text,
    );
    const blocking = assertThrows(
      () => there.recvBytesIntoSync(buffer, options),
      BufferTooShort,
      text,
    );
    assertEquals([async.bytes, blocking.bytes], [message, message]);
  }
  assertEquals(buffer, new Uint8Array(8).fill(7));
  assert(!there.pollSync(), "the messages were taken");
  here.sendBytesSync(bytes("after"));
  assertEquals(there.recvBytesIntoSync(buffer), 5);
});

test("Connection.recvBytesInto() loses no message when the buffer is transferred during the wait", async () => {
  const [here, there] = Pipe();
  const buffer = new Uint8Array(8);
  const receiving = there.recvBytesInto(buffer, guard);
  structuredClone(buffer, { transfer: [buffer.buffer] });
  here.sendBytesSync(bytes("abc"));
  assertEquals((await assertRejects(() => receiving, BufferTooShort)).bytes, bytes("abc"));
});

test("Connection.recvBytesInto() rejects an invalid buffer or offset without taking a message", async () => {
  const [here, there] = Pipe();
  here.sendBytesSync(bytes("a"));
  const buffer = new Float64Array(2);
  for (const offset of [-1, 17, 0.5]) {
    const text = "Cannot receive bytes: offset must be an integer from 0 to 16, which is the " +
      `length of buffer in bytes, not ${offset}`;
    await assertRejects(() => there.recvBytesInto(buffer, { offset }), RangeError, text);
    assertThrows(() => there.recvBytesIntoSync(buffer, { offset }), RangeError, text);
  }
  const text = "Cannot receive bytes: buffer must be an ArrayBuffer";
  const notBuffer = [1, 2] as unknown as Uint8Array;
  await assertRejects(() => there.recvBytesInto(notBuffer), TypeError, text);
  assertEquals(there.recvBytesSync(), bytes("a"));
});

// Python closes the connection here
test("Connection.recvBytes() throws BufferTooShort for more than maxLength bytes, and stays usable", async () => {
  const [here, there] = Pipe();
  for (const text of ["four", "fives", "fives", "four", ""]) here.sendBytesSync(bytes(text));
  assertEquals(await there.recvBytes({ maxLength: 4 }), bytes("four"));
  const text = "Cannot receive bytes: the message of 5 bytes is longer than maxLength, 4";
  const async = await assertRejects(
    () => there.recvBytes({ maxLength: 4 }),
    BufferTooShort,
    text,
  );
  const blocking = assertThrows(() => there.recvBytesSync({ maxLength: 4 }), BufferTooShort, text);
  assertEquals([async.bytes, blocking.bytes], [bytes("fives"), bytes("fives")]);
  assertEquals(there.recvBytesSync({ maxLength: 4 }), bytes("four"));
  assertEquals(there.recvBytesSync({ maxLength: 0 }), bytes(""));
  for (const maxLength of [-1, 1.5, NaN, -Infinity]) {
    const text = "Cannot receive bytes: maxLength must be an integer";
    await assertRejects(() => there.recvBytes({ maxLength }), RangeError, text);
    assertThrows(() => there.recvBytesSync({ maxLength }), RangeError, text);
  }
});

test("Connection.recvBytes() waits, and ends on timeout and abort", async () => {
  const [here, there] = Pipe();
  const waiting = there.recvBytes(guard);
  here.sendBytesSync(bytes("late"));
  assertEquals(await waiting, bytes("late"));
  for (const timeoutMs of [-1, 0, 5]) {
    const text = `Cannot receive: no message arrived within ${timeoutMs} ms`;
    const buffer = new Uint8Array(1);
    await assertRejects(() => there.recvBytes({ timeoutMs }), TimeoutError, text);
    assertThrows(() => there.recvBytesSync({ timeoutMs }), TimeoutError, text);
    await assertRejects(() => there.recvBytesInto(buffer, { timeoutMs }), TimeoutError, text);
    assertThrows(() => there.recvBytesIntoSync(buffer, { timeoutMs }), TimeoutError, text);
  }
  const controller = new AbortController();
  const aborted = there.recvBytes({ signal: controller.signal });
  controller.abort("enough");
  assertEquals(await aborted.catch((reason) => reason), "enough");
  here.sendBytesSync(bytes("still"));
  assertEquals(there.recvBytesSync(guard), bytes("still"));
});

test("Connection of a one-way pipe sends bytes in one direction", async () => {
  const [reader, writer] = Pipe({ duplex: false });
  writer.sendBytesSync(bytes("a"));
  const cannotSend = "Cannot send: the pipe is one-way";
  await assertRejects(() => reader.sendBytes(bytes("a")), TypeError, cannotSend);
  assertThrows(() => reader.sendBytesSync(bytes("a")), TypeError, cannotSend);
  const cannotReceive = "Cannot receive: the pipe is one-way";
  await assertRejects(() => writer.recvBytes(), TypeError, cannotReceive);
  assertThrows(() => writer.recvBytesSync(), TypeError, cannotReceive);
  await assertRejects(() => writer.recvBytesInto(new Uint8Array(1)), TypeError, cannotReceive);
  assertThrows(() => writer.recvBytesIntoSync(new Uint8Array(1)), TypeError, cannotReceive);
  assertEquals(reader.recvBytesSync(), bytes("a"));
});

test("Connection that is closed neither sends nor receives bytes", async () => {
  const [here, there] = Pipe();
  there.sendBytesSync(bytes("last"));
  there.close();
  const closed = "this end of the pipe is closed";
  await assertRejects(() => there.sendBytes(bytes("a")), ClosedError, `Cannot send: ${closed}`);
  await assertRejects(() => there.recvBytes(), ClosedError, `Cannot receive: ${closed}`);
  assertThrows(() => there.recvBytesIntoSync(new Uint8Array(1)), ClosedError, closed);
  // CPython TestConnection.test_connection
  assertEquals(here.recvBytesSync(), bytes("last"));
  const gone = "Cannot receive: the other end of the pipe is gone";
  await assertRejects(() => here.recv(), EOFError, gone);
  await assertRejects(() => here.recvBytes(), EOFError, gone);
  assertThrows(() => here.recvBytesSync(), EOFError, gone);
  await assertRejects(() => here.recvBytesInto(new Uint8Array(1)), EOFError, gone);
  const broken = "Cannot send bytes: the other end of the pipe is gone";
  await assertRejects(() => here.sendBytes(bytes("a")), BrokenPipeError, broken);
  assertThrows(() => here.sendBytesSync(bytes("a")), BrokenPipeError, broken);
  assertEquals([here.readable, here.writable], [true, true]);
});

// CPython TestPoll.test_empty_string
test("Connection.poll() returns true repeatedly for an empty message", async () => {
  const [here, there] = Pipe();
  assert(!there.pollSync());
  here.sendBytesSync(bytes(""));
  for (let times = 0; times < 3; times++) assert(await there.poll() && there.pollSync());
  assertEquals(there.recvBytesSync(), bytes(""));
  assert(!there.pollSync());
});

// Workers

const echoBytes = task(import.meta, (end: Connection) => {
  try {
    for (;;) end.sendBytesSync(end.recvBytesSync());
  } catch (error) {
    if (!(error instanceof EOFError)) throw error;
  }
});

const echoBytesAsync = task(import.meta, async (end: Connection) => {
  const buffer = new ArrayBuffer(1 << 24);
  try {
    for (;;) await end.sendBytes(buffer, { size: await end.recvBytesInto(buffer) });
  } catch (error) {
    if (!(error instanceof EOFError)) throw error;
  }
});

// CPython TestConnection.test_connection
for (const [kind, target] of Object.entries({ blocking: echoBytes, async: echoBytesAsync })) {
  test(`Connection.sendBytes() makes round trips, also of 16 MiB, the worker ${kind}`, async () => {
    const [here, there] = Pipe();
    const process = run(target, there);
    there.close();
    for (let at = 0; at < 300; at++) { // more than a segment
      const message = bytes("x".repeat(at % 100) + at);
      here.sendBytesSync(message);
      assertEquals(at % 2 === 0 ? here.recvBytesSync(guard) : await here.recvBytes(guard), message);
    }
    const large = new Uint8Array(1 << 24).fill(120);
    here.sendBytesSync(large);
    const back = await here.recvBytes(guard);
    assert(back.length === large.length && back.every((byte) => byte === 120));
    for (let at = 0; at < 600; at++) here.sendBytesSync(at % 3 === 0 ? bytes("") : bytes(`${at}`));
    for (let at = 0; at < 600; at++) {
      assertEquals(decoder.decode(here.recvBytesSync(guard)), at % 3 === 0 ? "" : `${at}`);
    }
    here.close();
    await ended(process);
  });
}

// CPython TestPoll.test_strings, test_dont_merge
testProcess("Connection does not merge messages, also empty ones, while it is polled", async () => {
  const [here, there] = Pipe();
  const texts = ["hello", "", "a", "", "cd", "end", "", ""];
  const process = run(
    async (end: Connection, texts: string[]) => {
      for (const text of texts) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        end.sendBytesSync(new TextEncoder().encode(text));
      }
    },
    there,
    texts,
  );
  for (const text of texts) {
    while (!here.pollSync({ timeoutMs: 1 }));
    assert(here.pollSync() && await here.poll());
    assertEquals(decoder.decode(here.recvBytesSync()), text);
  }
  await assertRejects(() => here.recvBytes(guard), EOFError);
  await ended(process);
});

// CPython TestPoll.test_boundaries
testProcess("Connection.poll() in another worker takes no part of a message", async () => {
  const [reader, writer] = Pipe({ duplex: false });
  const [first, saw] = [new Event(), new Event()];
  const process = run(
    (end: Connection, first: Event, saw: Event) => {
      first.set();
      for (let at = 0; at < 100; at++) end.pollSync({ timeoutMs: 60_000 });
      saw.set();
      end.pollSync({ timeoutMs: 0 });
    },
    reader,
    first,
    saw,
  );
  assert(await first.wait(guard));
  assert(!reader.pollSync(), "open here again, so that it stays open when the worker ends");
  writer.sendBytesSync(bytes("first"));
  assert(await saw.wait(guard));
  writer.sendBytesSync(bytes("second"));
  assertEquals(reader.recvBytesSync(guard), bytes("first"));
  assertEquals(await reader.recvBytes(guard), bytes("second"));
  await ended(process);
  assert(!reader.pollSync());
});

test("Connection.recvBytes() in two workers gives each message whole to one of them", async () => {
  const [here, there] = Pipe();
  const [back, results] = Pipe<number[]>();
  const target = async (end: Connection, results: Connection<number[]>) => {
    const got: number[] = [];
    try {
      for (;;) {
        const message = got.length % 2 === 0 ? end.recvBytesSync() : await end.recvBytes();
        if (!message.every((byte) => byte === message.length % 256)) throw new Error("torn");
        got.push(message.length);
      }
    } catch (error) {
      if ((error as Error).name !== "EOFError") throw error;
    }
    results.sendSync(got);
  };
  const processes = [run(target, there, results), run(target, there, results)];
  const lengths = Array.from({ length: 1000 }, (_, at) => at);
  for (const length of lengths) here.sendBytesSync(new Uint8Array(length).fill(length));
  here.close();
  const got = [...await back.recv(guard), ...await back.recv(guard)];
  assertEquals(got.sort((a, b) => a - b), lengths);
  for (const process of processes) await ended(process);
});

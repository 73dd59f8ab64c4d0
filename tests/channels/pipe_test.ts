import {
  assert,
  assertEquals,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import {
  BrokenPipeError,
  ClosedError,
  Connection,
  DataCloneError,
  EOFError,
  Event,
  Lock,
  Pipe,
  type Process,
  Queue,
  task,
  tasksOf,
  TimeoutError,
} from "@sauropod/multiprocessing";
import { peerOf } from "../../lib/channels/connection.ts";
import { addressOf } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { frees } from "../fixtures/heap.ts";
import { ended, guard, run, sharedWords, wordSet } from "../fixtures/workers.ts";

// One isolate

test("Pipe() returns two ends that send each other messages", async () => {
  const [here, there] = Pipe<unknown>();
  assert(here instanceof Connection && there instanceof Connection);
  assertEquals([here.readable, here.writable, there.readable, there.writable], [
    true,
    true,
    true,
    true,
  ]);
  await here.send({ a: 1 });
  here.sendSync("two");
  await there.send([3]);
  assertEquals([there.recvSync(), await there.recv(), await here.recv()], [{ a: 1 }, "two", [3]]);
});

test("Pipe({ duplex: false }) receives at the first end and sends at the second", async () => {
  const [reader, writer] = Pipe<number>({ duplex: false });
  assertEquals([reader.readable, reader.writable], [true, false]);
  assertEquals([writer.readable, writer.writable], [false, true]);
  await writer.send(1);
  assertEquals(await reader.recv(), 1);
  const cannotSend = "Cannot send: the pipe is one-way. Use the other one of its two ends";
  await assertRejects(() => reader.send(1), TypeError, cannotSend);
  assertThrows(() => reader.sendSync(1), TypeError, cannotSend);
  const cannotReceive = "Cannot receive: the pipe is one-way";
  await assertRejects(() => writer.recv(), TypeError, cannotReceive);
  assertThrows(() => writer.recvSync(), TypeError, cannotReceive);
  await assertRejects(() => writer.poll(), TypeError, "Cannot poll: the pipe is one-way");
  assertThrows(() => writer.pollSync(), TypeError, "Cannot poll: the pipe is one-way");
  writer.close();
  await assertRejects(() => reader.recv(guard), EOFError);
});

// CPython TestPicklingConnections.test_access
test("Pipe({ duplex: false }) keeps the direction of an end that was sent", async () => {
  const [reader, writer] = Pipe<string>({ duplex: false });
  const [home, there] = Pipe<string>();
  const process = run(
    async (reader: Connection<string>, writer: Connection<string>, out: Connection<string>) => {
      for (const end of [reader, writer]) out.sendSync(`${end.readable} ${end.writable}`);
      const say = (error: Error) => out.sendSync(`${error.name}: ${error.message}`);
      const attempts = [
        () => reader.send("x"),
        () => writer.recv(),
        () => writer.poll(),
        // deno-lint-ignore require-await
        async () => reader.sendSync("x"),
        // deno-lint-ignore require-await
        async () => writer.recvSync(),
      ];
      for (const attempt of attempts) await attempt().catch(say);
      writer.sendSync("through");
      out.sendSync(reader.recvSync());
    },
    reader,
    writer,
    there,
  );
  const said = [];
  for (let at = 0; at < 8; at++) said.push(home.recvSync(guard));
  const [send, receive] = ["Cannot send: the pipe", "Cannot receive: the pipe"];
  const expected = [
    "true false",
    "false true",
    send,
    receive,
    "Cannot poll: the pipe",
    send,
    receive,
  ];
  for (const [at, text] of [...expected, "through"].entries()) assertStringIncludes(said[at], text);
  await ended(process);
});

test("Connection.send() never waits, and keeps whole messages in order", () => {
  const [here, there] = Pipe<string>();
  const messages = Array.from({ length: 3000 }, (_, at) => "x".repeat(at % 200) + at);
  for (const message of messages) here.sendSync(message);
  for (const message of messages) assertEquals(there.recvSync(), message);
});

test("Connection.send() rejects a value that cannot cross, with the path", async () => {
  const [here, there] = Pipe<unknown>();
  const message = "Cannot send message.s: a symbol";
  await assertRejects(() => here.send({ s: Symbol() }), DataCloneError, message);
  assertThrows(() => here.sendSync({ s: Symbol() }), DataCloneError, message);
  here.sendSync(1);
  assertEquals(there.recvSync(), 1);
});

test("Connection.recv() throws TimeoutError when no message arrives in time", async () => {
  const [here, there] = Pipe();
  for (const timeoutMs of [-1, 0, 5]) {
    const message = `Cannot receive: no message arrived within ${timeoutMs} ms`;
    await assertRejects(() => here.recv({ timeoutMs }), TimeoutError, message);
    assertThrows(() => here.recvSync({ timeoutMs }), TimeoutError, message);
  }
  there.close(); // not collected before
});

test("Connection.recv() rejects with the reason of a signal", async () => {
  const [here, there] = Pipe<number>();
  const reason = new Error("enough");
  const aborted = { signal: AbortSignal.abort(reason) };
  there.sendSync(1);
  assertStrictEquals(await assertRejects(() => here.recv(aborted)), reason);
  assertStrictEquals(assertThrows(() => here.recvSync(aborted)), reason);
  assertEquals(here.recvSync(), 1);
  const controller = new AbortController();
  const receiving = here.recv({ signal: controller.signal });
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => receiving), reason);
  there.sendSync(2);
  assertEquals(await here.recv(guard), 2);
});

test("Connection.poll() checks or waits for a message, and takes none", async () => {
  const [here, there] = Pipe<number>();
  assertEquals([await here.poll(), here.pollSync()], [false, false]);
  assertEquals(await here.poll({ timeoutMs: 2 }), false);
  assertEquals(here.pollSync({ timeoutMs: 2 }), false);
  const waiting = here.poll(guard);
  there.sendSync(1);
  assertEquals(await waiting, true);
  assertEquals([await here.poll(), here.pollSync(), here.pollSync(guard)], [true, true, true]);
  assertEquals(here.recvSync(), 1);
  assertEquals(here.pollSync(), false);
});

test("Connection.poll() forwards its wake-up to a receiver", async () => {
  const [here, there] = Pipe<number>();
  const polling = here.poll(guard);
  const receiving = here.recv(guard);
  there.sendSync(1);
  assertEquals(await receiving, 1);
  there.sendSync(2);
  assertEquals(await polling, true);
  assertEquals(here.recvSync(), 2);
});

test("Connection.poll() returns true when the other end is gone", async () => {
  const [here, there] = Pipe();
  const waiting = here.poll(guard);
  there.close();
  assertEquals([await waiting, here.pollSync()], [true, true]);
  assertThrows(() => here.recvSync(), EOFError);
});

// Closing

test("Connection.close() closes this end, and is idempotent", async () => {
  const [here, there] = Pipe<number>();
  assert(!here.closed);
  here.close();
  here.close();
  assertEquals([here.closed, there.closed], [true, false]);
  const closed = "this end of the pipe is closed";
  await assertRejects(() => here.send(1), ClosedError, `Cannot send: ${closed}`);
  assertThrows(() => here.sendSync(1), ClosedError, `Cannot send: ${closed}`);
  await assertRejects(() => here.recv(), ClosedError, `Cannot receive: ${closed}`);
  assertThrows(() => here.recvSync(), ClosedError, `Cannot receive: ${closed}`);
  await assertRejects(() => here.poll(), ClosedError, `Cannot poll: ${closed}`);
  assertThrows(() => here.pollSync(), ClosedError, `Cannot poll: ${closed}`);
});

test("Connection is closed at the end of its scope", () => {
  const [here, there] = Pipe<number>();
  {
    using _ = there;
  }
  assert(there.closed);
  assertThrows(() => here.recvSync(guard), EOFError);
});

test("Connection.recv() receives what was sent before the other end closed, then throws EOFError", async () => {
  const [here, there] = Pipe<number>();
  there.sendSync(1);
  there.sendSync(2);
  there.close();
  assertEquals([await here.recv(), here.recvSync()], [1, 2]);
  const message = "Cannot receive: the other end of the pipe is gone";
  await assertRejects(() => here.recv(), EOFError, message);
  assertThrows(() => here.recvSync(), EOFError, message);
});

test("Connection.recv() throws EOFError when the other end closes during the wait", async () => {
  const [here, there] = Pipe();
  const waiting = [here.recv(guard), here.recv(guard)];
  there.close();
  for (const it of waiting) await assertRejects(() => it, EOFError);
});

test("Connection.send() throws BrokenPipeError when the other end is closed", async () => {
  const [here, there] = Pipe<unknown>();
  there.close();
  const message = "Cannot send message: the other end of the pipe is gone";
  await assertRejects(() => here.send(1), BrokenPipeError, message);
  assertThrows(() => here.sendSync("x".repeat(1000)), BrokenPipeError, message);
});

// Workers

const echo = task(import.meta, (end: Connection<unknown>) => {
  try {
    for (;;) end.sendSync(end.recvSync());
  } catch (error) {
    if ((error as Error).name !== "EOFError") throw error;
  }
});

const echoAsync = task(import.meta, async (end: Connection<unknown>) => {
  try {
    for (;;) await end.send(await end.recv());
  } catch (error) {
    if ((error as Error).name !== "EOFError") throw error;
  }
});

for (const [kind, target] of Object.entries({ blocking: echo, async: echoAsync })) {
  test(`Connection makes round trips, the worker ${kind}, and both ends end`, async () => {
    const [here, there] = Pipe<unknown>();
    const process = run(target, there);
    for (let at = 0; at < 200; at++) {
      here.sendSync([at, "x".repeat(at)]);
      const answer = at % 2 === 0 ? here.recvSync(guard) : await here.recv(guard);
      assertEquals(answer, [at, "x".repeat(at)]);
    }
    for (let at = 0; at < 50; at++) here.sendSync(at);
    for (let at = 0; at < 50; at++) assertEquals(await here.recv(guard), at);
    here.close(); // the worker is told, for nobody else has this end
    await ended(process);
  });
}

test("Connection carries empty messages and messages of 100 MiB", async () => {
  const [here, there] = Pipe<unknown>();
  const process = run(echo, there);
  for (const empty of ["", new Uint8Array(0), undefined]) {
    here.sendSync(empty);
    assertEquals(here.recvSync(guard), empty);
  }
  const bytes = new Uint8Array(100 * 2 ** 20);
  bytes[bytes.length - 1] = 9;
  here.sendSync(bytes);
  const back = here.recvSync(guard) as Uint8Array;
  assertEquals([back.length, back[0], back.at(-1)], [bytes.length, 0, 9]);
  here.close();
  await ended(process);
});

const endings: Record<string, [target: (end: Connection<string>) => unknown, exitCode: number]> = {
  "closes it": [(end) => end.close(), 0],
  "returns": [() => {}, 0],
  "throws": [() => {
    console.error = () => {};
    throw new Error("dead");
  }, 1],
  "calls Deno.exit()": [() => Deno.exit(7), 7],
  "calls self.close()": [() => self.close(), 0],
};

for (const [ending, [target, exitCode]] of Object.entries(endings)) {
  test(`Connection.recv() throws EOFError when the worker with the other end ${ending}`, async () => {
    const [here, there] = Pipe<string>();
    const process = run(target, there);
    const error = await here.recv(guard).catch((error) => error);
    assert(error instanceof EOFError, String(error));
    assert(await process.join(guard));
    assertEquals(process.exitCode, exitCode);
    assertThrows(() => here.sendSync("x"), BrokenPipeError);
  });

  test(`Connection.recvSync() throws EOFError when the worker with the other end ${ending}`, async () => {
    const [here, there] = Pipe<string>();
    const process = run(target, there);
    assertThrows(() => here.recvSync(guard), EOFError);
    assert(await process.join(guard));
  });
}

for (const ending of ["terminate", "kill"] as const) {
  test(`Connection.recv() throws EOFError when the worker ends by ${ending}()`, async () => {
    const [here, there] = Pipe<string>();
    const process: Process = run(echo as (end: Connection<string>) => void, there);
    here.sendSync("alive");
    assertEquals(await here.recv(guard), "alive");
    const waiting = assertRejects(() => here.recv(guard), EOFError);
    process[ending]();
    await waiting;
    assertThrows(() => here.sendSync("x"), BrokenPipeError);
    await ended(process, ending === "kill" ? -9 : -15);
  });
}

for (const ending of ["terminate", "kill"] as const) {
  test(`Connection.recv() throws EOFError when ${ending}() comes before the worker began`, async () => {
    const [here, there] = Pipe<Connection<string>>();
    const [inner, its] = Pipe<string>();
    const process = run(
      (_end: Connection<Connection<string>>, _its: Connection<string>) => {
        for (;;);
      },
      there,
      its,
    );
    process[ending]();
    assertThrows(() => here.recvSync(guard), EOFError);
    await assertRejects(() => inner.recv(guard), EOFError);
    assert(await process.join(guard));
  });
}

const importing = new URL("../fixtures/functions/broken.ts", import.meta.url);

test("Connection.recv() throws EOFError when the worker cannot import what it should run", async () => {
  const [here, there] = Pipe<string>();
  const { wait } = tasksOf<{ wait(end: Connection<string>): void }>(importing);
  const process = run(wait, there);
  await assertRejects(() => here.recv(guard), EOFError);
  assert(await process.join(guard));
  assertEquals(process.exitCode, 1);
});

test("Connection.recv() receives what a worker sent before it died", async () => {
  const [here, there] = Pipe<string>();
  const process = run((end: Connection<string>) => {
    end.send("last words");
    Deno.exit(3);
  }, there);
  assertEquals(await here.recv(guard), "last words");
  await assertRejects(() => here.recv(guard), EOFError);
  await ended(process, 3);
});

test("Connection.recvSync() throws TerminatedError in a worker that is terminated", async () => {
  const [here, there] = Pipe<string>();
  const [waiting, words] = [new Event(), sharedWords()];
  const process = run(
    (end: Connection<string>, waiting: Event, words: Int32Array) => {
      waiting.set();
      try {
        end.recvSync();
      } catch (error) {
        if ((error as Error).name === "TerminatedError") Atomics.store(words, 0, 1);
      }
    },
    there,
    waiting,
    words,
  );
  assert(await waiting.wait(guard));
  process.terminate();
  await wordSet(words);
  await ended(process, -15);
  here.close(); // not collected before
});

test("Connection that was sent stays open here if it is used here again", async () => {
  const [here, there] = Pipe<string>();
  const process = run((end: Connection<string>) => end.sendSync("from the worker"), there);
  there.sendSync("from here");
  assertEquals([await here.recv(guard), await here.recv(guard)].sort(), [
    "from here",
    "from the worker",
  ]);
  await ended(process);
  there.sendSync("still open");
  assertEquals(here.recvSync(guard), "still open");
});

test("Connection.send() throws ClosedError when the worker that got the end has ended", async () => {
  const [here, there] = Pipe<string>();
  await ended(run((_end: Connection<string>) => {}, there));
  assertThrows(
    () => there.sendSync("x"),
    ClosedError,
    "Cannot send: this end was sent to a worker, which closed it or has ended",
  );
  assertThrows(() => here.recvSync(guard), EOFError);
});

test("Connection.close() in one worker leaves the end open in another", async () => {
  const [here, there] = Pipe<string>();
  const [go, second] = [new Event(), new Event()];
  const last = run(
    (end: Connection<string>, go: Event, second: Event) => {
      second.set();
      go.waitSync();
      end.sendSync("from the second");
    },
    there,
    go,
    second,
  );
  assert(await second.wait(guard));
  await ended(run((end: Connection<string>) => end.close(), there));
  go.set();
  assertEquals(await here.recv(guard), "from the second");
  await ended(last);
  await assertRejects(() => here.recv(guard), EOFError);
});

test("Connection connects two workers without the main isolate", async () => {
  const [left, right] = Pipe<number>();
  const results = new Queue<number>();
  const first = run(
    (end: Connection<number>, results: Queue<number>) => {
      end.sendSync(1);
      let sum = 0;
      for (let at = 0; at < 100; at++) {
        const got = end.recvSync();
        sum += got;
        if (at < 99) end.sendSync(got + 1);
      }
      results.putSync(sum);
    },
    left,
    results,
  );
  const second = run(
    async (end: Connection<number>) => {
      for (let at = 0; at < 100; at++) await end.send(await end.recv() + 1);
    },
    right,
  );
  // 1 -> 2 -> 3 …: the first gets 2, 4, 6 …
  assertEquals(
    await results.get(guard),
    Array.from({ length: 100 }, (_, at) => 2 * at + 2)
      .reduce((a, b) => a + b),
  );
  await ended(first);
  await ended(second);
});

// Crossing

test("Connection carries locks, queues and connections", async () => {
  type Message = { lock: Lock; queue: Queue<string>; end: Connection<string> };
  const [here, there] = Pipe<Message>();
  const process = run((end: Connection<Message>) => {
    const message = end.recvSync();
    using _ = message.lock.acquireSync();
    message.queue.putSync("in the queue");
    message.end.sendSync("in the inner pipe");
  }, there);
  const [inner, its] = Pipe<string>();
  const message = { lock: new Lock(), queue: new Queue<string>(), end: its };
  here.sendSync(message);
  assertEquals(await message.queue.get(guard), "in the queue");
  assertEquals(await inner.recv(guard), "in the inner pipe");
  await ended(process);
  await assertRejects(() => inner.recv(guard), EOFError);
});

test("Connection crosses through a queue, and comes back as the same object", async () => {
  const [here, there] = Pipe<string>();
  const queue = new Queue<Connection<string>>();
  queue.putSync(there);
  assertStrictEquals(queue.getSync(), there);
  there.sendSync("as before");
  assertEquals(await here.recv(guard), "as before");
});

test("Connection in a message that is discarded with its queue is closed", async () => {
  const [here, there] = Pipe<string>();
  await ended(run((end: Connection<Connection<string>>) => {
    end.recvSync(guard()).sendSync("got it");
    function guard() {
      return { timeoutMs: 60_000 };
    }
  }, sentEnd(there)));
  assertEquals(await here.recv(guard), "got it");
  await assertRejects(() => here.recv(guard), EOFError);
});

/** Returns an end whose other end has sent `end` and closed. */
function sentEnd<T>(end: Connection<T>): Connection<Connection<T>> {
  const [carrier, carried] = Pipe<Connection<T>>();
  carrier.sendSync(end);
  carrier.close();
  return carried;
}

test("Pipe() rejects a value that is not an options object, such as Python's Pipe(False)", () => {
  const any = (value: unknown) => value as never;
  assertThrows(() => Pipe(any(false)), TypeError, "Write Pipe({ duplex: false })");
  assertThrows(() => Pipe(any(null)), TypeError, "Cannot make pipe: ");
  assertThrows(() => Pipe(any({ oneWay: true })), TypeError, "there is no option oneWay");
  assertThrows(() => Pipe({ duplex: any(0) }), TypeError, "duplex must be a boolean, not 0");
});

test("what ends a wait at one end of a pipe is a handle of the other end", () => {
  for (const duplex of [true, false]) {
    using ends = new DisposableStack();
    const [first, second] = Pipe({ duplex }).map((end) => ends.use(end));
    const addresses = [first, second].map((end) => addressOf(end)!);
    assertEquals(addresses.map(peerOf), [addresses[1], addresses[0]]);
  }
});

test("Pipe() that nobody has any more frees the messages of both directions", async () => {
  await frees(async () => {
    const ends = Pipe<string>();
    for (const end of ends) {
      for (let message = 0; message < 10; message++) end.sendSync("long".repeat(500));
    }
    await Promise.resolve();
  });
});

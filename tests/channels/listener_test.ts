import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import {
  BrokenPipeError,
  Client,
  ClosedError,
  type Connection,
  EOFError,
  Event,
  Listener,
  Queue,
  task,
  TimeoutError,
  waitAny,
  waitAnySync,
} from "@sauropod/multiprocessing";
import { addressOf, objectWord } from "../../lib/objects/shared_object.ts";
import { test } from "../fixtures/guarded.ts";
import { ended, guard, run, testProcess } from "../fixtures/workers.ts";

const { AddrInUse, ConnectionRefused } = Deno.errors;

// CPython TestListener.test_multiple_bind
test("Listener() rejects the name of another listener until that is closed", () => {
  using listener = new Listener("name");
  assertEquals([listener.name, listener.closed], ["name", false]);
  for (let times = 0; times < 2; times++) {
    assertThrows(
      () => new Listener("name"),
      AddrInUse,
      'Cannot listen: another listener has the name "name"',
    );
  }
  using other = new Listener("näme");
  Client("name");
  assertEquals(waitAnySync([other, listener], { timeoutMs: 0 }), [listener]);
  listener.close();
  using _ = new Listener("name");
});

test("Listener() without a name gets a unique one", () => {
  using first = new Listener();
  using second = new Listener();
  assert(first.name !== second.name && first.name !== "");
  assertThrows(() => new Listener(""), RangeError, "Cannot listen: name must be");
});

// CPython TestListenerClient.test_issue16955
test("Connection.poll() of a client sees what the accepting end sent", async () => {
  using listener = new Listener<string>();
  using client = Client<string>(listener.name);
  using connection = await listener.accept(guard);
  assertEquals([client.pollSync(), await client.poll({ timeoutMs: 1 })], [false, false]);
  connection.sendSync("hello");
  assertEquals([client.pollSync(), await client.poll(guard)], [true, true]);
  assertEquals(client.recvSync(guard), "hello");
  assertEquals(client.pollSync(), false);
});

// CPython TestListener.test_context
test("Listener and Client are closed at the end of their scopes", async () => {
  let outside: Listener<string>, end: Connection<string>;
  {
    using listener = new Listener<string>("scope");
    using client = Client<string>("scope");
    using connection = await listener.accept(guard);
    client.sendSync("hello");
    assertEquals(connection.recvSync(guard), "hello");
    connection.sendSync("hello back");
    assertEquals(await client.recv(guard), "hello back");
    [outside, end] = [listener, client];
  }
  assert(outside.closed && end.closed);
  outside.close();
  const closed = "Cannot accept: the listener is closed";
  await assertRejects(() => outside.accept(), ClosedError, closed);
  assertThrows(() => outside.acceptSync(), ClosedError, closed);
  const message = 'Cannot connect: there is no listener of the name "scope"';
  assertThrows(() => Client("scope"), ConnectionRefused, message);
  assertThrows(() => Client(undefined as unknown as string), TypeError, "name must be a string");
});

test("Listener.accept() waits, and ends on timeout, abort and close", async () => {
  using listener = new Listener<number>("patience");
  for (const timeoutMs of [-1, 0, 5]) {
    const message = `Cannot accept: no connection was made within ${timeoutMs} ms`;
    await assertRejects(() => listener.accept({ timeoutMs }), TimeoutError, message);
    assertThrows(() => listener.acceptSync({ timeoutMs }), TimeoutError, message);
  }
  const controller = new AbortController();
  const aborted = listener.accept({ signal: controller.signal });
  controller.abort("enough");
  assertEquals(await aborted.catch((reason) => reason), "enough");
  const accepting = listener.accept(guard);
  const ready = waitAny([listener], guard);
  const client = Client<number>("patience");
  client.sendSync(1);
  assertEquals((await accepting).recvSync(), 1);
  Client("patience");
  assertEquals(await ready, [listener]);
  listener.acceptSync();
  const late = [listener.accept(guard), listener.accept(guard)];
  const told = waitAny([listener], guard);
  listener.close();
  for (const it of late) await assertRejects(() => it, ClosedError);
  assertEquals(await told, [listener]);
});

// CPython TestListenerClient.test_issue14725
test("Listener.accept() accepts a client that sent and closed before", async () => {
  using listener = new Listener<string>("hasty");
  const client = Client<string>("hasty");
  client.sendSync("hello");
  client.close();
  using connection = await listener.accept(guard);
  assertEquals(connection.recvSync(), "hello");
  await assertRejects(() => connection.recv(guard), EOFError);
  assertThrows(() => connection.sendSync("too late"), BrokenPipeError);
});

test("Listener.close() ends the clients that were not accepted", async () => {
  const listener = new Listener<string>("full");
  const [first, second] = [Client<string>("full"), Client<string>("full")];
  using accepted = await listener.accept(guard);
  const waiting = second.recv(guard);
  listener.close();
  await assertRejects(() => waiting, EOFError);
  assertThrows(() => second.sendSync("x"), BrokenPipeError);
  first.sendSync("accepted is accepted");
  assertEquals(accepted.recvSync(), "accepted is accepted");
});

test("Client() is refused by a listener that is closed while it connects", () => {
  using listener = new Listener<string>("hesitant");
  const references = addressOf(listener)! + objectWord.REFERENCES;
  const { add } = Atomics;
  let state: "searched" | "found" | "closed" = "searched";
  using _ = stub(
    Atomics,
    "add",
    ((...args: Parameters<typeof add>) => {
      if (args[1] === references) {
        state = "found";
      } else if (state === "found") {
        state = "closed";
        listener.close();
      }
      return add(...args);
    }) as typeof add,
  );
  assertThrows(() => Client("hesitant"), ConnectionRefused, "there is no listener of the name");
  assertEquals([state, listener.closed], ["closed", true]);
});

// Workers

const call = task(import.meta, (name: string, message: string) => {
  using connection = Client<string>(name);
  connection.sendSync(message);
  if (connection.recvSync() !== `you said ${message}`) throw new Error("misheard");
});

// CPython TestListenerClient.test_listener_client, test_issue16955
test("Listener accepts connections of workers, which then exchange messages", async () => {
  using listener = new Listener<string>();
  const processes = Array.from({ length: 4 }, (_, id) => run(call, listener.name, `hello ${id}`));
  const heard: string[] = [];
  for (let left = processes.length; left > 0; left--) {
    using connection = left % 2 === 0 ? listener.acceptSync(guard) : await listener.accept(guard);
    assert(await connection.poll(guard) && connection.pollSync());
    const message = connection.recvSync();
    heard.push(message);
    connection.sendSync(`you said ${message}`);
    await assertRejects(() => connection.recv(guard), EOFError);
  }
  assertEquals(heard.sort(), ["hello 0", "hello 1", "hello 2", "hello 3"]);
  for (const process of processes) await ended(process);
});

const serve = task(import.meta, (name: string | Listener<string>, ready: Event) => {
  const listener = typeof name === "string" ? new Listener<string>(name) : name;
  ready.set();
  for (;;) {
    using connection = listener.acceptSync();
    connection.sendSync("at your service");
    connection.recvSync();
  }
});

for (const ending of ["terminate", "kill"] as const) {
  test(`Listener of a worker that ends by ${ending}() frees its name and its clients`, async () => {
    const ready = new Event();
    const process = run(serve, "mortal", ready);
    assert(await ready.wait(guard));
    assertThrows(() => new Listener("mortal"), AddrInUse);
    const [served, waiting] = [Client<string>("mortal"), Client<string>("mortal")];
    assertEquals(await served.recv(guard), "at your service");
    const answer = waiting.recv(guard);
    process[ending]();
    await assertRejects(() => answer, EOFError);
    await assertRejects(() => served.recv(guard), EOFError);
    assertThrows(() => Client("mortal"), ConnectionRefused);
    using _ = new Listener("mortal");
    await ended(process, ending === "kill" ? -9 : -15);
  });
}

testProcess(
  "Listener accepts in every isolate that it was sent to, and lasts while one has it",
  async () => {
    using listener = new Listener<string>("shared");
    const queue = new Queue<Listener<string>>();
    queue.putSync(listener);
    assertStrictEquals(queue.getSync(), listener);
    const ready = new Event();
    const process = run(serve, listener, ready);
    assert(await ready.wait(guard));
    const client = Client<string>("shared");
    assertEquals(await client.recv(guard), "at your service");
    process.terminate();
    await assertRejects(() => client.recv(guard), EOFError);
    await ended(process, -15);
    const other = Client<string>("shared");
    listener.acceptSync(guard).sendSync("here");
    assertEquals(other.recvSync(guard), "here");
  },
);

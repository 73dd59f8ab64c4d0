/**
 * Jobs that outlive their callers, with a server that the test plays.
 *
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { stub } from "@std/testing/mock";
import { FakeTime } from "@std/testing/time";
import { CancelledError, CorruptMessageError, TimeoutError } from "@sauropod/multiprocessing";
import {
  attachJob,
  jobIds,
  type JobResult,
  type JobsAccess,
  submitJob,
} from "../../lib/cluster/jobs.ts";
import type { Link } from "../../lib/cluster/link.ts";
import { type Header, namesOf, open, type Opened, seal } from "../../lib/cluster/protocol.ts";
import { runRemoteChunk } from "../../lib/cluster/remote_chunk.ts";
import type { SharedLink } from "../../lib/cluster/shared_link.ts";
import { CallMode } from "../../lib/pool/chunks/chunk.ts";
import { keepsMemory, test } from "../fixtures/guarded.ts";
import { failing, square } from "./cluster_tasks.ts";
import { turnsOfAnyClock } from "../fixtures/turn.ts";

keepsMemory(); // the functions of results keep their names

const key = new TextEncoder().encode("a key");
const names = namesOf("x");

interface Stored {
  subject: string;
  data: Uint8Array;
}

/** A server with the streams of jobs. */
class Server {
  /** The last message of each subject. */
  readonly kept = new Map<string, Stored>();
  readonly tasks = new Map<string, Stored>();
  readonly log: string[] = [];
  /** How many users its connection has. */
  users = 0;
  readonly #readers = new Set<{ prefix: string; queue: Stored[]; wake(): void; closed: boolean }>();

  /** How many read results. */
  get readers(): number {
    return this.#readers.size;
  }

  put(subject: string, header: Header, parts: readonly Uint8Array[] = [], secret = key): void {
    const stored = { subject, data: seal(secret, subject, header, parts) };
    (subject.startsWith("mp.x.kept.") ? this.kept : this.tasks).set(subject, stored);
    for (const reader of this.#readers) {
      if (!subject.startsWith(reader.prefix)) continue;
      reader.queue.push(stored);
      reader.wake();
    }
  }

  /** Runs a chunk that waits, as a node does. */
  async run(index: number): Promise<void> {
    const [subject, { data }] = [...this.tasks].find(([it]) => it.endsWith(`.${index}`))!;
    const { header, message } = open(key, subject, data);
    const { streamBytes, definitions } = header as never;
    const result = await runRemoteChunk({
      ...{ mode: CallMode.MAP, streamBytes, definitions, parts: [message], constants: [] },
      worker: "one",
    });
    this.tasks.delete(subject);
    this.put(subject.replace(".task.", ".kept."), { ...result, parts: undefined }, result.parts);
  }

  #messages(token: string) {
    const reader = {
      ...{ prefix: `mp.x.kept.jobs.${token}.`, queue: [] as Stored[], wake() {}, closed: false },
    };
    reader.queue.push(
      ...[...this.kept.values()].filter(({ subject }) => subject.startsWith(reader.prefix)),
    );
    this.#readers.add(reader);
    const close = () => {
      reader.closed = true;
      this.#readers.delete(reader);
      reader.wake();
      return Promise.resolve();
    };
    return {
      close,
      async *[Symbol.asyncIterator]() {
        while (!reader.closed) {
          const next = reader.queue.shift();
          if (next !== undefined) yield next;
          else await new Promise<void>((resolve) => reader.wake = resolve);
        }
      },
    };
  }

  readonly link = {
    names,
    settings: { name: "x", authKey: key, keepMs: 1e6 },
    open: (subject: string, data: Uint8Array) => open(key, subject, data),
    contentsOf: ({ message }: Opened) => Promise.resolve([message]),
    last: (subject: string) => Promise.resolve(this.kept.get(subject)),
    storeFirst: (subject: string, header: Header) => {
      const isFirst = !this.kept.has(subject);
      if (isFirst) this.put(subject, header);
      return Promise.resolve(isFirst);
    },
    send: async (subject: string, _: string, header: Header, parts?: Uint8Array[]) => {
      this.log.push(`send ${subject.split(".").slice(-1)}`);
      await turnsOfAnyClock();
      this.put(subject, header, parts);
      return true;
    },
    subjectsIn: (stream: string, filter: string) => {
      const pattern = filter.split(".").map((part) => part === "*" ? "[^.]+" : part).join("\\.");
      const subjects = (stream === names.kept ? this.kept : this.tasks).keys();
      return Promise.resolve(
        [...subjects].filter((subject) => new RegExp(`^${pattern}$`).test(subject)),
      );
    },
    kept: (token: string) => Promise.resolve(this.#messages(token)),
    cancel: (owner: string, token: string) => {
      this.log.push(`cancel ${owner} ${token.split("=")[0]}`);
      return Promise.resolve();
    },
    forgetKept: (token: string) => {
      this.log.push(`forget ${token.replace(/=.*/, "=")}`);
      for (const subject of this.kept.keys()) {
        if (subject.startsWith(`mp.x.kept.jobs.${token}.`)) this.kept.delete(subject);
      }
      return Promise.resolve();
    },
    dropObjectOf: ({ subject }: Stored) => this.log.push(`drop ${subject.split(".").at(-1)}`),
  } as unknown as Link;

  readonly access: JobsAccess = {
    link: {
      acquire: () => {
        this.users++;
        return Promise.resolve(this.link);
      },
      release: () => this.users--,
      use: async (fn: (link: Link) => Promise<unknown>) => {
        this.users++;
        try {
          return await fn(this.link);
        } finally {
          this.users--;
        }
      },
    } as unknown as SharedLink,
    programOf: () => undefined,
  };

  /** Changes what is stored of a job. */
  change(id: string, changes: Header): void {
    const subject = names.subject("kept", "jobs", id, "about");
    const { header } = open(key, subject, this.kept.get(subject)!.data);
    this.put(subject, { ...header, ...changes });
  }
}

const numbers = (n: number) => Array.from({ length: n }, (_, x) => x);
const options = { id: "night", chunkSize: 3 };

test("status() counts the items of the chunks that are done", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(7), options);
  const status = { id: "night", task: "square", total: 7, isSubmitted: true, isCancelled: false };
  assertEquals([server.tasks.size, server.users], [3, 0]);
  for (const [index, done] of [[2, 1], [0, 4], [1, 7]]) {
    await server.run(index);
    const found = await job.status();
    assertEquals({ ...found, task: "square" }, { ...status, done });
    assertStringIncludes(found.task, "cluster_tasks.ts"); // where it is, since it has no name
  }
  server.change("night", { isSubmitted: false, isCancelled: true });
  const { isSubmitted, isCancelled } = await job.status();
  assertEquals([isSubmitted, isCancelled, server.users], [false, true, 0]);
});

test("results() waits for all results, and has them in the order of the items, again and again", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(7), options);
  await server.run(2);
  const reports: string[] = [];
  const results = job.results({
    onProgress: ({ done, total, ended }) => void reports.push(`${done} of ${total} ${ended}`),
  });
  await turnsOfAnyClock();
  for (const index of [1, 0]) await server.run(index);
  const squares = numbers(7).map((x) => x * x);
  assertEquals(await results, squares);
  assertEquals(reports, numbers(7).map((done) => `${done + 1} of 7 ${done === 6}`));
  assertEquals(await job.results(), squares);
  assertEquals(await (await attachJob(server.access, "night")).results(), squares);
  assertEquals([server.users, server.readers], [0, 0]);
});

test("arrivals() yields results as they arrive, the first one of each chunk", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(3), { id: "night", chunkSize: 2 });
  const copy = [...server.tasks.values()][1];
  await server.run(1);
  server.tasks.set(copy.subject, copy); // a node that was lost runs it too
  const arrivals = job.arrivals();
  assertEquals((await arrivals.next()).value, { index: 2, value: 4 });
  const next = arrivals.next();
  await server.run(1);
  await server.run(0);
  assertEquals((await next).value, { index: 0, value: 0 });
  assertEquals((await arrivals.next()).value, { index: 1, value: 1 });
  assertEquals([(await arrivals.next()).done, server.users, server.readers], [true, 0, 0]);
  for await (const { index } of job.arrivals()) if (index === 2) break;
  assertEquals([server.users, server.readers], [0, 0]);
});

test("a job of no items has no results", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, []);
  assertEquals([await job.results(), server.tasks.size, server.users], [[], 0, 0]);
});

test("arrivals() yields an error for each item of a chunk that failed, and results() throws it", async () => {
  const server = new Server();
  const job = await submitJob(server.access, failing, numbers(5), { id: "night", chunkSize: 2 });
  for (const index of [0, 1, 2]) await server.run(index);
  const found: string[] = [];
  const describe = (result: JobResult<number>) =>
    "error" in result ? `${result.index}: ${result.error}` : `${result.index}: ${result.value}`;
  for await (const result of job.arrivals()) {
    found.push(describe(result));
    if ("error" in result) assertStringIncludes((result.error as Error).stack!, ", item 2");
  }
  const no = "RangeError: no 2";
  assertEquals(found, ["0: 0", "1: 1", `2: ${no}`, `3: ${no}`, "4: 4"]);
  const reports: boolean[] = [];
  const onProgress = ({ ended }: { ended: boolean }) => void reports.push(ended);
  await assertRejects(() => job.results({ onProgress }), RangeError, "no 2");
  assertEquals([reports, server.users, server.readers], [[false, false, true], 0, 0]);
});

test("results() ends with its signal, and after its time", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(2), options);
  const text = "Cannot wait for job night: its results took too long";
  for (const timeoutMs of [0, 1]) {
    await assertRejects(() => job.results({ timeoutMs }), TimeoutError, text);
  }
  const stop = new AbortController();
  const waiting = job.results({ signal: stop.signal, timeoutMs: 1e9 });
  for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
  stop.abort(new SyntaxError("enough"));
  await assertRejects(() => waiting, SyntaxError, "enough");
  const aborted = AbortSignal.abort(new SyntaxError("enough"));
  await assertRejects(() => job.results({ signal: aborted }), SyntaxError, "enough");
  assertEquals([server.users, server.readers], [0, 0]);
  await server.run(0);
  const { signal } = new AbortController();
  assertEquals(await job.results({ signal, timeoutMs: 1e9 }), [0, 1]); // and no listener is left
});

test("results() waits as long as timeoutMs says", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, [1], options);
  using time = new FakeTime();
  using _clock = stub(performance, "now", () => 1e6);
  let said: unknown;
  const waiting = job.results({ timeoutMs: 1500 }).catch((error) => said = error);
  for (const [ms, isOver] of [[1499, false], [1, true]] as const) {
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
    time.tick(ms);
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
    assertEquals(said instanceof TimeoutError, isOver);
  }
  await waiting;
});

test("results() looks every two seconds whether the job goes on", async () => {
  using time = new FakeTime();
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(2), options);
  const pass = async () => {
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
    time.tick(2000);
    for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
  };
  const ends: [() => void, new () => Error, string][] = [
    [() => server.change("night", { isCancelled: true }), CancelledError, "it was cancelled"],
    [() => server.change("night", { run: "another" }), Deno.errors.NotFound, "Cannot find job"],
    [() => server.kept.clear(), Deno.errors.NotFound, "Cannot find job night: cluster x has none"],
  ];
  const stored = [...server.kept];
  for (const [end, kind, text] of ends) {
    for (const [subject, message] of stored) server.kept.set(subject, message);
    const waiting = assertRejects(() => job.results(), kind, text);
    await pass(); // it goes on
    end();
    await pass();
    await waiting;
    assertEquals([server.users, server.readers, time.next()], [0, 0, false]);
  }
});

test("submit() goes on where it was interrupted, and results() says that it was", async () => {
  const server = new Server();
  await submitJob(server.access, square, numbers(7), options);
  const [lost] = [...server.tasks.keys()];
  await server.run(1);
  server.tasks.delete(lost);
  server.change("night", { isSubmitted: false });
  server.log.length = 0;
  const job = await attachJob<number>(server.access, "night");
  await assertRejects(() => job.results(), Error, "not all of its items are with the server");
  await submitJob(server.access, square, numbers(7), options);
  assertEquals(server.log, ["send 0", "send about"]);
  for (const index of [0, 2]) await server.run(index);
  assertEquals(await job.results(), numbers(7).map((x) => x * x));
  server.log.length = 0;
  await submitJob(server.access, square, numbers(7), options);
  assertEquals(server.log, ["send about"]);
});

test("submit() refuses an id that another job has, or one that was cancelled", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(7), options);
  const submit = (count: number, chunkSize: number) =>
    submitJob(server.access, square, numbers(count), { id: "night", chunkSize });
  const text = "night is there, with 7 items in chunks of 3, not ";
  await assertRejects(() => submit(8, 3), RangeError, `${text}8 items in chunks of 3`);
  await assertRejects(() => submit(7, 2), RangeError, `${text}7 items in chunks of 2`);
  server.log.length = 0;
  await job.cancel();
  assertEquals(server.log, ["send about", "cancel jobs night"]);
  await assertRejects(() => submit(7, 3), CancelledError, 'Call remove() of attach("night") first');
  using _time = new FakeTime(); // which stands still: it is seen at once
  await assertRejects(() => job.results(), CancelledError, "it was cancelled");
  assertEquals(server.users, 0);
});

test("remove() cancels the job, and forgets it and its results", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, numbers(4), options);
  await submitJob(server.access, square, [1], { id: "day" });
  await server.run(1);
  assertEquals(await jobIds(server.access), ["day", "night"]);
  server.log.length = 0;
  await job.remove();
  const cancelled = ["send about", "cancel jobs night"];
  assertEquals(server.log.splice(0), [...cancelled, "drop 1", "forget night=", "forget night"]);
  assertEquals(await jobIds(server.access), ["day"]);
  await job.remove();
  assertEquals([server.log, server.users], [[], 0]);
  for (const call of [() => job.status(), () => job.cancel(), () => job.results()]) {
    await assertRejects(call, Deno.errors.NotFound, "Cannot find job night");
  }
  await assertRejects(() => attachJob(server.access, "night"), Deno.errors.NotFound);
});

test("a result of nobody in the cluster is said, and another one is taken", async () => {
  using print = stub(console, "error");
  const server = new Server();
  const job = await submitJob(server.access, square, [3], { id: "night" });
  const [subject] = [...server.tasks.keys()];
  const results = job.results();
  await turnsOfAnyClock();
  const kept = subject.replace(".task.", ".kept.");
  server.put(kept, { streamBytes: 8 }, [], new TextEncoder().encode("another key"));
  server.put(kept, { streamBytes: 8, definitions: 5 });
  for (let turns = 0; turns < 5; turns++) await turnsOfAnyClock();
  await server.run(0);
  assertEquals(await results, [9]);
  const said = print.calls.map(({ args: [text, error] }) => `${text} ${error.name}`);
  assertEquals(said, [
    "A result was refused: AuthenticationError",
    "A result was refused: CorruptMessageError",
  ]);
});

test("what is stored of a job is not believed", async () => {
  const server = new Server();
  const job = await submitJob(server.access, square, [3], { id: "night" });
  const [about] = server.kept.values();
  const damaged: Header[] = [
    ...[{ named: 5 }, { named: [5] }, { run: "x".repeat(33) }, { task: 5 }],
    ...[{ total: 2 ** 32 + 1 }, { total: -1 }, { chunkSize: 0.5 }],
  ];
  for (const changes of damaged) {
    server.kept.set(about.subject, about);
    server.change("night", changes);
    await assertRejects(() => job.status(), CorruptMessageError, undefined, Deno.inspect(changes));
  }
  server.kept.set(about.subject, about);
  server.change("night", { total: 2 ** 32, isSubmitted: 1, isCancelled: "yes" });
  const { total, isSubmitted, isCancelled } = await job.status();
  assertEquals([total, isSubmitted, isCancelled], [2 ** 32, false, false]);
});

test("ids of jobs are up to 64 letters, digits, hyphens and underscores", async () => {
  const { access } = new Server();
  const submit = (id: unknown) => submitJob(access, square, [], { id: id as string });
  for (const id of ["a", "A_9-b", "x".repeat(64)]) assertEquals((await submit(id)).id, id);
  assertEquals((await submitJob(access, square, [])).id.length, 36);
  for (const id of ["", "a.b", "a b", "é", "x".repeat(65)]) {
    await assertRejects(() => submit(id), RangeError, "id must be 1 to 64 letters");
    await assertRejects(
      () => attachJob(access, id),
      RangeError,
      "Cannot attach to job: id must be",
    );
  }
  for (const id of [5, null]) {
    await assertRejects(() => submit(id), TypeError, "id must be a string");
  }
});

import { assert, assertEquals } from "@std/assert";
import * as mp from "@sauropod/multiprocessing";
import * as cluster from "@sauropod/multiprocessing/cluster";
import * as dummy from "@sauropod/multiprocessing/dummy";
import * as futures from "@sauropod/multiprocessing/futures";
import * as joblib from "@sauropod/multiprocessing/joblib";
import * as loops from "@sauropod/multiprocessing/loops";
import * as ndarray from "@sauropod/multiprocessing/ndarray";
import * as node from "@sauropod/multiprocessing/node";
import * as progress from "@sauropod/multiprocessing/progress";
import * as random from "@sauropod/multiprocessing/random";
import * as sharedmem from "@sauropod/multiprocessing/sharedmem";
import * as threading from "@sauropod/multiprocessing/threading";
import config from "../../deno.json" with { type: "json" };

/** The exports of each import of the package, without `./dummy`, which has the names of `.`. */
const shelves: Record<string, Record<string, unknown>> = {
  ".": mp,
  "./cluster": cluster,
  "./futures": futures,
  "./joblib": joblib,
  "./loops": loops,
  "./ndarray": ndarray,
  "./node": node,
  "./progress": progress,
  "./random": random,
  "./sharedmem": sharedmem,
  "./threading": threading,
};

/** The exports by name, with the import of each. */
const exported = new Map(
  Object.entries(shelves).flatMap(([from, module]) =>
    Object.entries(module).map(([name, value]) =>
      [name, { from, value: value as { prototype?: object } }] as const
    )
  ),
);

/** A row of a table of the guide. */
interface Row {
  python: string;
  here: string;
  from: string;
}

const text = await Deno.readTextFile(new URL("../../docs/from_python.md", import.meta.url));

/** The rows of all tables, without headings. */
const rows = text.split("\n").filter((line) => /^\| (?!-|Python )/.test(line)).map((line): Row => {
  const [, python, here, from] = line.split("|").map((cell) => cell.trim());
  return { python, here, from };
});

/** Returns the pieces of code in a cell. */
function codesIn(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code);
}

/** Returns the cell with the names of the package. */
function namesCell({ python, here }: Row): string {
  return here === "the same" ? python : here;
}

/** Returns the exports that a cell names. In `` `Pool.map()`, `join()` `` the second is a method. */
function exportsIn(cell: string): string[] {
  const found: string[] = [];
  let owner: object = {};
  for (const code of codesIn(cell)) {
    const [, name, dot] = /^(?:await using \w+ = )?(?:new )?(\w+)(\.)?/.exec(code) ?? [];
    if (name === undefined || name in owner || !exported.has(name)) continue;
    found.push(name);
    const { prototype } = exported.get(name)!.value;
    if (dot !== undefined && prototype !== undefined) owner = prototype;
  }
  return found;
}

/** Python's public names: `__all__` of its modules, as of 3.13, and the methods of their classes. */
const names: Record<string, string> = {
  multiprocessing: `Array AuthenticationError Barrier BoundedSemaphore BufferTooShort Condition
    Event JoinableQueue Lock Manager Pipe Pool Process ProcessError Queue RLock RawArray RawValue
    Semaphore SimpleQueue TimeoutError Value active_children allow_connection_pickling cpu_count
    current_process freeze_support get_all_start_methods get_context get_logger get_start_method
    log_to_stderr parent_process reducer set_executable set_forkserver_preload set_start_method`,
  connection: "Client Listener Pipe wait",
  managers: "BaseManager BaseProxy SharedMemoryManager SyncManager Token",
  pool: "Pool ThreadPool",
  shared_memory: "ShareableList SharedMemory",
  sharedctypes: "Array RawArray RawValue Value copy synchronized",
  copyreg: "pickle",
  threading: `Barrier BoundedSemaphore BrokenBarrierError Condition Event Lock RLock Semaphore
    TIMEOUT_MAX Thread ThreadError Timer active_count current_thread enumerate excepthook get_ident
    get_native_id getprofile gettrace local main_thread setprofile settrace stack_size`,
  queue: "Empty Full LifoQueue PriorityQueue Queue ShutDown SimpleQueue",
  "concurrent.futures": `ALL_COMPLETED BrokenExecutor CancelledError Executor FIRST_COMPLETED
    FIRST_EXCEPTION Future ProcessPoolExecutor ThreadPoolExecutor TimeoutError as_completed wait`,
  Process:
    "authkey close daemon exitcode ident is_alive join kill name pid run sentinel start terminate",
  "Pool's methods": `apply apply_async close imap imap_unordered join map map_async starmap
    starmap_async terminate`,
  AsyncResult: "get ready successful wait",
  "Queue's methods": `cancel_join_thread close empty full get get_nowait join_thread put put_nowait
    qsize shutdown task_done join`,
  Connection:
    "close closed fileno poll readable recv recv_bytes recv_bytes_into send send_bytes writable",
  "Lock's methods": "acquire release locked get_value",
  "Condition's methods": "notify notify_all wait wait_for",
  "Event's methods": "clear is_set set wait",
  "Barrier's methods": "abort broken n_waiting parties reset wait",
  "Thread's methods": "daemon ident is_alive join name native_id run start cancel",
  "Future's methods":
    `add_done_callback cancel cancelled done exception result running set_exception
    set_result set_running_or_notify_cancel`,
  "Executor's methods": "map shutdown submit",
};

Deno.test("docs/from_python.md names every export of Python's modules", () => {
  const python = rows.map((row) => row.python).join("\n");
  for (const [module, list] of Object.entries(names)) {
    const missing = list.split(/\s+/).filter((name) => !new RegExp(`\\b${name}\\b`).test(python));
    assertEquals(missing, [], module);
  }
});

Deno.test("docs/from_python.md names only exports and methods that exist", () => {
  let checked = 0;
  for (const code of rows.flatMap((row) => codesIn(row.here))) {
    const [, owner, member] = /^(?:new )?([A-Z]\w+)(?:\(\))?(?:\.(\w+))?/.exec(code) ?? [];
    const [, fn] = /^([a-z]\w*)\(/.exec(code) ?? [];
    if (owner !== undefined && exported.has(owner)) {
      checked++;
      const { value } = exported.get(owner)!;
      if (member === undefined || value.prototype === undefined || owner === "Manager") continue;
      const isField = ["name", "daemon", "error", "ident", "nativeId"].includes(member);
      assert(isField || member in value.prototype || member in value, `${code} does not exist`);
    } else if (fn !== undefined && !code.includes(".")) {
      const isMethod = [...exported.values()]
        .some(({ value }) => value?.prototype && fn in value.prototype);
      assert(exported.has(fn) || isMethod, `${code} does not exist`);
      checked++;
    } else if (owner !== undefined) {
      assert(["Deno", "Error"].includes(owner), `${code} does not exist`);
    }
  }
  assert(checked > 100, `${checked} names checked`);
});

Deno.test("docs/from_python.md names the import of each export", () => {
  let checked = 0;
  for (const row of rows) {
    const found = exportsIn(namesCell(row)).map((name) => exported.get(name)!.from);
    const listed = row.from === "–" ? [] : codesIn(row.from);
    for (const from of listed) assert(from in config.exports, `${row.python}: ${from}`);
    if (found.length > 0) assertEquals(listed.toSorted(), [...new Set(found)].sort(), row.here);
    else assert(["", "./dummy"].includes(listed.join()), `${row.here}: nothing of ${row.from}`);
    checked += found.length;
  }
  assert(checked > 200, `${checked} names checked`);
});

Deno.test("docs/from_python.md names every export of the package", () => {
  const all = rows.flatMap((row) => codesIn(namesCell(row))).join("\n");
  const missing = [...exported.keys()].filter((name) => !new RegExp(`\\b${name}\\b`).test(all));
  assertEquals(missing, []);
  const own = Object.keys(dummy).filter((name) => !exported.has(name));
  assertEquals(own, [], "./dummy has the names of the package");
});

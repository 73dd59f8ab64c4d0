import { assert, assertEquals } from "@std/assert";
import * as mp from "../fixtures/all_shelves.ts";
import * as ndarray from "@sauropod/multiprocessing/ndarray";
import * as random from "@sauropod/multiprocessing/random";

const table = await Deno.readTextFile(new URL("../../docs/from_python.md", import.meta.url));

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

Deno.test("docs/from_python.md names everything that Python's modules export", () => {
  const first = table.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|")[1]).join("\n");
  for (const [module, list] of Object.entries(names)) {
    const missing = list.split(/\s+/).filter((name) => !new RegExp(`\\b${name}\\b`).test(first));
    assertEquals(missing, [], module);
  }
});

Deno.test("docs/from_python.md names only what the package has", () => {
  const here = table.split("\n").filter((line) => line.startsWith("|"))
    .flatMap((line) =>
      [...(line.split("|")[2] ?? "").matchAll(/`([^`]+)`/g)].map(([, code]) => code)
    );
  const exported = { ...mp, ...ndarray, ...random } as unknown as Record<
    string,
    { prototype?: object } | undefined
  >;
  let checked = 0;
  for (const code of here) {
    const [, owner, member] = /^(?:new )?([A-Z]\w+)(?:\(\))?(?:\.(\w+))?/.exec(code) ?? [];
    const [, fn] = /^([a-z]\w*)\(/.exec(code) ?? [];
    if (owner !== undefined && owner in exported) {
      checked++;
      const { prototype } = exported[owner]!;
      if (member === undefined || prototype === undefined || owner === "Manager") continue;
      const isField = ["name", "daemon", "error", "ident", "nativeId"].includes(member);
      assert(
        isField || member in prototype || member in exported[owner]!,
        `${code} does not exist`,
      );
    } else if (fn !== undefined && !code.includes(".")) {
      const isMethod = Object.values(exported).some((it) => it?.prototype && fn in it.prototype);
      assert(fn in exported || isMethod, `${code} does not exist`);
      checked++;
    } else if (owner !== undefined) {
      assert(["Deno", "Error"].includes(owner), `${code} does not exist`);
    }
  }
  assert(checked > 100, `${checked} names checked`);
});

/**
 * Behaviour that upper layers install in lower ones.
 *
 * A lower layer calls a hook by name and knows nothing of the module that installed it. Each hook has one
 * owner: installing it a second time throws. A hook that is not installed is skipped.
 *
 * | hook | called by | installed by | when |
 * |---|---|---|---|
 * | `currentFiber` | `parking`, at the start of each async wait | `threading/thread.ts` | when the first thread starts |
 * | `beforeBlock` | `parking`, before each blocking sleep | `threading/blocking.ts` | when the first thread starts |
 * | `hasPeers` | `parking/keep_alive.ts`, in the main isolate | `runtime/host.ts` | before the first worker starts |
 * | `serveRequests` | `parking`, when the `SERVICE` control bit is set | `runtime/host.ts`, `pool/engines/isolates/pool_worker.ts` | in the main isolate before the first worker starts; in the worker of a pool at its start |
 * | `makeRoom` | `codec/message.ts`, when the heap is full | `runtime/host.ts` | in the main isolate, before the first worker starts |
 * | `onStop` | `parking`, when the `STOP` control bit is set and the event loop is free | `runtime/worker.ts` | at the birth of a worker |
 * | `announceBuffer`, `receiveBuffers`, `requestBuffer` | `codec/buffers.ts` | `runtime/host.ts` or `runtime/worker.ts` | before the first worker starts; at the birth of a worker |
 * | `hintForImport` | `codec/functions.ts`, when a module does not have what it should | `runtime/worker.ts` | at the birth of a worker |
 * | `beforeEnd` | `runtime/worker.ts`, when the runner has returned or thrown | `threading/thread.ts` | when the first thread starts |
 * | `debugLog` | `runtime/debug_log.ts` | `logging/logger.ts` | when a logger is imported |
 *
 * @module
 */

/** An object that only `postMessage` can carry to another isolate: a "buffer". */
export type PostableBuffer = SharedArrayBuffer | WebAssembly.Memory | WebAssembly.Module;

/** An async context with a keep-alive and an abort signal of its own, such as a `Thread`'s. */
export interface Fiber {
  /** Whether the program stays alive while the fiber waits. */
  readonly keepAlive: boolean;
  /** Ends the waits of the fiber, with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** All hooks. */
export interface Hooks {
  /** Returns the fiber whose code is running; `undefined` outside of any. */
  currentFiber(): Fiber | undefined;
  /** The isolate is about to block for at most `leftMs` milliseconds. */
  beforeBlock(leftMs: number): void;
  /** Whether other isolates live that could end a wait of the main isolate. */
  hasPeers(): boolean;
  /** Does what other isolates have requested of this one. */
  serveRequests(): void;
  /** Frees what isolates held that have ended. Returns whether there were any. */
  makeRoom(): boolean;
  /** Ends this isolate, which was told to end. */
  onStop(): void;
  /** Sends a buffer to every other isolate. */
  announceBuffer(address: number, buffer: PostableBuffer): void;
  /** Takes in the buffers that were sent to this isolate, without a turn of the event loop. */
  receiveBuffers(): void;
  /** Requests that a buffer be sent to this isolate again. */
  requestBuffer(address: number): void;
  /** Returns what may explain that a module is another one here than in the program; "" if nothing does. */
  hintForImport(): string;
  /** Waits for what still runs in a worker whose runner has returned. */
  beforeEnd(): Promise<void>;
  /** Logs a message about the package's own work. */
  debugLog(level: number, message: string): void;
}

const NONE: { [Name in keyof Hooks]: undefined } = {
  currentFiber: undefined,
  beforeBlock: undefined,
  hasPeers: undefined,
  serveRequests: undefined,
  makeRoom: undefined,
  onStop: undefined,
  announceBuffer: undefined,
  receiveBuffers: undefined,
  requestBuffer: undefined,
  hintForImport: undefined,
  beforeEnd: undefined,
  debugLog: undefined,
};

/** The hooks that are installed in this isolate. */
export const hooks: { readonly [Name in keyof Hooks]: Hooks[Name] | undefined } = { ...NONE };

/**
 * Installs hooks.
 *
 * @throws {Error} if one of them is installed already; then none is installed
 */
export function installHooks(some: Partial<Hooks>): void {
  for (const name of Object.keys(some)) {
    if (Reflect.get(hooks, name) !== undefined) {
      throw new Error(`Cannot install hook ${name}: it is installed already. Each has one owner`);
    }
  }
  Object.assign(hooks, some);
}

/** Removes all hooks: for tests, and for the model checker. */
export function resetHooks(): void {
  Object.assign(hooks, NONE);
}

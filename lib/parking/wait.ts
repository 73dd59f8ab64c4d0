/**
 * The two ways to wait: {@linkcode blockOn} stops the thread, {@linkcode awaitOn} a promise.
 *
 * What is waited for is written once, as steps: a generator that yields a {@linkcode Park} whenever
 * it can do nothing but sleep, and is resumed with the {@linkcode ParkResult}. The two parkers differ
 * in how they sleep on the `WAKE` word of their thread: `Atomics.wait`, or one `Atomics.waitAsync`
 * for all the promises of the isolate, which takes the woken ones from the thread's `READY` stack.
 * There is never more than that one outstanding, so none can swallow a wake-up meant for another.
 *
 * A promise that waits keeps the program alive, as a pending read or a timer does.
 *
 * @module
 */

import { DeadlockError, TerminatedError } from "../errors.ts";
import { deadlineOf, type WaitOptions } from "../arguments/wait_options.ts";
import { SPINS } from "../heap/guard.ts";
import { i32 } from "../heap/views.ts";
import {
  holdLoop,
  holdLoopForPeers,
  releaseLoop,
  releaseLoopForPeers,
  setWoken,
  updateKeepAlive,
} from "./keep_alive.ts";
import { isOnlyHere } from "../objects/shared_object.ts";
import { ensureStackToRelease } from "../heap/stack.ts";
import {
  Control,
  isMainIsolate,
  isolateWord,
  LIVE_WORKERS,
  stopRequested,
  thisIsolate,
} from "../heap/isolate_record.ts";
import {
  acquireNode,
  dequeue,
  enqueue,
  handOff,
  NodeState,
  nodeWord,
  type Park,
  READY,
  returnNode,
  WaiterFlag,
  wakeOne,
} from "./wait_queue.ts";

/** How a sleep ended. */
export const ParkResult = {
  /** The word had changed before the sleep began. */
  CHANGED: 0,
  /** A waker says: look again. */
  WOKEN: NodeState.WOKEN,
  /** A waker gave this waiter what it waits for. */
  OWNER: NodeState.OWNER,
  /** The time is up. */
  TIMED_OUT: 4,
  /** The group that this waiter waited with goes on. */
  PASSED: NodeState.PASSED,
  /** The group that this waiter waited with has broken up. */
  BROKEN: NodeState.BROKEN,
} as const;

/** How a sleep ended: a value of {@linkcode ParkResult}. */
export type ParkResult = typeof ParkResult[keyof typeof ParkResult];

/**
 * An algorithm that waits: yields what to sleep on, is resumed with how the sleep ended. A sleep that
 * is aborted, or ends because its thread was told to end, throws at the `yield`.
 */
export type Steps<T> = Generator<Park, T, ParkResult>;

/**
 * Runs the steps to their end, blocking the thread while they sleep.
 *
 * @param object what only somebody who has it could end the wait with; 0 if there is no such object
 * @throws {DeadlockError} if a wait without end could only be ended by this thread
 */
export function blockOn<T>(steps: Steps<T>, options?: WaitOptions, object = 0): T {
  ensureStackToRelease();
  const deadline = deadlineOf(options);
  if (stopRequested()) throw stopError(); // before it sees what its own end has done to others
  let step = steps.next();
  while (!step.done) {
    let outcome: ParkResult;
    try {
      outcome = parkBlocking(step.value, deadline, object);
    } catch (error) {
      step = steps.throw(error);
      continue;
    }
    step = steps.next(outcome);
  }
  return step.value;
}

/**
 * Blocks the thread until at least one of several algorithms has come to its end, or the time is up;
 * the others are given up. For steps that look and take nothing, do not throw, and pass a wake-up on
 * that they do not use.
 *
 * @returns the indices of those that have; none if the time is up
 */
export function blockOnAny(all: readonly Steps<unknown>[], options?: WaitOptions): number[] {
  ensureStackToRelease();
  const deadline = deadlineOf(options);
  if (stopRequested()) throw stopError();
  try {
    let outcomes: (ParkResult | undefined)[] = all.map(() => undefined);
    for (;;) {
      // All of them look again, so those that are ready at the same time are found together.
      const steps = all.map((each, at) => resume(each, outcomes[at]));
      const ended = [...steps.keys()].filter((at) => steps[at].done);
      if (ended.length > 0) return ended;
      outcomes = parkBlockingAny(steps.map(({ value }) => value as Park), deadline);
      if (outcomes.includes(ParkResult.TIMED_OUT)) return [];
    }
  } finally {
    for (const steps of all) steps.return(undefined);
  }
}

function resume<T>(steps: Steps<T>, outcome: ParkResult | undefined): IteratorResult<Park, T> {
  return outcome === undefined ? steps.next() : steps.next(outcome);
}

/** An async task of this isolate with a life of its own. */
export interface Fiber {
  /** Whether the program stays alive while the task waits. */
  readonly keepAlive: boolean;
  /** Ends the waits of the task, with its reason. */
  readonly signal?: AbortSignal;
}

let currentFiber: (() => Fiber | undefined) | undefined;

/** Says how to find the task whose code runs at the moment. */
export function setCurrentFiber(current: () => Fiber | undefined): void {
  currentFiber = current;
}

/**
 * Runs the steps to their end, leaving the thread to others while they sleep.
 *
 * @param keepAlive whether the program stays alive meanwhile; without it the wait is that of the task
 * whose code runs now, which decides and may end it
 */
export function awaitOn<T>(
  steps: Steps<T>,
  options?: WaitOptions,
  keepAlive?: boolean,
): Promise<T> {
  return new Promise((resolve, reject) => {
    ensureStackToRelease();
    const deadline = deadlineOf(options);
    if (stopRequested()) throw stopError();
    const task = keepAlive === undefined ? currentFiber?.() : undefined;
    const signal = eitherOf(options?.signal, task?.signal);
    const resume = (step: IteratorResult<Park, T>) => {
      while (!step.done) {
        let outcome: ParkResult | undefined;
        try {
          outcome = parkAsync(step.value, deadline, waiter);
        } catch (error) {
          step = steps.throw(error);
          continue;
        }
        if (outcome === undefined) return;
        step = steps.next(outcome);
      }
      resolve(step.value);
    };
    const waiter: Waiter = {
      signal,
      keepAlive: keepAlive ?? task?.keepAlive ?? true,
      advance(outcome) {
        try {
          resume(steps.next(outcome));
        } catch (error) {
          reject(error);
        }
      },
      abort() {
        try {
          resume(steps.throw(waiter.signal!.reason));
        } catch (error) {
          reject(error);
        }
      },
    };
    resume(steps.next()); // what it throws rejects the promise
  });
}

/** Whether the program stays alive while the task waits whose code runs now. */
export function fiberKeepsAlive(): boolean {
  return currentFiber?.()?.keepAlive ?? true;
}

/**
 * Waits for something else than a sleep in a queue, as {@linkcode awaitOn} waits: for the task whose
 * code runs now.
 */
export async function waitInFiber<T>(
  options: WaitOptions | undefined,
  wait: (options: WaitOptions) => Promise<T>,
): Promise<T> {
  const keepAlive = fiberKeepsAlive();
  if (keepAlive) holdLoopForPeers();
  try {
    const signal = eitherOf(options?.signal, currentFiber?.()?.signal);
    return await wait({ timeoutMs: options?.timeoutMs, signal });
  } finally {
    if (keepAlive) releaseLoopForPeers();
  }
}

function eitherOf(a?: AbortSignal, b?: AbortSignal): AbortSignal | undefined {
  return a === undefined || b === undefined ? a ?? b : AbortSignal.any([a, b]);
}

// The blocking parker

let serve: (() => void) | undefined;

/** Says what this thread does when others ask for its service, whether it blocks or not. */
export function setService(service: () => void): void {
  serve = service;
  arm();
}

/** Whether a thread has a core to itself while it looks round for a moment. */
function maySpin(): boolean {
  return Atomics.load(i32, LIVE_WORKERS) <= navigator.hardwareConcurrency;
}

/**
 * Looks up to so many times, without sleeping, whether the word has changed: whether it has. Not if
 * others need the core.
 */
export function spinUntilChanged(word: number, expected: number, looks: number): boolean {
  if (!maySpin()) return false;
  for (let look = 0; look < looks; look++) {
    if (Atomics.load(i32, word) !== expected) return true;
    Atomics.pause();
  }
  return false;
}

function parkBlocking(park: Park, deadline: number, object: number): ParkResult {
  checkControl();
  if (park.untimed === true) deadline = Infinity;
  if (deadline === 0) return ParkResult.TIMED_OUT;
  if (
    park.onQueued === undefined && park.admit === undefined &&
    spinUntilChanged(park.word, park.expected, SPINS * (park.spinFactor ?? 1))
  ) return unlessStopped(ParkResult.CHANGED);
  const node = acquireNode();
  if (!enqueue(node, park, 0)) {
    returnNode(node);
    return unlessStopped(ParkResult.CHANGED);
  }
  park.onQueued?.();
  const wake = thisIsolate + isolateWord.WAKE;
  for (;;) {
    const seen = Atomics.load(i32, wake);
    const state = Atomics.load(i32, node + nodeWord.STATE);
    if (state !== NodeState.QUEUED) {
      returnNode(node);
      return unlessStopped(state as ParkResult, park.queue);
    }
    if (Atomics.load(i32, thisIsolate + isolateWord.CONTROL) !== 0) checkControl(node);
    if (hasWokenPromises()) {
      const lent = forwardWakeups(park.queue);
      if (lent !== undefined) return leaveWithForwarded(lent, node, park);
    }
    const left = deadline === Infinity ? Infinity : deadline - performance.now();
    if (left <= 0) {
      if (!dequeue(node)) continue; // woken in the last moment: that counts
      returnNode(node);
      return ParkResult.TIMED_OUT;
    }
    const deadlock = left === Infinity ? findDeadlock(park, object) : undefined;
    if (deadlock !== undefined) {
      if (!dequeue(node)) continue;
      returnNode(node);
      // It may have been handed to a promise of this thread since the look at READY. Whoever did that
      // had the guard of the queue till READY said so, and dequeue() had it afterwards.
      const lent = forwardWakeups(park.queue);
      if (lent !== undefined) return lent;
      throw new DeadlockError(`Cannot block: ${deadlock}`);
    }
    onBlock?.(left);
    Atomics.wait(i32, wake, seen, left);
  }
}

/** Whether this is the main thread, and no worker lives. One that ends has done all that it does before. */
function isAlone(): boolean {
  return isMainIsolate() && Atomics.load(i32, LIVE_WORKERS) === 0;
}

const ALONE = "no other worker lives that could end this wait, and this thread does nothing else " +
  "while it blocks. Start one first, wait with a timeoutMs, or await the async form";

/** Why nobody but this thread could end its wait, which it cannot while it blocks. */
function findDeadlock({ word, ownerWord }: Park, object: number): string | undefined {
  if (word === ownerWord && Atomics.load(i32, word) === thisIsolate) {
    return "what this call waits for is held by this very worker, which could not release it while " +
      "it blocks. Release it first, or wait with a timeoutMs if another worker will";
  }
  if (isAlone()) return ALONE;
  // An owner, which may not have the object, ends the wait for what it owns.
  if (word !== ownerWord && object !== 0 && isOnlyHere(object)) {
    return "no other worker has what this call waits for, and none can get it while this thread " +
      "blocks. Give it to a process or a task first, wait with a timeoutMs, or await the async form";
  }
}

let onBlock: ((leftMs: number) => void) | undefined;

/**
 * Says what is done each time that this thread is about to sleep in a blocking wait, which ends after
 * `leftMs` at the latest.
 */
export function setOnBlock(notice: ((leftMs: number) => void) | undefined): void {
  onBlock = notice;
}

/** Sleeps in several queues at a time: how each of the sleeps ended. */
function parkBlockingAny(parks: readonly Park[], deadline: number): ParkResult[] {
  checkControl();
  if (deadline === 0) return parks.map(() => ParkResult.TIMED_OUT);
  const nodes = parks.map(acquireNode); // before any stands in a queue: there may be no memory for them
  const unchanged = parks.findIndex((park, at) => !enqueue(nodes[at], park, 0));
  const queued = unchanged === -1 ? nodes.length : unchanged;
  let timedOut = false;
  let alone = false;
  const wake = thisIsolate + isolateWord.WAKE;
  while (queued === nodes.length) {
    const seen = Atomics.load(i32, wake);
    if (nodes.some((node) => Atomics.load(i32, node + nodeWord.STATE) !== NodeState.QUEUED)) break;
    if (stopRequested()) break;
    serveRequests();
    if (hasWokenPromises()) forwardWakeups(0);
    const left = deadline === Infinity ? Infinity : deadline - performance.now();
    timedOut = left <= 0;
    alone = left === Infinity && isAlone();
    if (timedOut || alone) break;
    onBlock?.(left);
    Atomics.wait(i32, wake, seen, left);
  }
  nodes.slice(queued).forEach(returnNode);
  const outcomes = nodes.map((node, at) => at < queued ? leaveQueue(node) : ParkResult.CHANGED);
  if (stopRequested()) {
    parks.forEach(({ queue }, at) => outcomes[at] === ParkResult.WOKEN && wakeOne(queue));
    throw stopError();
  }
  const woken = outcomes.some((outcome) => outcome !== ParkResult.CHANGED);
  if (alone && !woken) throw new DeadlockError(`Cannot block: ${ALONE}`);
  return timedOut && !woken ? parks.map(() => ParkResult.TIMED_OUT) : outcomes;
}

/** Ends the sleep of a node: it was woken, or has to look again. */
function leaveQueue(node: number): ParkResult {
  const outcome = dequeue(node)
    ? ParkResult.CHANGED
    : Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
  returnNode(node);
  return outcome;
}

/**
 * The outcome of a sleep, unless this thread was told to end meanwhile: then it must not take what it
 * waited for, and a wake-up that came is for the next.
 */
function unlessStopped(outcome: ParkResult, queue = 0): ParkResult {
  // Who was passed over has ended, though STOP may not say so yet.
  const isPassedOver = outcome as number === NodeState.SKIPPED;
  if (outcome === ParkResult.OWNER || !stopRequested() && !isPassedOver) return outcome;
  if (outcome === ParkResult.WOKEN) wakeOne(queue);
  throw stopError();
}

function stopError(): TerminatedError {
  return new TerminatedError("Cannot wait: this worker was told to end");
}

/** Ends a blocking sleep with what a promise of this thread was woken with. */
function leaveWithForwarded(lent: ParkResult, node: number, park: Park): ParkResult {
  if (!dequeue(node)) {
    // This sleep was ended at the same time. One of the two wake-ups is enough; the other is for the
    // next. Both cannot own: there is one owner at a time.
    const own = Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
    if (own === ParkResult.OWNER) lent = own;
    wakeOne(park.queue);
  }
  returnNode(node);
  return lent;
}

/**
 * Promises of this thread were woken and cannot run while it blocks, so their wake-ups serve others:
 * this thread, if it waits in the same queue, else the next in theirs. What a promise was given is
 * passed on in the same way. (A wake-up too many only makes somebody look once more; one that lay
 * here could leave everybody asleep.)
 *
 * @returns how this thread's own sleep ended, if one of them came from `queue`
 */
function forwardWakeups(queue: number): ParkResult | undefined {
  let mine: ParkResult | undefined;
  takeReady();
  for (const node of woken.splice(0)) {
    forwarded.push(node);
    const its = i32[node + nodeWord.QUEUE];
    const state = Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
    if (state !== ParkResult.WOKEN && state !== ParkResult.OWNER) continue; // of use to the promise alone
    Atomics.store(i32, node + nodeWord.STATE, NodeState.WOKEN); // the promise has to look again
    if (its === queue && mine === undefined) mine = state;
    else if (state === ParkResult.OWNER) handOff(its, i32[node + nodeWord.OWNER_WORD], thisIsolate);
    else wakeOne(its);
  }
  return mine;
}

/** Notices what this thread was asked to notice, before or while it sleeps with `node`. */
function checkControl(node = 0): void {
  const control = Atomics.load(i32, thisIsolate + isolateWord.CONTROL);
  if ((control & Control.STOP) !== 0) {
    if (node !== 0) {
      const queue = i32[node + nodeWord.QUEUE];
      const waited = dequeue(node);
      const state = Atomics.load(i32, node + nodeWord.STATE);
      returnNode(node);
      if (!waited) unlessStopped(state as ParkResult, queue); // a wake-up that came is for the next
    }
    throw stopError();
  }
  serveRequests();
}

/** Does what other threads asked this one for, if they did; for long computations, now and then. */
export function serveRequests(): void {
  if ((Atomics.load(i32, thisIsolate + isolateWord.CONTROL) & Control.SERVICE) === 0) return;
  Atomics.and(i32, thisIsolate + isolateWord.CONTROL, ~Control.SERVICE);
  serve?.();
}

// The async parker

interface Waiter {
  signal: AbortSignal | undefined;
  keepAlive: boolean;
  /**
   * Goes on with the steps, at once: a wake-up that waited for its turn among the microtasks would
   * be lost while another of them blocks the thread.
   */
  advance(outcome: ParkResult): void;
  /** Throws the reason of the signal in the steps. */
  abort(): void;
}

interface Sleeper {
  waiter: Waiter;
  signal: AbortSignal | undefined;
  /** Whether it ends at some time. */
  timed: boolean;
  timer: ReturnType<typeof setTimeout> | undefined;
  onAbort: (() => void) | undefined;
}

/** The promises that wait in this isolate, by node. */
const sleepers = new Map<number, Sleeper>();
/** Nodes of promises that were woken, in the order in which they were. */
const woken: number[] = [];
/** The same, of those whose wake-ups were lent while the thread blocked: they run when it does not. */
const forwarded: number[] = [];
let armed = false;
let onStop: (() => void) | undefined;

/** Says what this isolate does when it is told to end while its event loop is free. */
export function setOnStop(stop: () => void): void {
  onStop = stop;
  arm();
}

/** How many promises of this isolate wait: none may be left when a test ends. */
export function countParkedPromises(): number {
  return sleepers.size;
}

/** Goes to sleep and returns `undefined`; returns the outcome if there is no need to. */
function parkAsync(park: Park, deadline: number, waiter: Waiter): ParkResult | undefined {
  const { keepAlive } = waiter;
  const signal = park.untimed === true ? undefined : waiter.signal;
  if (park.untimed === true) deadline = Infinity;
  signal?.throwIfAborted();
  // Asked each time: one that is woken again and again would never see its timer.
  if (deadline !== Infinity && deadline <= performance.now()) return ParkResult.TIMED_OUT;
  const node = acquireNode();
  if (!enqueue(node, park, WaiterFlag.ASYNC)) {
    returnNode(node);
    return unlessStopped(ParkResult.CHANGED);
  }
  park.onQueued?.();
  // Who ended this thread may have looked for its waiters before this one stood in the queue.
  if (stopRequested() && dequeue(node)) {
    returnNode(node);
    throw stopError();
  }
  const timed = deadline !== Infinity;
  const sleeper: Sleeper = { waiter, signal, timed, timer: undefined, onAbort: undefined };
  sleepers.set(node, sleeper);
  if (keepAlive) (isEndless(sleeper) ? holdLoopForPeers : holdLoop)();
  // Who gives up when it has been woken already is resumed as woken: the wake-up must be used.
  if (timed) {
    sleeper.timer = setTimeout(() => {
      sleeper.timer = undefined;
      if (dequeue(node)) {
        finish(node, sleeper);
        waiter.advance(ParkResult.TIMED_OUT);
      }
    }, Math.min(Math.max(deadline - performance.now(), 0), TIMEOUT_MAX));
    // Newer Denos have timers that are objects, and take these.
    if (!keepAlive) Deno.unrefTimer(sleeper.timer as unknown as number);
  }
  if (signal !== undefined) {
    sleeper.onAbort = () => {
      if (dequeue(node)) {
        finish(node, sleeper);
        waiter.abort();
      }
    };
    signal.addEventListener("abort", sleeper.onAbort, { once: true });
  }
  arm();
}

/**
 * The longest time that an async wait is sure to take, in milliseconds: 24 days. A longer `timeoutMs` may
 * end early; `Infinity`, or none, has no end.
 *
 * Follows Python's `threading.TIMEOUT_MAX`.
 */
export const TIMEOUT_MAX: number = 2 ** 31 - 1; // setTimeout takes no more

function finish(node: number, sleeper: Sleeper): void {
  sleepers.delete(node);
  if (sleeper.timer !== undefined) clearTimeout(sleeper.timer);
  if (sleeper.onAbort !== undefined) {
    sleeper.signal!.removeEventListener("abort", sleeper.onAbort);
  }
  if (sleeper.waiter.keepAlive) (isEndless(sleeper) ? releaseLoopForPeers : releaseLoop)();
  returnNode(node);
}

/** Whether only somebody else can end the sleep. */
function isEndless({ timed, signal }: Sleeper): boolean {
  return !timed && signal === undefined;
}

/** Sleeps until this thread is roused, unless it sleeps already. */
function arm(): void {
  if (armed) return;
  armed = true;
  const wake = thisIsolate + isolateWord.WAKE;
  const seen = Atomics.load(i32, wake);
  if (
    forwarded.length > 0 || hasWokenPromises() ||
    Atomics.load(i32, thisIsolate + isolateWord.CONTROL) !== 0
  ) {
    queueMicrotask(resumeWoken);
    return;
  }
  const sleep = Atomics.waitAsync(i32, wake, seen);
  if (sleep.async) sleep.value.then(resumeWoken);
  else queueMicrotask(resumeWoken);
}

/** Whether promises of this thread were woken that have not gone on, nor lent their wake-ups. */
function hasWokenPromises(): boolean {
  return woken.length > 0 || Atomics.load(i32, thisIsolate + READY) !== 0;
}

/** Takes the nodes that were woken from the thread's stack. */
function takeReady(): void {
  const last = [];
  let node = Atomics.exchange(i32, thisIsolate + READY, 0);
  for (; node !== 0; node = i32[node + nodeWord.NEXT_READY]) last.push(node);
  while (last.length > 0) woken.push(last.pop()!);
}

function nextWoken(): number | undefined {
  return forwarded.shift() ?? woken.shift();
}

/** Resumes the promises that were woken, in the order in which they were woken. */
function resumeWoken(): void {
  armed = false;
  if (onStop !== undefined && stopRequested()) return onStop(); // before a promise takes anything
  takeReady();
  // One at a time: what one goes on with, such as a predicate, may block, and lends what is left.
  for (let node = nextWoken(); node !== undefined; node = nextWoken()) {
    const sleeper = sleepers.get(node)!;
    const state = Atomics.load(i32, node + nodeWord.STATE) as ParkResult;
    finish(node, sleeper);
    sleeper.waiter.advance(state);
  }
  if ((Atomics.load(i32, thisIsolate + isolateWord.CONTROL) & Control.SERVICE) !== 0) {
    checkControl();
  }
  if (sleepers.size > 0 || onStop !== undefined || serve !== undefined) arm();
  updateKeepAlive();
}

setWoken(() => forwarded.length > 0 || hasWokenPromises());

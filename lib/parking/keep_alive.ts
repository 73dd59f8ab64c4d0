/**
 * Keeping the program alive while promises wait.
 *
 * Neither an idle worker nor `Atomics.waitAsync` keeps the event loop alive, so a timer does, as long as
 * a wait could end: because it has a time-out, because another isolate lives that could end it, or because
 * a promise was woken and has still to run. An endless wait that no isolate can end does not keep the
 * program alive: Deno then reports a promise that was never resolved, and where.
 *
 * @module
 */

import { hooks } from "../heap/hooks.ts";
import { isMainIsolate } from "../heap/isolate_record.ts";
import { hasPromisesToResume } from "./woken.ts";

/** Waits that will end, such as those with a time-out. */
let certain = 0;
/** Endless waits, which only other isolates can end. */
let endless = 0;
let timer: ReturnType<typeof setInterval> | undefined;

/**
 * Starts or stops the timer. Call it when other isolates have started or ended, and when promises of this
 * isolate were woken or resumed.
 */
export function updateKeepAlive(): void {
  const isHeld = certain > 0 || (endless > 0 && (hasPeers() || hasPromisesToResume()));
  if (isHeld === (timer !== undefined)) return;
  if (isHeld) {
    timer = setInterval(() => {}, 2 ** 30);
  } else {
    clearInterval(timer);
    timer = undefined;
  }
}

/** Whether other isolates live that could end a wait. In a worker, the main isolate does. */
function hasPeers(): boolean {
  return !isMainIsolate() || hooks.hasPeers?.() === true;
}

/** Keeps the event loop alive until {@linkcode releaseLoop} has been called as often. */
export function holdLoop(): void {
  certain++;
  updateKeepAlive();
}

/** Undoes one {@linkcode holdLoop}. */
export function releaseLoop(): void {
  certain--;
  updateKeepAlive();
}

/**
 * Keeps the event loop alive for an endless wait, while another isolate could end it, until
 * {@linkcode releaseLoopForPeers} has been called as often.
 */
export function holdLoopForPeers(): void {
  endless++;
  updateKeepAlive();
}

/** Undoes one {@linkcode holdLoopForPeers}. */
export function releaseLoopForPeers(): void {
  endless--;
  updateKeepAlive();
}

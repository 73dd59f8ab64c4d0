/**
 * What keeps the program alive while promises wait.
 *
 * Neither a worker that is idle nor `waitAsync` does, so a timer does, as long as somebody could end a
 * wait: another thread, or one that has woken a promise already, this one among them. A wait without end
 * that nobody is left to end does not: Deno then says that a promise was never resolved, and where.
 *
 * @module
 */

import { isMainIsolate } from "../heap/isolate_record.ts";

/** Who waits for something that comes for certain, such as a time. */
let holders = 0;
/** Promises that wait for others, without end. */
let waiting = 0;
/** Whether promises were woken that have not gone on: whoever woke them may have ended since. */
let haveWoken = (): boolean => false;
/** Whether other threads live that could end a wait: in a worker, its parent does. */
let haveOthers = (): boolean => !isMainIsolate();
let timer: ReturnType<typeof setInterval> | undefined;

/** To be called when others have come or gone, and promises of this thread were woken or have gone on. */
export function updateKeepAlive(): void {
  const isHeld = holders > 0 || (waiting > 0 && (haveOthers() || haveWoken()));
  if (isHeld === (timer !== undefined)) return;
  if (isHeld) {
    timer = setInterval(() => {}, 2 ** 30);
  } else {
    clearInterval(timer);
    timer = undefined;
  }
}

/** Keeps the event loop alive until {@linkcode releaseLoop} has been called as often. */
export function holdLoop(): void {
  holders++;
  updateKeepAlive();
}

/** Takes back one {@linkcode holdLoop}. */
export function releaseLoop(): void {
  holders--;
  updateKeepAlive();
}

/** As {@linkcode holdLoop}, for a wait without end, until {@linkcode releaseLoopForPeers}. */
export function holdLoopForPeers(): void {
  waiting++;
  updateKeepAlive();
}

/** Takes back one {@linkcode holdLoopForPeers}. */
export function releaseLoopForPeers(): void {
  waiting--;
  updateKeepAlive();
}

/** Says how this thread knows of promises that were woken; {@linkcode updateKeepAlive} when it changes. */
export function setWoken(have: () => boolean): void {
  haveWoken = have;
}

/** Says how the main thread knows of others; {@linkcode updateKeepAlive} when it changes. */
export function setOthers(have: () => boolean): void {
  haveOthers = have;
}

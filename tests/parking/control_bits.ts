/**
 * Control bits and hooks of this isolate, for tests of what it does when they are set.
 *
 * @module
 */
import { type Hooks, hooks } from "../../lib/heap/hooks.ts";
import { isolateWord, thisIsolate } from "../../lib/heap/isolate_record.ts";
import { i32 } from "../../lib/heap/views.ts";

/** Sets control bits of this isolate until the end of a scope. */
export function controlBits(bits: number): Disposable {
  const word = thisIsolate + isolateWord.CONTROL;
  const before = i32[word];
  i32[word] |= bits;
  return { [Symbol.dispose]: () => void (i32[word] = before) };
}

/** Returns the control bits of this isolate. */
export function controlBitsNow(): number {
  return i32[thisIsolate + isolateWord.CONTROL];
}

/** Replaces hooks of this isolate until the end of a scope. */
export function replacedHooks(some: Partial<Hooks>): Disposable {
  const before = { ...hooks };
  Object.assign(hooks, some);
  return { [Symbol.dispose]: () => void Object.assign(hooks, before) };
}

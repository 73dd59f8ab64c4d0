/**
 * Checks for room on the stack, made before anything is changed.
 *
 * A recursion in user code may call the package when little of the stack is left, and catch the error. An
 * operation that failed halfway would leave shared memory inconsistent for ever: a guard that is never
 * left, a lock whose owner does not know that it owns it, a message whose receiver is not woken.
 *
 * @module
 */

import { isErrorOf, messageOf } from "../arguments/describe.ts";

/**
 * Makes a function that throws if fewer than `bytes` of the stack are left.
 *
 * The branch in it is never taken. But the arguments of that call are part of the function's frame, and V8
 * checks the room for the frame when the function is called, compiled or not. A function this long is
 * never inlined.
 */
function checkFor(bytes: number): () => void {
  return new Function("never", `if (never) never(${"0,".repeat(bytes / 8)})`) as () => void;
}

/**
 * Checks that the stack has room for a section inside a guard.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackForSection: () => void = checkFor(8 * 1024);

/**
 * Checks that the stack has room for an operation of several steps, such as a change and a wake-up. The
 * sections of the operation are deeper in the stack, so it checks for twice as much as a section needs.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStack: () => void = checkFor(16 * 1024);

/**
 * Checks that the stack has room to acquire something and to release it afterwards.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackToRelease: () => void = checkFor(24 * 1024);

/**
 * Checks that the stack has room to make an error that says more: with less of it, to make one fails too.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackForError: () => void = checkFor(48 * 1024);

/**
 * Returns whether the error says that the stack is used up. It may be called where little of the stack is
 * left, so it uses no regular expression: to compile one takes much of it.
 */
export function isStackOverflow(error: unknown): boolean {
  return isErrorOf(error, RangeError) && messageOf(error).includes("call stack");
}

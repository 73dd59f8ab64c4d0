/**
 * Checks for room on the stack, made before anything is changed.
 *
 * A recursion of the user's that uses up the stack may call the package with little of it left, and catch
 * the error. An operation that failed halfway would leave shared memory inconsistent for ever: a guard
 * that is never left, a lock whose owner does not know that it has it, a message without its wake-up.
 *
 * @module
 */

/**
 * Makes a function that throws if the stack has no room for so many bytes.
 *
 * Its branch is never taken. But the arguments of that call are part of the function's frame, and V8
 * checks the room for the frame when the function is called, compiled or not. A function this long is
 * never inlined.
 */
function checkFor(bytes: number): () => void {
  return new Function("never", `if (never) never(${"0,".repeat(bytes / 8)})`) as () => void;
}

/**
 * Call it before a section inside a guard.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackForSection: () => void = checkFor(8 * 1024);

/**
 * Call it before an operation of several steps, such as a change and a wake-up. It checks for twice as
 * much as a section needs, so that the sections of the operation, deeper in the stack, do not fail.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStack: () => void = checkFor(16 * 1024);

/**
 * Call it before acquiring something that has to be released. It checks for still more, so that the
 * release does not fail.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackToRelease: () => void = checkFor(24 * 1024);

/**
 * Room on the stack, asked for before anything is changed: a recursion of the user's that uses up the
 * stack may call in here with little left, and catch the error. What it had begun would be half done
 * for ever: a guard never left, a lock held by nobody who knows, a message that nobody is woken for.
 *
 * @module
 */

/**
 * Makes a function that fails if there is no room on the stack for so many bytes.
 *
 * Its branch is never taken. But that call's arguments are part of the function's frame, for which V8
 * looks before it begins, compiled or not; and a function so long is never inlined.
 */
function roomFor(bytes: number): () => void {
  return new Function("never", `if (never) never(${"0,".repeat(bytes / 8)})`) as () => void;
}

/**
 * To be called before a section that a guard excludes others from.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackForSection: () => void = roomFor(8 * 1024);

/**
 * To be called before an operation of several steps, such as a change and a wake-up. Twice as much:
 * its sections, deeper in the stack, do not fail.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStack: () => void = roomFor(16 * 1024);

/**
 * To be called before acquiring what has to be released. Still more: the release does not fail.
 *
 * @throws {RangeError} if too little of the stack is left for it
 */
export const ensureStackToRelease: () => void = roomFor(24 * 1024);

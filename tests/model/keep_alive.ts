/**
 * In the place of `lib/atomics/keep_alive.ts`: a simulated thread has no event loop to keep alive.
 *
 * @module
 */

const nothing = (): void => {};

export {
  nothing as hold,
  nothing as holdEndless,
  nothing as recheck,
  nothing as release,
  nothing as releaseEndless,
  nothing as setWoken,
};

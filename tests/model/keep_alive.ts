/**
 * In the place of `lib/parking/keep_alive.ts`: a simulated thread has no event loop to keep alive.
 *
 * @module
 */

const nothing = (): void => {};

export {
  nothing as holdLoop,
  nothing as holdLoopForPeers,
  nothing as releaseLoop,
  nothing as releaseLoopForPeers,
  nothing as updateKeepAlive,
};

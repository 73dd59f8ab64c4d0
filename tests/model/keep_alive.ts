/**
 * Stand-in for `lib/parking/keep_alive.ts`: the event loop of a simulated isolate needs no timer.
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

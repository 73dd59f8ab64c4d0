/**
 * Who this isolate is, as people are told.
 *
 * @module
 */

/** Who an isolate is. */
export interface Identity {
  name: string;
  daemon: boolean;
  /** Record of the parent; 0 in the main thread. */
  parent: number;
  parentName: string;
}

let identity: Identity = { name: "MainProcess", daemon: false, parent: 0, parentName: "" };

/** Who this isolate is. */
export function currentIdentity(): Identity {
  return identity;
}

/** Makes this isolate, a worker that got its order, the one that the order describes. */
export function adoptIdentity(it: Identity): void {
  identity = it;
}

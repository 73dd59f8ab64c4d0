/**
 * The name of this isolate and of its parent, for messages and logs.
 *
 * @module
 */

/** The names of an isolate. */
export interface Identity {
  name: string;
  daemon: boolean;
  /** Record of the parent; 0 in the main isolate. */
  parent: number;
  parentName: string;
}

let identity: Identity = { name: "MainProcess", daemon: false, parent: 0, parentName: "" };

/** Returns the identity of this isolate. */
export function currentIdentity(): Identity {
  return identity;
}

/** Sets the identity of this isolate, a worker that has read its start request. */
export function adoptIdentity(newIdentity: Identity): void {
  identity = newIdentity;
}

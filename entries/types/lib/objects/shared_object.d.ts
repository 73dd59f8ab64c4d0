// The declarations of lib/objects/shared_object.ts

/**
 * Base of the classes whose instances stand for an object in the shared heap.
 *
 * Subclasses have no private `#` members: a handle that arrives from another isolate is made without the
 * constructor of its class ({@linkcode reviveAs}), which alone could add them.
 */
export declare abstract class SharedHandle {
  /** Where the object is: an index into the words of the shared heap. */
  protected readonly address: number;
  /** Makes the handle for the object at `address`. */
  constructor(address: number);
}

export {};

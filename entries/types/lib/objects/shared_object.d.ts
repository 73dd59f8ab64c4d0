// The declarations of lib/objects/shared_object.ts

/**
 * Base of the classes whose instances stand for an object in the shared heap.
 *
 * Subclasses that {@linkcode reviveAs} makes have no private `#` members: a handle that arrives from
 * another isolate is made without the constructor of its class, and only the constructor could add them.
 */
export declare abstract class SharedHandle {
  /** Address of the object in the shared heap. */
  protected readonly address: number;
  /** Makes the handle for the object at `address`. */
  constructor(address: number);
}

export {};

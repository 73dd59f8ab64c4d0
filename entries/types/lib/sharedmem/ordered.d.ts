// The declarations of lib/sharedmem/ordered.ts

/** A section that items pass one at a time, in the order of the sequence. */
export interface Ordered {
  /** Waits until all items before this one have passed. Disposing the guard lets the next item in. */
  enter(): Promise<Disposable>;
  /** Enters as `enter` does, blocking the isolate. */
  enterSync(): Disposable;
}

export {};

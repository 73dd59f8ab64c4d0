// The declarations of lib/pool/calls/chunks.ts

/** Input of a map. Arrays and typed arrays are not copied before they are sent. */
export type Items<T> = Iterable<T>;

export {};

// The declarations of lib/heap/allocator.ts

/** {@linkcode allocate} or {@linkcode allocateUrgent}. */
export type Allocate = (bytes: number) => number;

export {};

// The declarations of lib/memory/map_key.ts

/** A key of a shared map. Two keys are equal if `Map` treats them as the same key. */
export type SharedKey = string | number | bigint | boolean | null;

export {};

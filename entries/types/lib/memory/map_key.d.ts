// The declarations of lib/memory/map_key.ts

/** What can be a key of a shared map: equal if `Map` takes them for the same. */
export type SharedKey = string | number | bigint | boolean | null;

export {};

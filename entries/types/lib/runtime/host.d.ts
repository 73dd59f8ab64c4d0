// The declarations of lib/runtime/host.ts

/** Number of workers that were ended while they computed, and may compute still. */
export declare function abandonedWorkers(): number;

export {};

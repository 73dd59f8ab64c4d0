// The declarations of lib/runtime/host.ts

/** Returns the number of workers that were terminated while they computed, and may still compute. */
export declare function abandonedWorkers(): number;

export {};

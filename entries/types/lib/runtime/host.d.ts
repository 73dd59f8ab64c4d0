// The declarations of lib/runtime/host.ts

/** Returns the number of workers that were told to end and still compute. */
export declare function abandonedWorkers(): number;

export {};

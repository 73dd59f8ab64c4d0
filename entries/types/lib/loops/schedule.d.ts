// The declarations of lib/loops/schedule.ts

/** How the indices of a loop are distributed; see {@linkcode LoopOptions}. */
export type Schedule = "static" | "dynamic" | "guided";

export {};

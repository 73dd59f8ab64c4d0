// The declarations of lib/loops/team.ts

/**
 * Ends the workers that run loops and `Parallel` calls; a later loop or call starts new ones.
 *
 * A program need not call it, since these workers do not keep it alive. Tests do, because Deno's
 * sanitizers report the workers as leaks.
 */
export declare function stopTeam(): Promise<void>;

export {};

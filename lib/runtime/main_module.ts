/**
 * The main module of the program, which only the main isolate can ask Deno for.
 *
 * @module
 */

let url: string | undefined = Deno.mainModule;

/** Returns the URL of the main module of the program. */
export function mainModule(): string {
  return url!;
}

/** Tells this worker the main module of the program. */
export function adoptMainModule(mainModule: string): void {
  url = mainModule;
}

/** Tasks of the benches of clusters. */
import { task } from "@sauropod/multiprocessing";

export const square = task(import.meta, (x: number) => x * x);
export const same = task(import.meta, (bytes: Uint8Array) => bytes);

/** Writes when it has begun, and ends its process if it is the first one. */
export const diesAtFirst = task(import.meta, (file: string) => {
  Deno.writeTextFileSync(file, `${Date.now()}\n`, { append: true });
  if (Deno.readTextFileSync(file).split("\n").length === 2) Deno.exit(7);
});

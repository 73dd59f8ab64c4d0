/**
 * How tasks on nodes and their tests meet: by files.
 *
 * @module
 */
import { join } from "node:path";

/** Files by which a task and its test meet. */
export async function meeting() {
  const folder = await Deno.makeTempDir();
  const [begun, go] = [join(folder, "begun"), join(folder, "go")];
  return {
    begun,
    go,
    /** Resolves when the task was begun so often. */
    async begins(times: number) {
      while ((await textOf(begun)).split("\n").length <= times) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    letGo: () => Deno.writeTextFile(go, ""),
    [Symbol.asyncDispose]: () => Deno.remove(folder, { recursive: true }),
  };
}

/** Resolves when a file is there. Returns its text. */
export async function textOf(file: string): Promise<string> {
  for (;;) {
    try {
      return await Deno.readTextFile(file);
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

/**
 * Lists the TypeScript files of this repository, for scripts that read all of them.
 *
 * @module
 */
import { readdir } from "node:fs/promises";

/** The repository's root, with a slash at the end. */
export const ROOT = new URL("../", import.meta.url);

/** Returns the sorted paths, from {@linkcode ROOT}, of the .ts files in the folders, at any depth. */
export async function sourceFiles(...folders: string[]): Promise<string[]> {
  const found: string[] = [];
  for (const folder of folders) {
    const names = await readdir(new URL(folder, ROOT), { recursive: true });
    found.push(...names.map((name) => `${folder}/${name.replaceAll("\\", "/")}`));
  }
  return found.filter((path) => path.endsWith(".ts") && !path.includes("/node_modules/")).sort();
}

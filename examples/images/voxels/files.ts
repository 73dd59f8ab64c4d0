/**
 * Reading and writing files that the user names. Each failure is a {@linkcode BadInputError} of one line.
 *
 * @module
 */
import { BadInputError } from "../../support/cli.ts";

/**
 * Reads a file.
 *
 * @throws {BadInputError} if the file cannot be read
 */
export async function readBytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    if ((await Deno.stat(path)).isDirectory) throw new Deno.errors.IsADirectory();
    return await Deno.readFile(path);
  } catch (error) {
    throw fileError("read", path, error);
  }
}

/**
 * Writes a file.
 *
 * @throws {BadInputError} if the file cannot be written
 */
export async function writeBytes(path: string, bytes: Uint8Array): Promise<void> {
  try {
    await Deno.writeFile(path, bytes);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/**
 * Checks, before hours of work, that a file can be written. An existing file is not changed.
 *
 * @throws {BadInputError} if the file cannot be written
 */
export async function checkWritable(path: string): Promise<void> {
  try {
    const existed = await Deno.stat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    });
    (await Deno.open(path, { write: true, create: true })).close();
    if (!existed) await Deno.remove(path);
  } catch (error) {
    throw fileError("write", path, error);
  }
}

/** Returns the error for a file that cannot be opened, read or written, with the system's reason. */
export function fileError(verb: "read" | "write", path: string, error: unknown): BadInputError {
  const reason = error instanceof Deno.errors.NotFound
    ? "no such file or directory"
    : error instanceof Deno.errors.IsADirectory
    ? "it is a directory"
    : error instanceof Deno.errors.PermissionDenied
    ? "permission denied"
    : String(error instanceof Error ? error.message : error).split("\n", 1)[0];
  return new BadInputError(`cannot ${verb} "${path}": ${reason}`, { cause: error });
}

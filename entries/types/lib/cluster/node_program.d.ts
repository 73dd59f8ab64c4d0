/**
 * The program of a node.
 *
 * ```sh
 * deno run --allow-net=queue:4222 --allow-run --allow-env --allow-read --allow-write --allow-sys=hostname \
 *   lib/cluster/node_program.ts --connect tls://queue:4222 --name fits --slots 8 --auth-key-env MP_AUTH_KEY
 * ```
 *
 * Its processes have the permissions that it has without restriction: with `--allow-run=DENO`, where `DENO` is the
 * path that `Deno.execPath()` returns, tasks may start no programs.
 *
 * SIGTERM: it finishes the chunks that it runs, takes no more, and ends. A second SIGTERM: it gives them back.
 *
 * @module
 */

/**
 * Runs a node with the arguments of a command line, until SIGTERM or SIGINT. `--help` prints them.
 *
 * @throws {TypeError} if an argument does not exist, the variable of the authKey is empty, or a file is not JSON
 * @throws {RangeError} if an argument is out of range
 * @throws {Deno.errors.NotCapable} if a permission is missing that its processes need
 * @throws {Error} if no server can be reached, or the cluster has another version or key
 */
export declare function runNode(args: readonly string[]): Promise<void>;

export {};

/**
 * The program of a node.
 *
 * ```sh
 * deno run --allow-net=queue:4222 --allow-run --allow-env --allow-read \
 *   lib/cluster/node_program.ts --connect tls://queue:4222 --name fits --slots 8 --auth-key-env MP_AUTH_KEY
 * ```
 *
 * SIGTERM: it finishes the chunks that it runs, takes no more, and ends. A second SIGTERM: it gives them back.
 *
 * @module
 */

/**
 * Runs a node with the arguments of a command line, until SIGTERM or SIGINT. `--help` prints them.
 *
 * @throws {TypeError} if an argument does not exist, or the variable of the authKey is empty
 * @throws {RangeError} if an argument is out of range
 * @throws {Error} if no server can be reached, or the cluster has another version
 */
export declare function runNode(args: readonly string[]): Promise<void>;

export {};

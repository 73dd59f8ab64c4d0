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

import { parseArgs } from "node:util";
import { checkPositiveInteger, checkStrings } from "../arguments/options.ts";
import { type ClusterOptions, settingsOf } from "./cluster.ts";
import { Node } from "./node.ts";
import { endOf } from "./node_main.ts";

const HELP = `Runs the tasks of a cluster on this machine.

--connect       address of a NATS server; may be repeated (default 127.0.0.1:4222)
--name          name of the cluster (default default)
--node          name of this node (default the name of the machine and the number of the process)
--slots         how many tasks it runs at a time (default the number of cores)
--auth-key-env  variable of the environment that has the authKey
--connection    file of JSON with further options of the connection: tls, user, pass, token, …
--modules       prefix of the URLs of modules whose functions it runs; may be repeated (default all)
--no-source     run no functions that are sent as text, and no modules that callers send
--folder        where the modules of callers are kept (default a folder for temporary files, of this node)
--deno-arg      argument of deno run for its processes; may be repeated`;

/**
 * Runs a node with the arguments of a command line, until SIGTERM or SIGINT. `--help` prints them.
 *
 * @throws {TypeError} if an argument does not exist, the variable of the authKey is empty, or a file is not JSON
 * @throws {RangeError} if an argument is out of range
 * @throws {Deno.errors.NotCapable} if a permission is missing that its processes need
 * @throws {Error} if no server can be reached, or the cluster has another version or key
 */
export async function runNode(args: readonly string[]): Promise<void> {
  checkStrings("start node", "args", args);
  const { values } = parseArgs({
    args: [...args],
    options: {
      connect: { type: "string", multiple: true },
      name: { type: "string" },
      node: { type: "string" },
      slots: { type: "string" },
      "auth-key-env": { type: "string" },
      connection: { type: "string" },
      modules: { type: "string", multiple: true },
      "no-source": { type: "boolean", default: false },
      folder: { type: "string" },
      "deno-arg": { type: "string", multiple: true, default: [] },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const slots = values.slots === undefined ? navigator.hardwareConcurrency : Number(values.slots);
  checkPositiveInteger("start node", "--slots", slots);
  checkPermissions();
  const cluster: ClusterOptions = {
    servers: values.connect,
    name: values.name,
    authKey: values["auth-key-env"] && keyIn(values["auth-key-env"]),
    connection: values.connection === undefined ? undefined : await jsonIn(values.connection),
  };
  const folder = values.folder ?? await Deno.makeTempDir({ prefix: "node_" });
  const name = values.node ?? `${Deno.hostname()}-${Deno.pid}`;
  const node = await Node.join(settingsOf("start node", cluster), {
    name,
    slots,
    denoArgs: values["deno-arg"],
    modules: values.modules,
    takesSource: !values["no-source"],
    folder,
  });
  console.log(`node ${name}: ${slots} slots in cluster ${values.name ?? "default"}`);
  let signals = 0;
  const onSignal = () => void (++signals === 1 ? node.leave() : node.abandon());
  Deno.addSignalListener("SIGTERM", onSignal);
  Deno.addSignalListener("SIGINT", onSignal);
  await node.left;
  Deno.removeSignalListener("SIGTERM", onSignal);
  Deno.removeSignalListener("SIGINT", onSignal);
  if (values.folder === undefined) await Deno.remove(folder, { recursive: true });
  console.log(`node ${name}: left`);
}

/** Returns the authKey in a variable: arguments can be seen by all users of the machine. */
function keyIn(variable: string): string {
  const key = Deno.env.get(variable);
  if (key === undefined || key === "") {
    throw new TypeError(
      `Cannot start node: the environment has no ${variable}. Set it to the authKey of the callers`,
    );
  }
  return key;
}

/** Checks what the processes need, before chunks of others fail for the lack of it. */
function checkPermissions(): void {
  const command = Deno.execPath();
  const needed = [["--allow-run", { name: "run", command }], ["--allow-env", {
    name: "env",
  }]] as const;
  for (const [flag, permission] of needed) {
    if (Deno.permissions.querySync(permission).state === "granted") continue;
    throw new Deno.errors.NotCapable(
      `Cannot start node: its processes need ${flag}. Run it with --allow-run=${command} --allow-env`,
    );
  }
}

/** Returns what is in a file of JSON: passwords are no arguments either. */
async function jsonIn(file: string): Promise<Record<string, unknown>> {
  try {
    return JSON.parse(await Deno.readTextFile(file));
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new TypeError(
      `Cannot start node: ${file} is not JSON: ${cause.message}. ` +
        'Write the options of the connection, such as { "user": "node", "pass": "…" }',
      { cause },
    );
  }
}

if (import.meta.main) await endOf(runNode(Deno.args));

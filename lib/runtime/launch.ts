/**
 * How a process of the operating system is launched: as Deno with what this program may do, or with less.
 *
 * @module
 */

import {
  checkPositiveInteger,
  checkStrings,
  isOptionsObject,
  type OptionNames,
} from "../arguments/options.ts";
import { checkOneOf, isInstance, wrongType } from "../arguments/values.ts";
import type { StartMethod } from "./start_method.ts";
import { mainModule } from "./main_module.ts";
import { isBuilt, ownModules, processEntry } from "./module_urls.ts";

/** Options of a process of the operating system. */
export interface LaunchOptions {
  /**
   * What the process may do, as for a `Worker`, and nothing else. It is never more than what the program may.
   * It can read the files of this package and the main module in any case. Other modules that its tasks need,
   * those that the main module imports among them, must be readable by it.
   *
   * @default {what the program may do without restriction}
   */
  permissions?: Deno.PermissionOptionsObject | undefined;
  /** Variables of its environment, in addition to those of the program. */
  env?: Readonly<Record<string, string>> | undefined;
  /**
   * Its working directory.
   *
   * @default {that of the program}
   */
  cwd?: string | URL | undefined;
  /**
   * The limit of its JavaScript heap, in MiB. A process that needs more ends with exit code 133. Contents
   * of buffers do not count.
   *
   * @default {V8's}
   */
  maxOldSpaceMb?: number | undefined;
  /** Further arguments of `deno run`, such as `--config=other.json`: a program cannot learn its own. */
  denoArgs?: readonly string[] | undefined;
}

/** The names of the options of a launch. */
export const launchNames: OptionNames<LaunchOptions> = {
  permissions: true,
  env: true,
  cwd: true,
  maxOldSpaceMb: true,
  denoArgs: true,
};

/**
 * Checks the options of a launch, and returns a copy of them.
 *
 * @throws {TypeError} if an option has the wrong type, or is given with another start method
 * @throws {RangeError} if `permissions` has a name that no permission has, or `maxOldSpaceMb` is not positive
 */
export function checkLaunch(
  verb: string,
  options: LaunchOptions,
  startMethod: StartMethod,
): LaunchOptions {
  const { permissions, env, cwd, maxOldSpaceMb, denoArgs } = options;
  const launch = { permissions, env, cwd, maxOldSpaceMb, denoArgs };
  for (const [name, value] of Object.entries(launch)) {
    if (value !== undefined && startMethod !== "process") {
      throw new TypeError(
        `Cannot ${verb}: ${name} needs startMethod "process", and it is "${startMethod}". ` +
          "Workers have what the program has",
      );
    }
  }
  if (permissions !== undefined) checkPermissions(verb, permissions);
  if (env !== undefined) checkEnvironment(verb, env);
  if (cwd !== undefined && typeof cwd !== "string" && !isInstance(cwd, URL)) {
    throw wrongType(verb, "cwd", "a string or a URL", cwd);
  }
  if (maxOldSpaceMb !== undefined) checkPositiveInteger(verb, "maxOldSpaceMb", maxOldSpaceMb);
  if (denoArgs !== undefined) checkStrings(verb, "denoArgs", denoArgs);
  return launch;
}

function checkPermissions(verb: string, permissions: object): void {
  if (!isOptionsObject(permissions)) {
    throw wrongType(verb, "permissions", "an object such as { read: true }", permissions);
  }
  for (const [name, value] of Object.entries(permissions)) {
    checkOneOf(verb, "the name of a permission", name, NAMES);
    if (value === undefined || typeof value === "boolean" || value === "inherit") continue;
    if (!Array.isArray(value)) {
      throw wrongType(verb, `permissions.${name}`, 'a boolean, "inherit" or an array', value);
    }
    for (const item of value) checkListed(verb, `permissions.${name}`, item);
  }
}

/** Checks a value of a list, whose values are separated by commas in a flag. */
function checkListed(verb: string, name: string, value: unknown): void {
  if (typeof value !== "string" && !isInstance(value, URL)) {
    throw wrongType(verb, name, "an array of strings", value);
  }
  if (!String(value).includes(",")) return;
  throw new RangeError(
    `Cannot ${verb}: ${name} contains ${
      JSON.stringify(value)
    }, with a comma, which Deno cannot be given. ` +
      "Write one value for each; name the folder of a file whose path has a comma",
  );
}

function checkEnvironment(verb: string, env: object): void {
  if (!isOptionsObject(env)) throw wrongType(verb, "env", "an object with strings", env);
  for (const [name, value] of Object.entries(env)) {
    if (typeof value !== "string") throw wrongType(verb, `env.${name}`, "a string", value);
  }
}

/** What is launched. */
export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string | undefined;
  /** Whether it may do what the program may. */
  readonly trusted: boolean;
}

/** The names of all permissions. */
const NAMES = ["read", "write", "net", "env", "run", "ffi", "sys", "import"] as const;
type PermissionName = typeof NAMES[number];

/**
 * Returns how a process is launched.
 *
 * @throws {Deno.errors.NotCapable} if this program may not start processes, or give them a permission
 * @throws {Deno.errors.NotSupported} if it was made by `deno compile`, or runs on Windows
 */
export function launchOf(options: LaunchOptions): Launch {
  if (Deno.build.os === "windows") {
    throw new Deno.errors.NotSupported(
      'Cannot start process: startMethod "process" needs Linux or macOS. Use startMethod "spawn"',
    );
  }
  if (Deno.build.standalone) {
    throw new Deno.errors.NotSupported(
      "Cannot start process: a program made by deno compile cannot start Deno again. " +
        'Use startMethod "spawn"',
    );
  }
  const command = Deno.execPath();
  needs({ name: "run", command }, "--allow-run");
  needs({ name: "env" }, "--allow-env");
  const { permissions, env, cwd, maxOldSpaceMb, denoArgs = [] } = options;
  const limit = maxOldSpaceMb === undefined
    ? []
    : [`--v8-flags=--max-old-space-size=${maxOldSpaceMb}`];
  return {
    command,
    args: [
      ...["run", "--quiet", "--no-prompt", ...limit, ...permissionFlags(permissions)],
      ...[...denoArgs, `--preload=${processEntry.href}`, mainModule(), ...Deno.args],
    ],
    env: { ...Deno.env.toObject(), ...env },
    trusted: permissions === undefined,
    cwd: cwd === undefined ? undefined : isInstance(cwd, URL) ? pathOf(cwd) : cwd,
  };
}

function needs(permission: Deno.PermissionDescriptor, flag: string): void {
  if (Deno.permissions.querySync(permission).state === "granted") return;
  throw new Deno.errors.NotCapable(
    `Cannot start process: startMethod "process" needs ${flag}. Run the program with it, ` +
      'or use startMethod "spawn"',
  );
}

/** Returns the flags for permissions; by default, for those that the program has without restriction. */
function permissionFlags(permissions: Deno.PermissionOptionsObject | undefined): string[] {
  if (permissions !== undefined) {
    return NAMES.flatMap((name) => flagsFor(name, Reflect.get(permissions, name)));
  }
  const granted = NAMES.filter((name) => isGranted({ name } as Deno.PermissionDescriptor));
  if (granted.length === NAMES.length) return ["-A"];
  return NAMES.flatMap((name) => flagsFor(name, granted.includes(name)));
}

/**
 * Returns the flags for one permission. What is not granted is denied: without a flag about permissions,
 * `node:child_process` would grant all to another Deno.
 */
function flagsFor(name: PermissionName, wanted: unknown): string[] {
  const needed = name === "read" ? ownFiles() : [];
  if (wanted === true || wanted === "inherit") {
    if (isGranted({ name } as Deno.PermissionDescriptor)) return [`--allow-${name}`];
    if (wanted === true) throw notGranted(name, name);
  }
  const values: unknown[] = Array.isArray(wanted) ? wanted : [];
  for (const value of values) {
    if (!isGranted(descriptorOf(name, value))) throw notGranted(name, `${name} of ${value}`);
  }
  const all = [...values.map((value) => listed(absolute(name, value))), ...needed];
  if (all.length > 0) return [`--allow-${name}=${all.join(",")}`];
  return name === "import" || name === "read" ? [] : [`--deny-${name}`];
}

/** The files that each process reads: those of the package, and the main module. */
function ownFiles(): string[] {
  const urls = [new URL(isBuilt ? "./" : "../", ownModules), new URL(mainModule())];
  return urls.filter(({ protocol }) => protocol === "file:").map(({ href }) => listed(href));
}

/** Returns the absolute path of a file: the process may have another working directory. */
function absolute(name: PermissionName, value: unknown): unknown {
  const isPath = name === "read" || name === "write" || name === "ffi";
  return isPath && typeof value === "string"
    ? process.getBuiltinModule("node:path").resolve(value)
    : value;
}

function notGranted(name: string, what: string): Error {
  return new Deno.errors.NotCapable(
    `Cannot start process: permissions.${name} is more than this program has, which has no ${what}. ` +
      "Give a process what the program may do itself, or less",
  );
}

function isGranted(descriptor: Deno.PermissionDescriptor): boolean {
  return Deno.permissions.querySync(descriptor).state === "granted";
}

function descriptorOf(name: PermissionName, value: unknown): Deno.PermissionDescriptor {
  const key = { read: "path", write: "path", ffi: "path", net: "host", import: "host" }[
    name as string
  ] ?? { env: "variable", run: "command", sys: "kind" }[name as string]!;
  return { name, [key]: value } as unknown as Deno.PermissionDescriptor;
}

/** Returns a value of a permission as it stands in the list of a flag. */
function listed(value: unknown): string {
  const text = String(value);
  return text.startsWith("file:") ? pathOf(text) : text;
}

/** Returns the path of a `file:` URL. */
function pathOf(url: string | URL): string {
  return process.getBuiltinModule("node:url").fileURLToPath(url); // an import takes each worker 8 ms
}

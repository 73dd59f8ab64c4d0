/**
 * How processes of the operating system are launched: their command lines.
 *
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { stub } from "@std/testing/mock";
import { fileURLToPath } from "node:url";
import { checkLaunch, launchOf, type LaunchOptions } from "../../lib/runtime/launch.ts";
import { mainModule } from "../../lib/runtime/main_module.ts";
import { ROOT } from "../../scripts/source_files.ts";

const root = fileURLToPath(ROOT);
const main = fileURLToPath(mainModule());
const own = `${root},${main}`;

/** Returns the arguments about limits and permissions. */
function flagsOf(options: LaunchOptions): string[] {
  const { args } = launchOf(options);
  assertEquals(args.slice(0, 3), ["run", "--quiet", "--no-prompt"]);
  return args.slice(3, args.findIndex((arg) => arg.startsWith("--preload")));
}

/** Calls a function in a program that has these permissions only; `values` are granted in lists. */
function having(names: string[], values: unknown[], call: () => void): void {
  using _ = stub(
    Deno.permissions,
    "querySync",
    ((descriptor: Deno.PermissionDescriptor) => {
      const { name, ...more } = descriptor;
      const [value] = Object.values(more);
      const isGranted = names.includes(name) || (value !== undefined && values.includes(value));
      return { state: isGranted ? "granted" : "prompt" };
    }) as never,
  );
  call();
}

Deno.test("launchOf() starts the main module of the program, after the package's own entry", () => {
  const { command, args, env, cwd, trusted } = launchOf({});
  assertEquals(command, Deno.execPath());
  assertEquals(args, [
    ...["run", "--quiet", "--no-prompt", "-A"],
    `--preload=${new URL("workers/process.ts", ROOT)}`,
    ...[mainModule(), ...Deno.args],
  ]);
  assertEquals([env, cwd, trusted], [{ ...Deno.env.toObject() }, undefined, true]);
});

Deno.test("launchOf() passes limits, arguments, directory and environment on", () => {
  const { args, env, cwd, trusted } = launchOf({
    maxOldSpaceMb: 64,
    denoArgs: ["--config=a.json", "--unstable-kv"],
    env: { PLANTED: "1", PATH: "/none" },
    cwd: ROOT,
  });
  assertEquals(args.slice(3, 7), [
    ...["--v8-flags=--max-old-space-size=64", "-A"],
    ...["--config=a.json", "--unstable-kv"],
  ]);
  assertEquals(env, { ...Deno.env.toObject(), PLANTED: "1", PATH: "/none" });
  assertEquals([cwd, trusted], [root, true]);
  assertEquals(launchOf({ cwd: "sub" }).cwd, "sub");
});

Deno.test("launchOf() passes on what the program may do without restriction, and denies the rest", () => {
  having(["run", "env", "read", "ffi"], [], () => {
    assertEquals(flagsOf({}), [
      ...["--allow-read", "--deny-write", "--deny-net", "--allow-env", "--allow-run"],
      ...["--allow-ffi", "--deny-sys"],
    ]);
  });
  having(["run", "env", "import"], [], () => {
    assertEquals(flagsOf({}), [
      ...[`--allow-read=${own}`, "--deny-write", "--deny-net", "--allow-env", "--allow-run"],
      ...["--deny-ffi", "--deny-sys", "--allow-import"],
    ]);
  });
});

Deno.test("launchOf() grants permissions that are given, and no others", () => {
  const none = [
    "--deny-write",
    "--deny-net",
    "--deny-env",
    "--deny-run",
    "--deny-ffi",
    "--deny-sys",
  ];
  assertEquals(flagsOf({ permissions: {} }), [`--allow-read=${own}`, ...none]);
  assertEquals(launchOf({ permissions: {} }).trusted, false);
  assertEquals(flagsOf({ permissions: { read: false, net: false } }), flagsOf({ permissions: {} }));
  const some = flagsOf({
    permissions: {
      read: [new URL("docs/", ROOT), "sub/file"],
      write: ["sub"],
      net: ["deno.com:80"],
      env: "inherit",
      run: true,
      ffi: [`${root}a.so`],
      sys: [],
      import: ["jsr.io"],
    },
  });
  assertEquals(some, [
    `--allow-read=${root}docs/,${Deno.cwd()}/sub/file,${own}`,
    ...[`--allow-write=${Deno.cwd()}/sub`, "--allow-net=deno.com:80", "--allow-env"],
    ...["--allow-run", `--allow-ffi=${root}a.so`, "--deny-sys", "--allow-import=jsr.io"],
  ]);
});

Deno.test("launchOf() grants nothing that the program does not have", () => {
  const given = (permissions: Deno.PermissionOptionsObject) => () => launchOf({ permissions });
  const why = (name: string, what: string) =>
    `permissions.${name} is more than this program has, which has no ${what}. Give`;
  const refused = (permissions: Deno.PermissionOptionsObject, name: string, what: string) =>
    assertThrows(given(permissions), Deno.errors.NotCapable, why(name, what));
  having(["run", "env"], ["/a", "host:1", "A", "cpus"], () => {
    refused({ net: true }, "net", "net");
    refused({ read: ["/a", "/b"] }, "read", "read of /b");
    refused({ net: ["host:1", "host:2"] }, "net", "net of host:2");
    refused({ sys: ["cpus", "uid" as never] }, "sys", "sys of uid");
    assertEquals(
      flagsOf({ permissions: { read: ["/a"], net: "inherit", sys: ["cpus"], env: ["A"] } }),
      [
        ...[`--allow-read=/a,${own}`, "--deny-write", "--deny-net", "--allow-env=A", "--deny-run"],
        ...["--deny-ffi", "--allow-sys=cpus"],
      ],
    );
  });
  const needs = (flag: string) => `startMethod "process" needs ${flag}. Run the program with it`;
  having(["env"], [], () => {
    assertThrows(() => launchOf({}), Deno.errors.NotCapable, needs("--allow-run"));
  });
  having(["env"], [Deno.execPath()], () => {
    assertThrows(given({ run: true }), Deno.errors.NotCapable, why("run", "run"));
  });
  having(["run"], [], () => {
    assertThrows(() => launchOf({}), Deno.errors.NotCapable, needs("--allow-env"));
  });
});

Deno.test("checkLaunch() returns a copy of the options, and refuses what cannot be", () => {
  const options: LaunchOptions = {
    permissions: { read: ["a", new URL("file:///b")], net: true, env: "inherit", ffi: undefined },
    env: { A: "1" },
    cwd: "sub",
    maxOldSpaceMb: 1,
    denoArgs: ["-q"],
  };
  assertEquals(checkLaunch("make", { ...options, other: 1 } as LaunchOptions, "process"), options);
  const nothing = Object.fromEntries(Object.keys(options).map((name) => [name, undefined]));
  assertEquals(checkLaunch("make", {}, "spawn"), nothing);
  for (const [name, value] of Object.entries(options)) {
    const why = `Cannot make: ${name} needs startMethod "process", and it is "forkserver"`;
    assertThrows(() => checkLaunch("make", { [name]: value }, "forkserver"), TypeError, why);
  }
  const wrong: [object, string][] = [
    [{ permissions: 5 }, "permissions must be an object such as { read: true }, not 5"],
    [{ permissions: { files: true } }, "the name of a permission must be"],
    [{ permissions: { read: 1 } }, 'permissions.read must be a boolean, "inherit" or an array'],
    [{ permissions: { net: [1] } }, "permissions.net must be an array of strings, not 1"],
    [{ permissions: { read: ["a,b"] } }, 'permissions.read contains "a,b", with a comma'],
    [{ env: [] }, "env must be an object with strings"],
    [{ env: { A: 1 } }, "env.A must be a string, not 1"],
    [{ cwd: 1 }, "cwd must be a string or a URL, not 1"],
    [{ maxOldSpaceMb: 0 }, "maxOldSpaceMb must be an integer"],
    [{ denoArgs: "-q" }, "denoArgs must be an array of strings"],
    [{ denoArgs: ["-q", 1] }, "denoArgs[1] must be a string, not 1"],
  ];
  for (const [given, why] of wrong) {
    assertThrows(() => checkLaunch("make", given as LaunchOptions, "process"), Error, why);
  }
});

Deno.test("launchOf() says where processes of the operating system cannot be started", () => {
  const { build } = Deno;
  const refused: [what: object, message: string][] = [
    [{ os: "windows" }, 'startMethod "process" needs Linux or macOS'],
    [{ standalone: true }, "a program made by deno compile cannot start Deno again"],
  ];
  for (const [what, message] of refused) {
    Object.defineProperty(Deno, "build", { value: { ...build, ...what }, configurable: true });
    try {
      assertThrows(() => launchOf({}), Deno.errors.NotSupported, message);
    } finally {
      Object.defineProperty(Deno, "build", { value: build, configurable: true });
    }
  }
});

import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import * as mp from "@sauropod/multiprocessing";
import * as cluster from "@sauropod/multiprocessing/cluster";
import * as dummy from "@sauropod/multiprocessing/dummy";
import * as futures from "@sauropod/multiprocessing/futures";
import * as joblib from "@sauropod/multiprocessing/joblib";
import * as loops from "@sauropod/multiprocessing/loops";
import * as ndarray from "@sauropod/multiprocessing/ndarray";
import * as node from "@sauropod/multiprocessing/node";
import * as progress from "@sauropod/multiprocessing/progress";
import * as random from "@sauropod/multiprocessing/random";
import * as sharedmem from "@sauropod/multiprocessing/sharedmem";
import * as threading from "@sauropod/multiprocessing/threading";
import * as errors from "../../lib/errors.ts";

const { exports } = JSON.parse(
  await Deno.readTextFile(new URL("../../deno.json", import.meta.url)),
);

/** The entries of the package without `./dummy`, which has the names of `.`. */
const shelves: Record<string, object> = {
  ".": mp,
  "./cluster": cluster,
  "./futures": futures,
  "./joblib": joblib,
  "./loops": loops,
  "./ndarray": ndarray,
  "./node": node,
  "./progress": progress,
  "./random": random,
  "./sharedmem": sharedmem,
  "./threading": threading,
};

/** Names that two shelves export on purpose. */
const NAMESAKES: string[] = [];

Deno.test("every exported value is on one shelf, under one name", () => {
  assertEquals(Object.keys(exports).sort(), [...Object.keys(shelves), "./dummy"].sort());
  const names = new Map<string, string>();
  const values = new Map<unknown, string>();
  for (const [shelf, module] of Object.entries(shelves)) {
    for (const [name, value] of Object.entries(module)) {
      assert(value !== undefined, name);
      assert(!names.has(name) || NAMESAKES.includes(name), `${name}: ${names.get(name)}, ${shelf}`);
      names.set(name, shelf);
      if (typeof value !== "function") continue;
      if (/^[A-Z]/.test(name)) assertEquals(value.name, name);
      assert(!values.has(value), `${name} is ${values.get(value)}`);
      values.set(value, name);
    }
  }
});

/** A place in a source file. */
interface Location {
  filename: string;
  line: number;
  col: number;
}

/** An exported symbol in `deno doc --json`; `target` is what `export { a as b }` renames. */
interface DocSymbol {
  name: string;
  declarations: { location: Location; def?: { target?: Location } }[];
}

/** Returns the exported symbols of each entry, types included, by the specifier of the entry. */
async function exportedSymbols(): Promise<Map<string, DocSymbol[]>> {
  const root = new URL("../../", import.meta.url);
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...Object.values<string>(exports)],
    cwd: root,
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout));
  return new Map(
    Object.entries<string>(exports).map(([shelf, path]) => {
      const entry = nodes[new URL(path, root).href];
      assert(entry?.symbols.length > 0, `deno doc lists no symbols of ${path}`);
      return [shelf, entry.symbols];
    }),
  );
}

Deno.test("every exported symbol, types included, is on one shelf, under one name", async () => {
  const shelfOf = new Map<string, string>();
  const nameOf = new Map<string, string>();
  const symbols = await exportedSymbols();
  symbols.delete("./dummy");
  for (const [shelf, exported] of symbols) {
    for (const { name, declarations } of exported) {
      const other = shelfOf.get(name);
      assert(other === undefined || NAMESAKES.includes(name), `${name}: ${other} and ${shelf}`);
      shelfOf.set(name, shelf);
      for (const { location, def } of declarations) {
        const { filename, line, col } = def?.target ?? location;
        const declaration = `${filename}:${line}:${col}`;
        const alias = nameOf.get(declaration) ?? name;
        assertEquals(alias, name, `two names of one declaration, ${declaration}`);
        nameOf.set(declaration, name);
      }
    }
  }
});

Deno.test("every error class is exported and registered, so that it crosses", () => {
  const { errorClasses, ...classes } = errors;
  const exported = new Map(Object.values(shelves).flatMap((module) => Object.entries(module)));
  for (const [name, errorClass] of Object.entries(classes)) {
    assertStrictEquals(exported.get(name), errorClass, name);
    assertStrictEquals(errorClasses[name] as unknown, errorClass, name);
  }
});

Deno.test("getContext() has every export of the package", () => {
  const { startMethod: _, getContext: _own, ...members } = mp.getContext();
  const { getContext: _function, ...exported } = mp;
  assertEquals(Object.keys(members).sort(), Object.keys(exported).sort());
  for (const [name, member] of Object.entries(members)) {
    assertStrictEquals(Reflect.get(mp, name), member, name);
  }
});

Deno.test("./dummy has every export of the package except getContext()", () => {
  const { getContext: _, ...exported } = mp;
  assertEquals(Object.keys(dummy).sort(), Object.keys(exported).sort());
});

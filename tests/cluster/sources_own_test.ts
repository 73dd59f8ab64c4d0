/**
 * What a program names of another copy of the package, and what that is in this one.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import {
  EXPORTS,
  jsrExportOf,
  ownPathOf,
  ownPaths,
  ownRoot,
  urlOfExport,
  urlOfOwn,
} from "../../lib/cluster/sources_own.ts";
import { ROOT } from "../../scripts/source_files.ts";

/** Copies of the package elsewhere: of the sources, and a build. */
const sources = "file:///elsewhere/";
const build = "https://example.org/multiprocessing/dist/";

Deno.test("ownPathOf() returns the path of a module of a copy, and of no other module", () => {
  assertEquals(ownRoot, ROOT.href);
  const own = ["mod.ts", "lib/pool/pool.ts", "workers/worker.ts", "entries/mod.ts", "dist/mod.js"];
  for (const path of own) {
    assertEquals(ownPathOf(ownRoot + path), path);
    assertEquals(ownPathOf(`${sources}${path}?a#b`, sources), path);
  }
  for (const path of ["examples/a.ts", "tests/mod.ts", "mod.tsx", "library/a.ts", ""]) {
    assertEquals(ownPathOf(ownRoot + path), undefined);
    assertEquals(ownPathOf(build + path, build), path); // all of a build is of the package
  }
  assertEquals(ownPathOf(`${sources}mod.ts`), undefined);
});

Deno.test("jsrExportOf() returns which export of the package a specifier of JSR names", () => {
  const names: [string, string | undefined][] = [
    ["jsr:@sauropod/multiprocessing", ""],
    ["jsr:/@sauropod/multiprocessing@^1.2.3", ""],
    ["jsr:@sauropod/multiprocessing@1/futures", "/futures"],
    ["jsr:/@sauropod/multiprocessing/", "/"],
    ["jsr:@sauropod/multiprocessing2", undefined],
    ["npm:@sauropod/multiprocessing", undefined],
  ];
  for (const [specifier, name] of names) assertEquals(jsrExportOf(specifier), name, specifier);
});

Deno.test("urlOfOwn() finds each export by each of its paths in a copy of the sources, or in a build", () => {
  for (const [name, source] of Object.entries(EXPORTS)) {
    const built = source.replace(/\.ts$/, ".js");
    const url = ownRoot + source;
    assertEquals(urlOfExport(name), url);
    const entry = `entries/${name === "" ? "mod" : name.slice(1)}.ts`;
    for (const path of [source, `dist/${built}`, entry]) assertEquals(urlOfOwn(path, sources), url);
    for (const path of [source, built]) assertEquals(urlOfOwn(path, build), url);
    assertEquals(urlOfOwn(entry, build), undefined);
  }
});

Deno.test("urlOfOwn() finds what has no export in a copy of the sources only", () => {
  for (const path of ["lib/pool/pool.ts", "workers/worker.ts"]) {
    assertEquals(urlOfOwn(path, sources), ownRoot + path);
    assertEquals(urlOfOwn(path, build), undefined);
  }
  assertEquals(urlOfOwn("examples/a.ts", sources), undefined);
});

Deno.test("ownPaths() has the exports of another copy, and its folders if it has the sources", () => {
  const [ofSources, ofBuild] = [ownPaths(sources), ownPaths(build)];
  const count = Object.keys(EXPORTS).length;
  assertEquals([ofSources.length, ofBuild.length], [3 * count + 2, 2 * count]);
  assertEquals(ofSources.slice(-2), ["lib/", "workers/"]);
  assertEquals(ofBuild.filter((path) => path.endsWith("/")), []);
});

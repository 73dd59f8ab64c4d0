import { assert, assertEquals } from "@std/assert";
import { LaneObstacle } from "../../lib/kernels/lanes.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { planKernel, type PlannedKernel } from "../../lib/kernels/plan_kernel.ts";
import { explain, type Explained } from "../../lib/loops/explain.ts";
import { sharedArray } from "@sauropod/multiprocessing/sharedmem";
import { test } from "../fixtures/guarded.ts";

const RUNNERS = { isReduction: false, numThreads: undefined, threads: 2, chunkSize: 100 };
const TWO = "2 isolates run it, in chunks of 100 indices.";

/** Returns the kernel of a body over many indices of the arrays `a` and `o`. */
function planned(text: string, parts: Partial<Explained> = {}): Explained {
  const a = sharedArray("float64", 10_000);
  const arrays = { a, o: sharedArray("float64", 10_000) };
  const parsed = parseBody(`(i, { a, o }) => { ${text} }`, { a: "array", o: "array" });
  assert(!("obstacle" in parsed), text);
  const request = { program: parsed.program, arrays, numbers: {}, first: 0, turns: 1_000_000 };
  const found = planKernel({ ...request, operator: undefined, isElementwise: false });
  assert(!(found instanceof LaneObstacle), text);
  return { ...RUNNERS, found, ...parts };
}

test("explain() says what vectors compute, and who runs the loop", () => {
  const explanation = explain(planned("o[i] = a[i] + 1;"));
  assertEquals(explanation.isVectorized, true);
  const vectors = "It runs as WebAssembly: vectors compute the body for several indices at once.";
  assertEquals(explanation.sentences, [vectors, TWO]);
  assertEquals(String(explanation), `${vectors}\n${TWO}`);
  assertEquals(Deno.inspect(explanation), String(explanation));
});

test("explain() says why a loop runs as JavaScript", () => {
  const table: [Explained["found"], reason: string][] = [
    [new LaneObstacle("there are fewer than 16 turns"), "there are fewer than 16 turns"],
    [
      { reason: "calls `f`", line: 3, column: 7 },
      "the body calls `f`, in its line 3, column 7",
    ],
    [
      { reason: "acorn is not installed: npm install acorn", line: 1, column: 1 },
      "acorn is not installed: npm install acorn",
    ],
  ];
  for (const [found, reason] of table) {
    const { isVectorized, sentences } = explain({ ...RUNNERS, found });
    assertEquals(isVectorized, false);
    assertEquals(sentences, [`It runs as JavaScript: ${reason}.`, TWO]);
  }
});

test("explain() says which values have a part in each lane", () => {
  const partsOf = (text: string, isReduction: boolean) =>
    explain(planned(text, { isReduction })).sentences.filter((it) => it.startsWith("Each lane"));
  const sums = `let s = 0, p = 1;
    for (let k = 0; k < 64; k++) { s += a[i * 64 + k]; p *= a[i * 64 + k]; }
    o[i] = s * p;`;
  const rest = ", so the last digits may differ from those of a plain loop.";
  for (const isReduction of [false, true]) { // the lanes are turns of the loop within
    assertEquals(partsOf(sums, isReduction), [
      `Each lane of the vectors has a part of \`s\`, \`p\`${rest}`,
    ]);
  }
  assertEquals(partsOf("o[i] = a[i];", false), []);
  assertEquals(partsOf("o[i] = a[i];", true), [
    `Each lane of the vectors has a part of the result${rest}`,
  ]);
  assertEquals(
    explain(planned(sums)).sentences[0],
    "It runs as WebAssembly: vectors compute several turns of the loop over `k` in line 2 of the " +
      "body at once.",
  );
});

test("explain() counts what takes time", () => {
  const costsOf = (text: string) => explain(planned(text)).sentences.slice(1, -1);
  const scattered =
    "Elements that are not next to each other in memory are read or written one by one: ";
  assertEquals(costsOf("o[i] = a[2 * i] + 1 + 2 + 3;"), [`${scattered}1 access in the body.`]);
  assertEquals(costsOf("o[3 * i] = a[2 * i] + 1 + 2 + 3 + 4 + 5;"), [
    `${scattered}2 accesses in the body.`,
  ]);
  assertEquals(costsOf("o[i] = Math.exp(a[i]) + Math.exp(i) + Math.sin(i);"), [
    "Math.exp, Math.sin: computed one by one, as in JavaScript.",
  ]);
  assertEquals(costsOf("let k = 0; while (k < 9 && k * k < a[i]) k++; o[i] = k;"), [
    "A loop within goes on until all lanes have left it.",
  ]);
});

test("explain() says who runs a loop", () => {
  const found = planned("o[i] = a[i];").found as PlannedKernel;
  const [SHORT, ALONE] = [
    "It is over before a worker would wake, so the caller runs it alone.",
    "The caller runs it alone.",
  ];
  const table: [Partial<Explained>, isShort: boolean, sentence: string][] = [
    [{ threads: 1 }, true, SHORT],
    [{ threads: 1 }, false, ALONE],
    [{ threads: 1, numThreads: 1 }, true, ALONE],
    [{ threads: 2 }, true, TWO],
    [{ threads: 3, chunkSize: 0 }, false, "3 isolates run it, in chunks that become smaller."],
  ];
  for (const [parts, isShort, sentence] of table) {
    const { sentences } = explain({ ...RUNNERS, found: { ...found, isShort }, ...parts });
    assertEquals(sentences.at(-1), sentence);
  }
});

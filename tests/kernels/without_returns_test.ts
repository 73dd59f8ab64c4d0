import { assert, assertEquals } from "@std/assert";
import { parseElementFunction } from "../../lib/kernels/parse_body.ts";
import { withoutReturns } from "../../lib/kernels/without_returns.ts";
import { test } from "../fixtures/guarded.ts";
import { printStatements } from "./print_program.ts";

/** Returns the statements of a function of `x` without its returns. */
function inlined(body: string): string | undefined {
  const parsed = parseElementFunction(`(x) => { ${body} }`, 1);
  assert(!("obstacle" in parsed), body);
  const statements = withoutReturns(parsed.statements, { name: "result" });
  return statements && printStatements(statements);
}

test("withoutReturns() sets the result in place of each return", () => {
  const table: [body: string, expected: string][] = [
    ["return x * 2;", "result = x * 2"],
    ["const y = x + 1; return y;", "y = x + 1; result = y"],
    [
      "if (x > 1) { return 1; } else { return 2; }",
      "if x > 1 { result = 1 } else { result = 2 }",
    ],
    // What follows an `if` that may return belongs to the branches that do not.
    [
      "if (x > 1) return 1; const y = x * x; return y;",
      "if x > 1 { result = 1 } else { y = x * x; result = y }",
    ],
    [
      "if (x > 1) { if (x > 2) return 3; } else return 2; return 1;",
      "if x > 1 { if x > 2 { result = 3 } else { result = 1 } } else { result = 2 }",
    ],
    // An `if` or a loop that does not return stays as it is.
    [
      "let y = x; if (x < 0) { y = 0; } while (y > 9) { y = y / 2; } return y;",
      "y = x; if x < 0 { y = 0 }; while y > 9 { y = y / 2 }; result = y",
    ],
    [
      "let y = x; if (x < 0) y = 0; if (y > 9) return 9; return y;",
      "y = x; if x < 0 { y = 0 }; if y > 9 { result = 9 } else { result = y }",
    ],
  ];
  for (const [body, expected] of table) assertEquals(inlined(body), expected, body);
});

test("withoutReturns() returns undefined if a loop returns, wherever it is", () => {
  const bodies = [
    "for (let k = 0; k < 9; k++) { if (x > k) return k; } return x;",
    "while (x > 1) { return 1; } return x;",
    "if (x > 1) { while (x > 2) { return 1; } } return x;",
    "if (x > 1) { return x; } else { while (x > 2) { return 1; } } return x;",
  ];
  for (const body of bodies) assertEquals(inlined(body), undefined, body);
});

import { assertEquals, assertThrows } from "@std/assert";
import { ObstacleError, orObstacle } from "../../lib/kernels/obstacle.ts";
import { parseBody } from "../../lib/kernels/parse_body.ts";
import { test } from "../fixtures/guarded.ts";

test("orObstacle() returns what is parsed, or the obstacle that is thrown", () => {
  const result = {};
  assertEquals(orObstacle(() => result), result);
  const thrown = new ObstacleError("is async", { line: 3, column: 5 });
  const throws = () => {
    throw thrown;
  };
  assertEquals(orObstacle(throws), { obstacle: { reason: "is async", line: 3, column: 5 } });
});

test("orObstacle() throws what is not an obstacle", () => {
  const parse = () => {
    throw new TypeError("a mistake");
  };
  assertThrows(() => orObstacle(parse), TypeError, "a mistake");
});

test("orObstacle() takes it for an obstacle if the stack is too small", () => {
  const parse = (): object => [parse()];
  assertEquals(orObstacle(parse), {
    obstacle: { reason: "is nested too deeply", line: 1, column: 1 },
  });
});

test("parseBody() finds an obstacle in expressions that are nested too deeply for the parser", () => {
  const DEPTH = 100_000;
  assertEquals(parseBody(`(i) => ${"-(".repeat(DEPTH)}i${")".repeat(DEPTH)}`, {}), {
    obstacle: { reason: "cannot be parsed", line: 1, column: 1 },
  });
});

import { assertEquals, assertStrictEquals } from "@std/assert";
import { Pool } from "@sauropod/multiprocessing";
import { ensureIsolate } from "../../lib/heap/isolate_record.ts";
import { storeValue, takeValue } from "../../lib/codec/message.ts";
import { test } from "../fixtures/guarded.ts";

ensureIsolate();

const values: object[] = [
  Temporal.Instant.from("2024-02-29T12:34:56.123456789Z"),
  Temporal.ZonedDateTime.from("2024-10-27T02:30:00+01:00[Europe/Berlin][u-ca=gregory]"),
  Temporal.PlainDate.from("2024-02-29[u-ca=hebrew]"),
  Temporal.PlainDateTime.from("-002024-02-29T12:34:56.000000001"),
  Temporal.PlainTime.from("23:59:59.999999999"),
  Temporal.PlainYearMonth.from("2024-02"),
  Temporal.PlainMonthDay.from("02-29"),
  Temporal.Duration.from({ hours: -1, minutes: -90, milliseconds: -1500 }),
];

test("objects of Temporal cross with all their fields", () => {
  for (const value of values) {
    const { value: copy, again } = takeValue(storeValue({ value, again: value }, "value")) as {
      value: object;
      again: object;
    };
    assertStrictEquals(copy.constructor, value.constructor);
    assertEquals(String(copy), String(value));
    assertStrictEquals(again, copy);
  }
});

test("a Temporal.Duration keeps its units", () => {
  const duration = Temporal.Duration.from({ minutes: 90, milliseconds: 1500 });
  const copy = takeValue(storeValue(duration, "value")) as Temporal.Duration;
  assertEquals([copy.hours, copy.minutes, copy.seconds, copy.milliseconds], [0, 90, 0, 1500]);
});

test("objects of Temporal cross to workers and back", async () => {
  await using pool = new Pool(1);
  const next = (date: Temporal.PlainDate) => date.add({ days: 1 });
  const result = await pool.apply(next, [Temporal.PlainDate.from("2024-02-28")]);
  assertEquals(String(result), "2024-02-29");
});

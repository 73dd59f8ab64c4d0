import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { CorruptMessageError } from "@sauropod/multiprocessing";
import {
  type Frame,
  FrameReader,
  HEADER_BYTES,
  joined,
  lengthOf,
  makeHeader,
  PART_BYTES,
  partsOf,
} from "../../lib/wire/frames.ts";

const TYPES = [1, 2, 7];

/** A frame whose contents are in one part. */
interface WholeFrame {
  type: number;
  contents: Uint8Array;
}

/** Joins the contents of frames that were read. */
function whole(frames: Iterable<Frame>): WholeFrame[] {
  return [...frames].map(({ type, contents }) => ({ type, contents: joined(contents) }));
}

function frameOf(type: number, contents: Uint8Array): Uint8Array<ArrayBuffer> {
  return joined([makeHeader(type, contents.length), contents]);
}

/** Joins frames to a stream. */
function streamOf(frames: readonly WholeFrame[]): Uint8Array<ArrayBuffer> {
  const all = frames.map(({ type, contents }) => frameOf(type, contents));
  return Uint8Array.from(all.flatMap((frame) => [...frame]));
}

/** Frames with contents of up to 30 bytes, and now and then of many. */
const someFrames: fc.Arbitrary<WholeFrame[]> = fc.array(
  fc.record({
    type: fc.constantFrom(...TYPES),
    contents: fc.oneof(
      fc.uint8Array({ maxLength: 30 }).map((bytes) => new Uint8Array(bytes)),
      fc.nat(20_000).map((length) => new Uint8Array(length).fill(length)),
    ),
  }, { noNullPrototype: true }),
  { maxLength: 6 },
);

Deno.test("frames are read as they were written, wherever the stream is cut", () => {
  fc.assert(fc.property(someFrames, fc.array(fc.nat(), { maxLength: 20 }), (frames, cuts) => {
    const stream = streamOf(frames);
    const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)), stream.length];
    places.sort((a, b) => a - b);
    const reader = new FrameReader(TYPES);
    const got = places.slice(1).flatMap((to, at) => [
      ...whole(reader.read(stream.slice(places[at], to))),
    ]);
    assertEquals(got, frames);
    assertEquals(reader.isInside, false);
  }));
});

Deno.test("a stream that ends inside of a frame gives the frames before it", () => {
  const frames = [{ type: 1, contents: Uint8Array.of(1, 2, 3) }, {
    type: 7,
    contents: Uint8Array.of(4, 5),
  }];
  const stream = streamOf(frames);
  for (let length = 0; length <= stream.length; length++) {
    const reader = new FrameReader(TYPES);
    const got = whole(reader.read(stream.slice(0, length)));
    const ends = [HEADER_BYTES + 3, stream.length];
    assertEquals(got, frames.slice(0, ends.filter((end) => end <= length).length));
    assertEquals(reader.isInside, length !== 0 && !ends.includes(length));
  }
});

Deno.test("bytes that are no frame are refused before their contents are there", () => {
  const refused = (header: number[], why: string) => {
    const reader = new FrameReader(TYPES, 1000);
    assertThrows(() => [...reader.read(Uint8Array.from(header))], CorruptMessageError, why);
  };
  refused(
    [0, 0, 0, 0, 3, 0, 0, 0],
    "there is no type 3. Check that the other side is this package",
  );
  refused([0, 0, 0, 0, 1, 0, 0, 1], "there is no type 1");
  refused([233, 3, 0, 0, 1, 0, 0, 0], "it has 1001 bytes, and the limit is 1000");
  refused([255, 255, 255, 255, 1, 0, 0, 0], "it has 4294967295 bytes");
  const largest = new FrameReader(TYPES, 1000).read(frameOf(1, new Uint8Array(1000)));
  assertEquals(whole(largest), [{ type: 1, contents: new Uint8Array(1000) }]);
});

Deno.test("contents come in parts of one length, however they arrived", () => {
  const reader = new FrameReader(TYPES);
  const lengths = (length: number) => {
    const stream = frameOf(1, new Uint8Array(length));
    const arrived = [stream.slice(0, 10_000), stream.slice(10_000)];
    const [frame] = arrived.flatMap((bytes) => [...reader.read(bytes)]);
    return frame.contents.map((part) => part.length);
  };
  assertEquals(lengths(0), []);
  assertEquals(lengths(20_000), [20_000]);
  assertEquals(lengths(PART_BYTES), [PART_BYTES]);
  assertEquals(lengths(2 * PART_BYTES + 5), [PART_BYTES, PART_BYTES, 5]);
});

Deno.test("partsOf() cuts bytes into parts of one length, which are views on them", () => {
  for (const length of [0, 1, PART_BYTES, PART_BYTES + 1, 2 * PART_BYTES]) {
    const bytes = new Uint8Array(length);
    const parts = partsOf(bytes);
    assertEquals(parts.length, Math.ceil(length / PART_BYTES));
    assertEquals(parts.slice(0, -1).every((part) => part.length === PART_BYTES), true);
    assertEquals([lengthOf(parts), joined(parts)], [length, bytes]);
    assertEquals(parts.every((part) => part.buffer === bytes.buffer), true);
  }
});

Deno.test("what was read stays as it is when the bytes are used again", () => {
  const reader = new FrameReader(TYPES);
  const bytes = frameOf(2, new Uint8Array(10_000).fill(1));
  const frames = [...reader.read(bytes.subarray(0, 5000))];
  bytes.fill(7, 0, 5000);
  frames.push(...reader.read(bytes.subarray(5000)));
  bytes.fill(7);
  assertEquals(whole(frames), [{ type: 2, contents: new Uint8Array(10_000).fill(1) }]);
});

Deno.test("room is made for what has arrived, not for what a length announces", () => {
  const reader = new FrameReader(TYPES);
  const header = makeHeader(1, 2 ** 32 - 1);
  const before = Deno.memoryUsage().external;
  assertEquals([...reader.read(header)], []);
  assertEquals([...reader.read(new Uint8Array(100))], []);
  assertEquals(Deno.memoryUsage().external - before < 2 * PART_BYTES, true);
});

Deno.test("random bytes are frames or a CorruptMessageError", () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  fc.assert(fc.property(fc.array(bytes, { maxLength: 10 }), (parts) => {
    const reader = new FrameReader(TYPES, 100);
    try {
      for (const part of parts) {
        for (const { type, contents } of reader.read(part)) {
          assertEquals(TYPES.includes(type) && lengthOf(contents) <= 100, true);
        }
      }
    } catch (error) {
      if (!(error instanceof CorruptMessageError)) throw error;
    }
  }));
});

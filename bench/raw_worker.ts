/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * A hand-written worker that answers messages.
 *
 * @module
 */

import { copyAndSum, distances, integral, mapElements } from "./kernels.ts";

/** A request to a raw worker. */
export type Request =
  | { kind: "task"; id: number; x: number }
  | { kind: "chunk"; id: number; items: number[] }
  | { kind: "array"; id: number; array: Float64Array }
  | { kind: "value"; id: number; value: unknown }
  | { kind: "stream"; count: number }
  | { kind: "integral"; id: number; from: number; to: number; dx: number }
  | {
    kind: "distances";
    id: number;
    vectors: Float64Array;
    result: Float64Array;
    rows: number;
    columns: number;
    from: number;
    to: number;
  }
  | {
    kind: "copy" | "elements";
    id: number;
    input: Float64Array;
    output: Float64Array;
    from: number;
    to: number;
  };

self.onmessage = ({ data }: MessageEvent<Request>) => {
  switch (data.kind) {
    case "task":
      self.postMessage({ id: data.id, result: data.x * data.x + 1 });
      break;
    case "chunk":
      self.postMessage({ id: data.id, result: data.items.map((x) => x * x - x) });
      break;
    case "array":
      self.postMessage({ id: data.id, result: data.array });
      break;
    case "value":
      self.postMessage({ id: data.id, result: data.value });
      break;
    case "stream":
      for (let i = 0; i < data.count; i++) self.postMessage(i);
      break;
    case "integral":
      self.postMessage({ id: data.id, result: integral(data.from, data.to, data.dx) });
      break;
    case "distances": {
      const { id, vectors, result, rows, columns, from, to } = data;
      distances(vectors, result, rows, columns, from, to);
      self.postMessage({ id, result: undefined });
      break;
    }
    case "copy":
    case "elements": {
      const { id, input, output, from, to } = data;
      const loop = data.kind === "copy" ? copyAndSum : mapElements;
      self.postMessage({ id, result: loop(input, output, from, to) });
      break;
    }
  }
};

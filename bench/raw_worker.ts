/// <reference no-default-lib="true" />
/// <reference lib="deno.worker" />
/**
 * What one writes without a package: a worker that answers messages.
 *
 * @module
 */

/** A request to a raw worker. */
export type Request =
  | { kind: "task"; id: number; x: number }
  | { kind: "chunk"; id: number; items: number[] }
  | { kind: "array"; id: number; array: Float64Array }
  | { kind: "stream"; count: number };

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
    case "stream":
      for (let i = 0; i < data.count; i++) self.postMessage(i);
      break;
  }
};

import { assertEquals } from "@std/assert";
import { type Announcement, receiveAnnouncements } from "../../lib/runtime/buffer_port.ts";

Deno.test("receiveAnnouncements() takes all that have arrived, while the isolate blocks", () => {
  const { port1, port2 } = new MessageChannel();
  const taken: Announcement[] = [];
  const receive = () => receiveAnnouncements(port2, (announcement) => taken.push(announcement));
  const announced = [1, 2].map((address) => ({ address, buffer: new SharedArrayBuffer(address) }));
  for (const announcement of announced) port1.postMessage(announcement);
  receive();
  receive();
  assertEquals(
    taken.map(({ address, buffer }) => [address, (buffer as SharedArrayBuffer).byteLength]),
    [[1, 1], [2, 2]],
  );
  port1.close();
  port2.close();
});

import { assert, assertEquals } from "@std/assert";
import type { Scenario, World } from "./checker.ts";
import { addressIn, assertEmptyQueue, endOf, finds, nameChannel, proves, times } from "./prove.ts";
import { i32 } from "./stand_ins.ts";
import type { Connection } from "../../lib/channels/connection.ts";

/** Makes a pipe each end of which is held by some of the threads. */
function makePipe(world: World, duplex: boolean, holders: [number[], number[]]) {
  const { shared, pipe } = world.isolates[0];
  const ends = pipe.Pipe<number>({ duplex });
  const at = i32[addressIn(world, ends[0]) + 2];
  for (const channel of [at + 2, at + 2 + 56]) nameChannel(world, channel);
  const handles = ends.map((end, i) =>
    holders[i].map((holder) =>
      world.isolates[holder].shared.handleFor(shared.addressOf(end)!) as Connection<number>
    )
  );
  ends.forEach((end, i) => holders[i].includes(0) || end.close());
  return {
    handles,
    /** Closes an end at the thread, as far as others can see it. */
    close: (thread: number, i: number) =>
      world.isolates[thread].shared.notifyUnreachable(shared.addressOf(ends[i])!),
    atEnd() {
      assertEmptyQueue(at + 2 + 34);
      assertEmptyQueue(at + 2 + 56 + 34);
    },
  };
}

const uses: Scenario["uses"] = ["pipe", "lifecycle"];

/** The next message; why there is none. */
function recv(end: Connection<number>): number | string {
  try {
    return end.recvSync();
  } catch (error) {
    return (error as Error).name;
  }
}

/** Whether a message was sent; why not. */
function send(end: Connection<number>, message: number): true | string {
  try {
    end.sendSync(message);
    return true;
  } catch (error) {
    return (error as Error).name;
  }
}

/** The one that sends is ended at any moment: what it sent is received, and then the end. */
const writerIsEnded: Scenario = {
  name: "Pipe: the sender is ended",
  threads: 3,
  mortal: 1,
  forgetful: true,
  uses,
  setUp(world) {
    const { handles: [[reader], [writer]], atEnd } = makePipe(world, false, [[2], [1]]);
    return {
      threads: [
        [endOf(world, 1)],
        [() => send(writer, 7)],
        [
          () => recv(reader),
          (first) => [first, recv(reader)],
        ],
      ],
      atEnd([, sent, [first, second]]) {
        assertEquals([first, second], [first === 7 ? 7 : "EOFError", "EOFError"]);
        assert(sent !== true || first === 7, "a message is lost");
        atEnd();
      },
    };
  },
};

proves(writerIsEnded);

/** The only one that receives is ended: afterwards nothing can be sent. */
const readerIsEnded: Scenario = {
  name: "Pipe: the receiver is ended",
  threads: 3,
  mortal: 1,
  forgetful: true,
  uses,
  setUp(world) {
    const { handles: [[reader], [writer]], atEnd } = makePipe(world, false, [[1], [2]]);
    const gone = world.word("gone");
    return {
      threads: [
        [endOf(world, 1), () => void (i32[gone] = 1)],
        [() => recv(reader)],
        [() => {
          const isGone = i32[gone] === 1;
          const sent = send(writer, 7);
          assert(!isGone || sent === "BrokenPipeError", "sent to nobody");
          return sent;
        }],
      ],
      atEnd([, got, sent]) {
        assert(got !== 7 || sent === true, "received what was not sent");
        atEnd();
      },
    };
  },
};

proves(readerIsEnded);

/** Who is told of the end of the other cannot send to it any more. */
const isClosed: Scenario = {
  name: "Pipe: one side closes, the other sees it and then sends",
  threads: 2,
  forgetful: true,
  uses,
  setUp(world) {
    const { handles: [, [other]], close, atEnd } = makePipe(world, true, [[0], [1]]);
    return {
      threads: [
        [() => close(0, 0)],
        [() => assertEquals(recv(other), "EOFError"), () => send(other, 1)],
      ],
      atEnd([, sent]) {
        assertEquals(sent, "BrokenPipeError");
        atEnd();
      },
    };
  },
};

proves(isClosed);

/** Two have one end open, and both close it: the other end is told when both have. */
const bothClose: Scenario = {
  name: "Pipe: two users close the end that both have",
  threads: 3,
  forgetful: true,
  uses,
  setUp(world) {
    const { handles: [[reader], [first, second]], close, atEnd } = makePipe(world, false, [
      [0],
      [1, 2],
    ]);
    return {
      threads: [
        times(3, [(got: unknown[] | null) => [...got ?? [], recv(reader)]]),
        [() => first.sendSync(1), () => close(1, 1)],
        [() => second.sendSync(2), () => close(2, 1)],
      ],
      atEnd([got]) {
        assertEquals(got.toSorted(), [1, 2, "EOFError"]);
        assertEquals(got[2], "EOFError");
        atEnd();
      },
    };
  },
};

proves(bothClose);

const CONNECTION = "lib/channels/connection.ts";

finds("an end that sees the closing before the other direction is closed can send to no receiver", {
  file: CONNECTION,
  from: "        closeChannel(incoming(end), Closed.RECEIVERS_GONE);\n" +
    "        closeChannel(outgoing(end), Closed.SENDERS_GONE);",
  to: "        closeChannel(outgoing(end), Closed.SENDERS_GONE);\n" +
    "        closeChannel(incoming(end), Closed.RECEIVERS_GONE);",
}, isClosed);

finds("two users that leave in two steps notify no one", {
  file: CONNECTION,
  from: "        if (Atomics.sub(i32, end + USERS, 1) > 1) return;",
  to:
    "        const users = i32[end + USERS];\n        i32[end + USERS] = users - 1;\n        if (users > 1) return;",
}, bothClose);

finds("an end that is closed by the first of two users loses what the other sends", {
  file: CONNECTION,
  from: "        if (Atomics.sub(i32, end + USERS, 1) > 1) return;\n",
  to: "",
}, bothClose);

finds("the end of an isolate that does not release its pipes leaves the other side asleep", {
  file: "lib/runtime/lifecycle.ts",
  from: "  markAllHeldUnreachable(record); // ends of pipes\n",
  to: "",
}, writerIsEnded);

import { assertEquals } from "@std/assert";
import type { Scenario } from "./scenario.ts";
import { finds, proves } from "./prove.ts";
import { Atomics, i32 } from "./stand_ins.ts";

const CHUNKS = 2;

/**
 * A worker takes chunks and answers them, as the worker of a pool does. Meanwhile it is declared ended, and
 * the engine takes note of that. Answers that were sent before its exit message count, later ones do not.
 *
 * Each chunk is then answered, lost, or still there for another worker: exactly one of these.
 */
const workerEnds: Scenario = {
  name: "Pool: a worker is declared ended while it takes chunks and answers them",
  isolates: 2,
  uses: ["workerWords"],
  setUp({ isolates: [engine, worker], word }) {
    const [tasks, answers, begun] = [word("tasks"), word("answers"), word("begun")];
    const [counted, lost, lostChunk] = [word("counted"), word("lost"), word("lost chunk")];
    i32[tasks] = CHUNKS;
    const record = worker.isolateRecord.thisIsolate;
    const isStopping = () => worker.isolateRecord.stopRequested();
    const take = () => {
      if (isStopping()) return;
      Atomics.sub(i32, tasks, 1);
      const before = i32[begun];
      if (worker.workerWords.beginChunk(before, 1, before + 1)) i32[begun] = before + 1;
      else Atomics.add(i32, tasks, 1); // puts it back
    };
    const answer = () => {
      if (i32[begun] === Atomics.load(i32, answers) || isStopping()) return;
      Atomics.add(i32, answers, 1);
    };
    return {
      programs: [[
        () => engine.isolateRecord.postControl(record, engine.isolateRecord.Control.STOP),
        () => void (i32[counted] = Atomics.load(i32, answers)), // the exit message comes after these
        () => {
          const chunk = engine.workerWords.claimEnded(record, i32[counted]);
          if (chunk === undefined) return;
          i32[lost] = 1;
          i32[lostChunk] = chunk.chunk;
        },
      ], [take, answer, take, answer]],
      atEnd() {
        assertEquals(i32[counted] + i32[lost] + i32[tasks], CHUNKS);
        if (i32[lost] === 1) assertEquals(i32[lostChunk], i32[counted] + 1);
      },
    };
  },
};

/**
 * A worker takes chunks and answers them. Meanwhile its task goes on for too long, as the engine sees it,
 * and another worker gets its place.
 *
 * It begins no further chunk then; if it has begun one before, it was not replaced.
 */
const workerIsReplaced: Scenario = {
  name: "Pool: a worker is replaced while it takes chunks and answers them",
  isolates: 2,
  uses: ["workerWords"],
  setUp({ isolates: [engine, worker], word }) {
    const [tasks, answers, begun] = [word("tasks"), word("answers"), word("begun")];
    const [late, replaced] = [word("late"), word("replaced")];
    i32[tasks] = CHUNKS;
    const record = worker.isolateRecord.thisIsolate;
    const take = () => {
      const before = i32[begun];
      if (worker.workerWords.isReplaced(before)) return;
      Atomics.sub(i32, tasks, 1);
      if (worker.workerWords.beginChunk(before, 1, before + 1)) i32[begun] = before + 1;
      else Atomics.add(i32, tasks, 1); // puts it back
    };
    const answer = () => {
      if (i32[begun] > Atomics.load(i32, answers)) Atomics.add(i32, answers, 1);
    };
    return {
      programs: [[
        () => void (i32[late] = engine.workerWords.chunksBegun(record)),
        () => {
          if (i32[late] === 0) return; // it runs nothing
          i32[replaced] = engine.workerWords.replaceWorker(record, i32[late]) ? 1 : 0;
        },
      ], [take, answer, take, answer]],
      atEnd() {
        assertEquals(i32[answers] + i32[tasks], CHUNKS);
        assertEquals(engine.workerWords.chunksBegun(record), i32[answers]);
        if (i32[replaced] === 1) assertEquals(i32[answers], i32[late]);
      },
    };
  },
};

proves(workerEnds);
proves(workerIsReplaced);

finds("a worker that begins a chunk although its record is claimed takes it with it", {
  file: "lib/pool/engines/isolates/worker_words.ts",
  from: "  return Atomics.compareExchange(i32, word, begun, begun + 1) === begun;",
  to: "  Atomics.store(i32, word, begun + 1);\n  return true;",
}, workerEnds);

finds("an engine that does not claim the record misses a chunk that begins afterwards", {
  file: "lib/pool/engines/isolates/worker_words.ts",
  from: "Atomics.exchange(i32, record + workerWord.BEGUN, CLAIMED)",
  to: "Atomics.load(i32, record + workerWord.BEGUN)",
}, workerEnds);

finds("a worker that has begun another chunk is replaced nevertheless", {
  file: "lib/pool/engines/isolates/worker_words.ts",
  from: "Atomics.compareExchange(i32, word, begun, begun | REPLACED) === begun",
  to: "Atomics.or(i32, word, REPLACED) >= 0",
}, workerIsReplaced);

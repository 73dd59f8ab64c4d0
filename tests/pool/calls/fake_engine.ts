/**
 * An engine that runs nothing: the tests say how its chunks end.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { AnyFunction } from "../../../lib/codec/task.ts";
import type { Job } from "../../../lib/pool/calls/job.ts";
import type { CallMode } from "../../../lib/pool/chunks/chunk.ts";
import type { Engine } from "../../../lib/pool/engines/engine.ts";

/** What was sent. */
export interface Sent {
  readonly job: Job;
  readonly mode: CallMode;
  readonly items: readonly unknown[];
  readonly name: string;
}

/** Notes what is sent, and what else is called. */
export class FakeEngine implements Engine {
  chunksOut = 0;
  broken: Error | undefined;
  /** What was sent, in order. */
  readonly sent: Sent[] = [];
  /** The names of the methods that were called otherwise, with their arguments. */
  readonly calls: unknown[][] = [];
  /** Thrown by each method for which there is an error. */
  readonly errors: Partial<Record<keyof Engine, unknown>> = {};
  /** Whether jobs can be withdrawn. */
  isWaiting = true;
  /** Called by `waitSync`. */
  whileBlocked = (_job: Job) => {};

  #note(name: keyof Engine, ...args: unknown[]): void {
    this.calls.push([name, ...args]);
    if (name in this.errors) throw this.errors[name];
  }

  checkUsable(): void {
    if ("checkUsable" in this.errors) throw this.errors.checkUsable;
  }
  targetOf(fn: AnyFunction): unknown {
    return fn;
  }
  send(job: Job, mode: CallMode, items: readonly unknown[], name: string): void {
    if ("send" in this.errors) throw this.errors.send;
    this.sent.push({ job, mode, items, name });
  }
  sendMany(job: Job, mode: CallMode, items: readonly unknown[], chunkSize: number): void {
    if ("sendMany" in this.errors) {
      job.fail(this.errors.sendMany);
      throw this.errors.sendMany;
    }
    this.sent.push({ job, mode, items, name: `chunks of ${chunkSize}` });
  }
  hasBegun(): boolean {
    return !this.isWaiting;
  }
  withdraw(): boolean {
    return this.isWaiting;
  }
  waitSync(job: Job): boolean {
    this.#note("waitSync");
    this.whileBlocked(job);
    return true;
  }
  close(): void {
    this.#note("close");
  }
  terminate(exitCode: number): void {
    this.#note("terminate", exitCode);
  }
  checkJoin(): void {
    this.#note("checkJoin");
  }
  drain(): Promise<void> {
    return Promise.try(() => this.#note("drain"));
  }
  join(): Promise<void> {
    return Promise.try(() => this.#note("join"));
  }

  /** Returns what was sent last, which must have been the only one since the last call. */
  takeSent(): Sent {
    assertEquals(this.sent.length, 1);
    return this.sent.pop()!;
  }
}

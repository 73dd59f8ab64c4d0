// The declarations of lib/cluster/dead_letters.ts

/** The end of a process that ran a chunk. */
export interface ProcessDeath {
  /** The name of its node. */
  readonly node: string;
  /** With which it ended: minus the number of the signal, if one has ended it. */
  readonly exitCode: number;
  /** When the node has seen it. */
  readonly at: Date;
}

/** A chunk that was given up: a task and some of its items. */
export interface DeadLetter {
  /** The name of the task. */
  readonly task: string;
  /** Whose chunk it was: the name under which a pool receives results, or `"jobs"` if it was submitted. */
  readonly owner: string;
  /** The id of a job that was submitted, or the number of a call of the pool. */
  readonly job: string;
  /** Its place in the job. */
  readonly chunk: number;
  /** The processes that it has ended, the last one last. */
  readonly deaths: readonly ProcessDeath[];
  /** How many nodes were lost with it. Nobody knows their names. */
  readonly lostNodes: number;
  /** When it was given up. */
  readonly at: Date;
}

export {};

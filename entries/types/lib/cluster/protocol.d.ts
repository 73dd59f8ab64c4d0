// The declarations of lib/cluster/protocol.ts

import type { MultiprocessingError } from "../errors.d.ts";

/**
 * A cluster has another `authKey` than this program, or what has arrived was not signed with it. Follows Python's
 * `multiprocessing.AuthenticationError`.
 */
export declare class AuthenticationError extends MultiprocessingError {
}

/** The names of a cluster. */
export interface ClusterNames {
  readonly tasks: string;
  readonly results: string;
  readonly dead: string;
  readonly kept: string;
  readonly objects: string;
  readonly cancel: string;
  readonly who: string;
  /** Returns the subject of a chunk, or of all of an owner, or of a job. */
  subject(
    kind: "task" | "result" | "kept" | "dead",
    owner: string,
    job?: string,
    chunk?: string,
  ): string;
  /** Returns the subject of a piece of an object, or of all. */
  object(copy: string, piece?: string): string;
  /** Returns the subject of the name of an object that is shared. */
  shared(hash: string): string;
}

/** What a signed message is about: a JSON object. */
export type Header = Record<string, unknown>;

/** A signed message that was opened. */
export interface Opened {
  readonly header: Header;
  /** The message; empty if there is none. */
  readonly message: Uint8Array;
}

export {};

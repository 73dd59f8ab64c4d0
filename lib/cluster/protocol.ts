/**
 * What callers and nodes of a cluster send each other: the names of streams and subjects, and signed messages.
 *
 * | subject | stream | from | to |
 * |---|---|---|---|
 * | `mp.NAME.task.OWNER.JOB.CHUNK` | `mp_NAME_tasks` | a caller | one node, again if that is lost |
 * | `mp.NAME.result.OWNER.JOB.CHUNK` | `mp_NAME_results` | a node | the caller |
 * | `mp.NAME.kept.jobs.JOB.CHUNK` | `mp_NAME_kept` | a node | any caller: see `jobs.ts` |
 * | `mp.NAME.dead.OWNER.JOB.CHUNK` | `mp_NAME_dead` | a node | an operator |
 * | `mp.NAME.object.COPY.PIECE` | `mp_NAME_objects` | whoever sends what is long | who receives that |
 * | `mp.NAME.shared.HASH` | `mp_NAME_objects` | a caller | callers |
 * | `mp.NAME.cancel` | none | a caller | all nodes |
 * | `mp.NAME.who` | none | a caller | all nodes, each of which replies |
 *
 * A signed message has what it is about in front, as JSON, and a message of the codec behind that:
 *
 * | bytes | meaning |
 * |---|---|
 * | 0 to 31 | HMAC-SHA256 of the subject, a zero byte, and all that follows; zeros without a key |
 * | 32 to 35 | length of the header, little-endian |
 * | from 36 on | the header |
 * | the rest | the message: stream and attachments |
 *
 * Bytes come from outside of the program: nothing is believed of a signed message before its HMAC was checked, and no
 * length of it after that.
 *
 * @module
 */

import { createHmac, timingSafeEqual } from "node:crypto";
import { isErrorOf } from "../arguments/describe.ts";
import { CorruptMessageError, MultiprocessingError } from "../errors.ts";
import { joined } from "../wire/frames.ts";

/**
 * A cluster has another `authKey` than this program, or what has arrived was not signed with it. Follows Python's
 * `multiprocessing.AuthenticationError`.
 */
export class AuthenticationError extends MultiprocessingError {}

/** The version of all of this. Callers and nodes of other versions refuse each other. */
export const PROTOCOL = 1;

const MAC_BYTES = 32;
const PREFIX_BYTES = MAC_BYTES + 4;
const NONE = new Uint8Array();

/** The owner of jobs that outlive their callers. */
export const JOBS = "jobs";

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

/** Returns the names of the cluster `name`. */
export function namesOf(name: string): ClusterNames {
  const prefix = `mp.${name}`;
  return {
    tasks: `mp_${name}_tasks`,
    results: `mp_${name}_results`,
    dead: `mp_${name}_dead`,
    kept: `mp_${name}_kept`,
    objects: `mp_${name}_objects`,
    cancel: `${prefix}.cancel`,
    who: `${prefix}.who`,
    subject: (kind, owner, job, chunk) =>
      [prefix, kind, owner, ...job === undefined ? [">"] : [job, chunk ?? "*"]].join("."),
    object: (copy, piece = "*") => `${prefix}.object.${copy}.${piece}`,
    shared: (hash) => `${prefix}.shared.${hash}`,
  };
}

/** What a signed message is about: a JSON object. */
export type Header = Record<string, unknown>;

/** Puts a header and the parts of a message into a signed message for a subject. */
export function seal(
  key: Uint8Array | undefined,
  subject: string,
  header: Header,
  parts: readonly Uint8Array[] = [],
): Uint8Array<ArrayBuffer> {
  const json = new TextEncoder().encode(JSON.stringify({ ...header, protocol: PROTOCOL }));
  const bytes = joined([new Uint8Array(PREFIX_BYTES), json, ...parts]);
  new DataView(bytes.buffer).setUint32(MAC_BYTES, json.length, true);
  if (key !== undefined) bytes.set(macOf(key, subject, bytes.subarray(MAC_BYTES)));
  return bytes;
}

/** A signed message that was opened. */
export interface Opened {
  readonly header: Header;
  /** The message; empty if there is none. */
  readonly message: Uint8Array;
}

/**
 * Opens a signed message that arrived on a subject.
 *
 * @throws {AuthenticationError} if it was not sealed with the key
 * @throws {CorruptMessageError} if it is no signed message, or one of another version
 */
export function open(key: Uint8Array | undefined, subject: string, bytes: Uint8Array): Opened {
  if (bytes.length < PREFIX_BYTES) throw corrupt(`${bytes.length} bytes are too few`);
  const expected = key === undefined
    ? new Uint8Array(MAC_BYTES)
    : macOf(key, subject, bytes.subarray(MAC_BYTES));
  if (!timingSafeEqual(expected, bytes.subarray(0, MAC_BYTES))) {
    throw new AuthenticationError(
      "Cannot read message of cluster: it was not signed with the authKey of this program. " +
        "Give callers and nodes the same authKey",
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(MAC_BYTES, true);
  if (length > bytes.length - PREFIX_BYTES) throw corrupt("its header is longer than it is");
  const json = bytes.subarray(PREFIX_BYTES, PREFIX_BYTES + length);
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(json));
  } catch (cause) {
    throw corrupt("its header is not JSON", { cause });
  }
  if (typeof header !== "object" || header === null) throw corrupt("its header is no object");
  const { protocol } = header as Header;
  if (protocol !== PROTOCOL) {
    throw corrupt(`its version is ${protocol}, and this package has ${PROTOCOL}`);
  }
  return { header: header as Header, message: bytes.subarray(PREFIX_BYTES + length) };
}

/** Whether an error says that a message is of nobody in this cluster, or is damaged. */
export function isForeign(error: unknown): boolean {
  return isErrorOf(error, AuthenticationError) || isErrorOf(error, CorruptMessageError);
}

/** Whether a signed message can be opened. */
export function isSealed(key: Uint8Array | undefined, subject: string, bytes: Uint8Array): boolean {
  try {
    open(key, subject, bytes);
    return true;
  } catch {
    return false;
  }
}

/** Returns a property of a header that is a string of at most so many characters. */
export function text(header: Header, name: string, maxLength = 1000): string {
  const value = header[name];
  if (typeof value !== "string" || value.length > maxLength) {
    throw corrupt(`its ${name} is no text`);
  }
  return value;
}

/** Returns a property of a header that is an integer from `min` to `max`. */
export function count(
  header: Header,
  name: string,
  max = Number.MAX_SAFE_INTEGER,
  min = 0,
): number {
  const value = header[name];
  if (!Number.isInteger(value) || value as number < min || value as number > max) {
    throw corrupt(`its ${name} is no number that it can be`);
  }
  return value as number;
}

/** Makes the error for a signed message that is damaged. */
export function corrupt(why: string, options?: ErrorOptions): CorruptMessageError {
  return new CorruptMessageError(
    `Cannot read message of cluster: ${why}. ` +
      "Check that callers and nodes have this package, in the same version",
    options,
  );
}

/** Returns what shows whether two programs have the same key, and tells nobody which. */
export function keyMarkOf(key: Uint8Array | undefined, cluster: string): string {
  if (key === undefined) return "no authKey";
  return `authKey ${macOf(key, `mp.${cluster}`, NONE).toHex().slice(0, 16)}`;
}

function macOf(key: Uint8Array, subject: string, bytes: Uint8Array): Uint8Array {
  return createHmac("sha256", key).update(subject).update("\0").update(bytes).digest();
}

/**
 * Objects: bytes that are too long for one message, as pieces in a stream.
 *
 * | subject | contents |
 * |---|---|
 * | `mp.NAME.object.COPY.N` | piece N of a copy |
 * | `mp.NAME.shared.HASH` | the name of a copy that all may use |
 *
 * Whoever stores bytes stores a copy of their own, under a number that nobody else has: two that store the same bytes
 * do not disturb each other, and one that dies meanwhile leaves nothing that others use. The name of an object says
 * all that is needed to check it: copy, number of pieces, number of bytes and SHA-256. Names are parts of signed
 * messages, and are given to others when all pieces are there.
 *
 * Pieces are requested directly, many at a time: a consumer costs the server less, but has a state that ends with the
 * connection.
 *
 * @module
 */

import { createHash, randomBytes } from "node:crypto";
import { answerOf } from "./answers.ts";
import type { JetStreamManager, NatsConnection } from "./nats.ts";
import type { Publisher } from "./publisher.ts";
import { type ClusterNames, corrupt } from "./protocol.ts";

/**
 * Length of a piece. The client copies messages that come in several reads of 64 KiB, and each message costs the
 * server some time.
 */
const PIECE_BYTES = 1 << 18;
/** How many pieces are on the way at a time. */
const IN_FLIGHT = 16;
/** The longest object. */
const MAX_BYTES = 2 ** 31;
/** How often a piece is requested that the server does not give. */
const MAX_TRIES = 5;
/** How long is waited before that, in milliseconds. */
const PAUSE_MS = 100;
const NONE = new Uint8Array();

/** What the name of an object says. */
interface ObjectName {
  readonly copy: string;
  readonly pieces: number;
  readonly bytes: number;
  readonly hash: string;
}

/** What objects need of a link. */
export interface ObjectsAccess {
  readonly names: ClusterNames;
  readonly connection: NatsConnection;
  readonly manager: JetStreamManager;
  readonly publisher: Publisher;
  /** The most bytes of a payload. */
  readonly maxBytes: number;
  /** How long the server keeps a message, in milliseconds. */
  readonly keepMs: number;
  /** How long the server has to answer, in milliseconds. */
  readonly answerMs: number;
}

/** The objects of a cluster. */
export class Objects {
  readonly #access: ObjectsAccess;

  constructor(access: ObjectsAccess) {
    this.#access = access;
  }

  /**
   * Stores bytes. Resolves to the name of the object when the server has them; `undefined` if they are not wanted any
   * more.
   */
  async store(
    parts: readonly Uint8Array[],
    isWanted: () => boolean = () => true,
  ): Promise<string | undefined> {
    const { publisher, names, maxBytes } = this.#access;
    const copy = randomBytes(12).toString("hex");
    const hash = createHash("sha256");
    let [count, bytes] = [0, 0];
    const pieces = piecesOf(parts, Math.min(PIECE_BYTES, maxBytes));
    const send = async () => {
      for (const piece of pieces) {
        const subject = names.object(copy, String(count++));
        bytes += piece.length;
        const stored = publisher.publish(subject, undefined, piece, isWanted);
        hash.update(piece); // while the server stores it
        if (!await stored) return;
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, send));
    const name = `${copy}.${count}.${bytes}.${hash.digest("hex")}`;
    if (!isWanted()) this.drop(name);
    return isWanted() ? name : undefined;
  }

  /** Stores bytes that others may have stored: returns the name of a copy of theirs, if it is not old. */
  async storeShared(parts: readonly Uint8Array[]): Promise<string> {
    const { publisher, names, connection, manager, keepMs } = this.#access;
    const hash = createHash("sha256");
    for (const part of parts) hash.update(part);
    const subject = names.shared(hash.digest("hex"));
    const found = await answerOf(
      connection,
      () => manager.streams.getMessage(names.objects, { last_by_subj: subject }),
    );
    if (found !== null && Date.now() - found.time.getTime() < keepMs / 2) return found.string();
    const name = (await this.store(parts))!;
    await publisher.publish(subject, undefined, new TextEncoder().encode(name), () => true);
    return name;
  }

  /**
   * Returns the bytes of an object, in parts.
   *
   * @throws {CorruptMessageError} if it is not there, or has other contents than its name says
   */
  async load(name: string): Promise<Uint8Array[]> {
    const { copy, pieces: count, bytes, hash } = parseName(name);
    const pieces: Uint8Array[] = [];
    const contents = createHash("sha256");
    let [begun, hashed, loaded] = [0, 0, 0];
    const receive = async () => {
      while (begun < count) {
        const index = begun++;
        let piece: Uint8Array = NONE;
        try {
          piece = await this.#piece(copy, index);
          loaded += piece.length;
        } finally {
          if (piece.length === 0 || loaded > bytes) begun = count; // the others stop
        }
        pieces[index] = piece;
        for (; pieces[hashed] !== undefined; hashed++) contents.update(pieces[hashed]);
      }
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, receive));
    if (loaded !== bytes || contents.digest("hex") !== hash) {
      throw corrupt(`object ${name} has other contents than its name says`);
    }
    return pieces;
  }

  async #piece(copy: string, index: number): Promise<Uint8Array> {
    const { connection, names, answerMs } = this.#access;
    const subject = `$JS.API.DIRECT.GET.${names.objects}.${names.object(copy, String(index))}`;
    const ask = () => connection.request(subject, "", { timeout: answerMs });
    for (let tries = 1;; tries++) {
      const { data, headers } = await answerOf(connection, ask);
      if (!headers?.code) return data;
      if (tries === MAX_TRIES) { // before, a replica may lag behind
        throw corrupt(`what it needs is not there any more (piece ${index} of object ${copy})`);
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** Removes an object that nobody needs any more. */
  drop(name: string): void {
    const { names, manager } = this.#access;
    const filter = names.object(parseName(name).copy);
    // If the server cannot be reached, it forgets the object later by itself.
    manager.streams.purge(names.objects, { filter }).catch(() => {});
  }
}

/** Returns the SHA-256 of the object of that name. */
export function hashIn(name: string): string {
  return parseName(name).hash;
}

function parseName(name: string): ObjectName {
  const [, copy, pieces, bytes, hash] =
    /^([0-9a-f]{24})\.(\d{1,8})\.(\d{1,10})\.([0-9a-f]{64})$/.exec(name) ?? [];
  const found = { copy, pieces: Number(pieces), bytes: Number(bytes), hash };
  if (copy === undefined || found.bytes > MAX_BYTES || found.pieces > found.bytes) {
    throw corrupt("its object has no name that it can have");
  }
  return found;
}

/** Cuts parts into pieces, without copying them. */
function* piecesOf(parts: readonly Uint8Array[], length: number): Generator<Uint8Array> {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += length) yield part.subarray(at, at + length);
  }
}

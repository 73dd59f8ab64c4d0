/**
 * Constants on a cluster: each goes to the servers once, from there to a node once, and is read once in each of
 * its processes.
 *
 * A chunk names its constants by numbers. Its header says what they are: `ConstantHeader`. The node puts the
 * contents of each into a file, from which its processes read them.
 *
 * @module
 */

import { join } from "node:path";
import type { Definition } from "../codec/definition.ts";
import { constantOf, messageOfConstant } from "../memory/constant.ts";
import { addRef, type ObjectAddress, release } from "../objects/shared_object.ts";
import { type Link, streamBytesIn } from "./link.ts";
import { copied, type PackedMessage, unpack } from "./messages.ts";
import { corrupt, text } from "./protocol.ts";

/** How many constants a caller, and each process of a node, keeps though no chunk may have them now. */
const MAX_KEPT = 8;
/** How many of them a node keeps. */
const MAX_FILES = 32;
/** How deep constants may be inside of each other. */
const MAX_DEPTH = 100;

// The caller

/** What a chunk says of a constant. */
interface ConstantHeader {
  /** The object with its contents. */
  readonly object: string;
  readonly streamBytes: number;
  readonly definitions: readonly Definition[];
  /** The constants that are inside of it. */
  readonly constants: readonly ConstantHeader[];
}

/** A constant that chunks name. It keeps its contents, so that they can be stored again. */
export class SentConstant {
  readonly #packed: PackedMessage;
  readonly #inside: readonly SentConstant[];
  #stored: { link: Link; since: number; header: Promise<ConstantHeader> } | undefined;

  constructor(packed: PackedMessage, inside: readonly SentConstant[]) {
    this.#packed = packed;
    this.#inside = inside;
  }

  /** Stores it, unless it is, and returns what a chunk says of it. */
  headerFor(link: Link): Promise<ConstantHeader> {
    const now = Date.now();
    const { keepMs } = link.settings;
    let stored = this.#stored;
    if (stored?.link !== link || now - stored.since > keepMs / 2) {
      stored = { link, since: now, header: this.#store(link) };
      stored.header.catch(() => this.#stored = undefined);
      this.#stored = stored;
    }
    return stored.header;
  }

  async #store(link: Link): Promise<ConstantHeader> {
    const { streamBytes, definitions, parts } = this.#packed;
    const constants = await Promise.all(this.#inside.map((one) => one.headerFor(link)));
    return { object: await link.store(parts), streamBytes, definitions, constants };
  }
}

/** The constants of a caller. */
export class SentConstants implements Disposable {
  /** Those that it sent last, the last one at the end. They are kept: an address may be used anew after its end. */
  readonly #kept = new Map<ObjectAddress, SentConstant>();

  /** Returns the constant at an address; `undefined` if another object is there. */
  at(address: ObjectAddress, named: Set<string>): SentConstant | undefined {
    let found = this.#kept.get(address);
    if (found !== undefined) this.#kept.delete(address);
    else {
      const message = messageOfConstant(address);
      if (message === undefined) return undefined;
      const inside: SentConstant[] = [];
      const packed = copied(message, named, true, this.numbersIn(inside, named));
      found = new SentConstant(packed, inside);
      addRef(address);
    }
    this.#kept.set(address, found);
    if (this.#kept.size > MAX_KEPT) this.#dropFirst();
    return found;
  }

  /** Returns the numbers of constants in a list, to which new ones are added. */
  numbersIn(list: SentConstant[], named: Set<string>): (address: number) => number | undefined {
    return (address) => {
      const constant = this.at(address as ObjectAddress, named);
      if (constant === undefined) return undefined;
      const known = list.indexOf(constant);
      return known === -1 ? list.push(constant) - 1 : known;
    };
  }

  /** Keeps none any more. */
  [Symbol.dispose](): void {
    while (this.#kept.size > 0) this.#dropFirst();
  }

  #dropFirst(): void {
    const [address] = this.#kept.keys();
    this.#kept.delete(address);
    release(address);
  }
}

// The node

/** A constant, as a node gives it to a process. */
export interface RemoteConstant {
  /** The file with its contents. */
  readonly path: string;
  readonly streamBytes: number;
  readonly definitions: readonly Definition[];
  readonly constants: readonly RemoteConstant[];
}

/** A file with the contents of a constant. */
interface ConstantFile {
  readonly path: string;
  readonly written: Promise<void>;
  /** How many chunks need it. */
  uses: number;
}

/** The constants of a node, as files in a folder of its own. */
export class NodeConstants implements AsyncDisposable {
  readonly #link: Link;
  readonly #parent: string;
  #folder: Promise<string> | undefined;
  /** By object, that which was used last at the end. */
  readonly #files = new Map<string, ConstantFile>();

  /** The folder is made below `parent` when there is a constant. */
  constructor(link: Link, parent: string) {
    this.#link = link;
    this.#parent = parent;
  }

  /**
   * Loads the constants of a chunk. They are kept until it calls `end`.
   *
   * @param header what the chunk says of them
   * @param checked checks which functions they name
   * @throws {CorruptMessageError} if that is damaged, or one of them is not there
   */
  async load(
    header: unknown,
    checked: (definitions: unknown) => Definition[],
  ): Promise<{ constants: RemoteConstant[]; end(): void }> {
    const used: ConstantFile[] = [];
    const end = () => {
      for (const file of used) file.uses--;
      this.#removeOld();
    };
    const load = async (header: unknown, depth: number): Promise<RemoteConstant[]> => {
      if (!Array.isArray(header) || depth > MAX_DEPTH) {
        throw corrupt("its constants are no list that it can have");
      }
      const constants: RemoteConstant[] = [];
      for (const one of header) {
        const about = Object(one);
        const file = await this.#file(text(about, "object"));
        used.push(file);
        file.uses++;
        await file.written;
        constants.push({
          path: file.path,
          streamBytes: streamBytesIn(about),
          definitions: checked(about.definitions),
          constants: await load(about.constants, depth + 1),
        });
      }
      return constants;
    };
    try {
      return { constants: await load(header, 0), end };
    } catch (error) {
      end();
      throw error;
    }
  }

  async #file(object: string): Promise<ConstantFile> {
    this.#folder ??= Deno.mkdir(this.#parent, { recursive: true })
      .then(() => Deno.makeTempDir({ dir: this.#parent, prefix: "constants-" }));
    const folder = await this.#folder;
    let file = this.#files.get(object);
    this.#files.delete(object);
    if (file === undefined) {
      const path = join(folder, crypto.randomUUID());
      file = { path, written: this.#write(object, path), uses: 0 };
      file.written.catch(() => this.#files.delete(object)); // another chunk may have more luck
    }
    this.#files.set(object, file);
    return file;
  }

  async #write(object: string, path: string): Promise<void> {
    using file = await Deno.open(path, { write: true, createNew: true });
    for (const part of await this.#link.load(object)) {
      for (let at = 0; at < part.length;) at += await file.write(part.subarray(at));
    }
  }

  #removeOld(): void {
    for (const [object, { path, uses }] of this.#files) {
      if (this.#files.size <= MAX_FILES) return;
      if (uses > 0) continue;
      this.#files.delete(object);
      Deno.remove(path).catch(() => {}); // with the folder, when the node leaves
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#folder !== undefined) await Deno.remove(await this.#folder, { recursive: true });
  }
}

// The process

/** The constants that this process has read last, by file, the last one at the end. */
const kept = new Map<string, ObjectAddress>();

/** Returns the constants of a chunk, which are there until {@linkcode forgetConstants}. */
export function readConstants(constants: readonly RemoteConstant[]): ObjectAddress[] {
  return constants.map(({ path, streamBytes, definitions, constants }) => {
    let address = kept.get(path);
    kept.delete(path);
    if (address === undefined) {
      const contents = [Deno.readFileSync(path)];
      const inside = readConstants(constants);
      address = constantOf(unpack(streamBytes, definitions, contents, undefined, inside));
      addRef(address);
    }
    kept.set(path, address);
    return address;
  });
}

/** Forgets those that were read first, beyond a number of them. Messages that name them keep them. */
export function forgetConstants(): void {
  for (const [path, address] of kept) {
    if (kept.size <= MAX_KEPT) return;
    kept.delete(path);
    release(address);
  }
}

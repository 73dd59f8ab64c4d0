/**
 * Objects that live in the server of a manager, as the isolates know them that call their methods.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `REQUESTS` | address of the queue in which the server takes requests | the server |
 * | `SERVER` | isolate record of the server | the server |
 * | `ID` | number of the object in the server | the server |
 *
 * It is here, and not with the managers, because each isolate that frees what others leave has to know it.
 *
 * @module
 */

import type { Address } from "../heap/address.ts";
import { thisIsolate } from "../heap/isolate_record.ts";
import { i32 } from "../heap/views.ts";
import {
  addRef,
  addressOf,
  createObject,
  defineType,
  handleFor,
  objectWord,
  release,
  reviveAs,
  SharedHandle,
} from "../objects/shared_object.ts";
import type { Queue } from "./queue.ts";

/** The number of this type among shared objects. */
const TYPE = 27;

const REQUESTS = objectWord.FIRST;
const SERVER = REQUESTS + 1;
const ID = SERVER + 1;
const WORDS = ID + 1;

/**
 * An object of a server. Each proxy refers to it: the server may release the object once only the server
 * does. Whoever has it can call the methods of this object, and of no other.
 *
 * @typeParam Request the requests of the server
 */
export class ManagedObject<Request = unknown> extends SharedHandle {
  /** Makes it, in the server. */
  constructor(requests: Queue<Request>, id: number) {
    super(createManagedObject(requests, id));
  }

  /** The queue in which the server takes requests. */
  get requests(): Queue<Request> {
    return handleFor(i32[this.address + REQUESTS]) as Queue<Request>;
  }

  /** Isolate record of the server. */
  get record(): Address<"isolate"> {
    return i32[this.address + SERVER];
  }

  /** Number of the object in the server. */
  get id(): number {
    return i32[this.address + ID];
  }
}

function createManagedObject(requests: object, id: number): number {
  const address = createObject(TYPE, WORDS);
  const queue = addressOf(requests)!;
  i32[address + REQUESTS] = queue;
  i32[address + SERVER] = thisIsolate;
  i32[address + ID] = id;
  addRef(queue);
  return address;
}

defineType(TYPE, "object of a manager", {
  crosses: true,
  revive: reviveAs(ManagedObject),
  destroy: (address) => release(i32[address + REQUESTS]),
});

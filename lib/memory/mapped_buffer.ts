/**
 * SharedArrayBuffers on memory that processes of the operating system map too.
 *
 * In a program they cross as any buffer does. A message to a process names one by a number, and the process
 * maps the memory, once: see `lib/agents`. The descriptor is open in the program that has made the memory, as
 * long as an isolate of it has the buffer. The agent of a process that has it is such an isolate.
 *
 * Only the data of the user lies in this memory: what other processes write cannot harm the package.
 *
 * | word | meaning | written by |
 * |---|---|---|
 * | `PID`, `FD`, `ID` | the program that has made the memory, the descriptor there, and the part of its name | the isolate that makes the buffer here |
 * | `NUMBER` | by which the program that started this process knows the buffer; 0: this program has made it | the same |
 *
 * @module
 */

import {
  announceBuffer,
  BUFFER_WORDS,
  dropUnreachable,
  memoryOf,
  onMemoryOperations,
} from "../codec/buffers.ts";
import { i32 } from "../heap/views.ts";
import {
  addRef,
  createObject,
  defineType,
  type ObjectAddress,
  registerHandle,
  typeOf,
} from "../objects/shared_object.ts";
import { closeMemory, type Descriptor, makeMemory, openMemory } from "./mapping.ts";

/** The number of this type among shared objects. */
const TYPE = 28;

const PID = BUFFER_WORDS;
const FD = PID + 1;
const ID = FD + 1;
const NUMBER = ID + 1;
const WORDS = NUMBER + 1;

/**
 * Makes a buffer that processes can map, of at least so many bytes. It has whole pages.
 *
 * @returns `undefined` if the system does not give the memory
 */
export function makeMappedBuffer(bytes: number): SharedArrayBuffer | undefined {
  const memory = makeMemory(bytes);
  if (memory === undefined) return undefined;
  const { buffer, descriptor } = memory;
  let address: ObjectAddress;
  try {
    address = createObject(TYPE, WORDS);
  } catch (error) {
    closeMemory(descriptor.fd);
    throw error;
  }
  describe(address, descriptor, 0);
  registerHandle(buffer, address);
  announceBuffer(address, memoryOf(buffer)!);
  return buffer;
}

/**
 * Maps a buffer of the program that has started this process. Returns its object, with a reference for the caller.
 *
 * @param number by which the program knows it
 * @returns `undefined` if the system refuses it
 */
export function openMappedBuffer(
  descriptor: Descriptor,
  number: number,
): ObjectAddress | undefined {
  const buffer = openMemory(descriptor);
  if (buffer === undefined) return undefined;
  const address = createObject(TYPE, WORDS);
  describe(address, descriptor, number);
  addRef(address);
  announceBuffer(address, memoryOf(buffer)!);
  return address;
}

function describe(address: ObjectAddress, { pid, fd, id }: Descriptor, number: number): void {
  i32[address + PID] = pid;
  i32[address + FD] = fd;
  i32[address + ID] = id;
  i32[address + NUMBER] = number;
}

/** Returns where the memory of a buffer is open; `undefined` if the address is not of one that processes can map. */
export function descriptorAt(address: ObjectAddress): Descriptor | undefined {
  if (typeOf(address) !== TYPE) return undefined;
  return { pid: i32[address + PID], fd: i32[address + FD], id: i32[address + ID] };
}

/**
 * Returns the number of a buffer of the program that has started this process; `undefined` if the address is of
 * something else.
 */
export function mappedNumberAt(address: ObjectAddress): number | undefined {
  return typeOf(address) === TYPE && i32[address + NUMBER] !== 0
    ? i32[address + NUMBER]
    : undefined;
}

defineType(TYPE, "SharedArrayBuffer of processes", {
  ...onMemoryOperations,
  crosses: true,
  isRemote: (address) => mappedNumberAt(address) !== undefined,
  destroy(address) {
    dropUnreachable(); // others too, which other isolates have destroyed
    if (mappedNumberAt(address) === undefined) closeMemory(i32[address + FD]);
  },
});

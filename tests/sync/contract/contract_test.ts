import { barrier } from "./barrier.ts";
import { condition } from "./condition.ts";
import { contract } from "./contract.ts";
import { event } from "./event.ts";
import { exclusion } from "./exclusion.ts";
import { rlock } from "./rlock.ts";
import { semaphore } from "./semaphore.ts";

contract("the primitives keep their contracts", [
  ...exclusion,
  ...rlock,
  ...semaphore,
  ...condition,
  ...event,
  ...barrier,
]);

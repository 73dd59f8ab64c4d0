// The declarations of lib/parking/wait.ts

export { TIMEOUT_MAX } from "./park_async.d.ts";

export {};

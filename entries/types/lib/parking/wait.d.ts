// The declarations of lib/parking/wait.ts

export { TIMEOUT_MAX } from "./timer.d.ts";

export {};

/**
 * The compiled `distances.wat`. `deno run --allow-read scripts/compile_wat.ts` prints this text.
 *
 * @module
 */

/** The bytes of the module, in base 64. */
export const DISTANCES_BASE64: string =
  "AGFzbQEAAAABCQFgBX9/f39/AAISAQNlbnYGbWVtb3J5AgMBgIAEAwIBAAcHAQNyb3cAAAq4AgG1AgMGfwN7Anwg" +
  "AkEDdCEFIAVBYHEhCSADIAAgBWxqIQYgAyEHIAQgACABbEEDdGohBCAEIAFBA3RqIQoCQANAIAQgCk8NAf0MAAAA" +
  "AAAAAAAAAAAAAAAAACEM/QwAAAAAAAAAAAAAAAAAAAAAIQ1BACEIAkADQCAIIAlPDQEgBiAIav0ABAAgByAIav0A" +
  "BAD98QEhCyAMIAsgC/3yAf3wASEMIAYgCGr9AAQQIAcgCGr9AAQQ/fEBIQsgDSALIAv98gH98AEhDSAIQSBqIQgM" +
  "AAsLIAwgDf3wASEMIAz9IQAgDP0hAaAhDwJAA0AgCCAFTw0BIAYgCGorAwAgByAIaisDAKEhDiAPIA4gDqKgIQ8g" +
  "CEEIaiEIDAALCyAEIA+fOQMAIARBCGohBCAHIAVqIQcMAAsLCw==";

/** Compiles the module, which imports a shared memory as `env.memory` and exports {@linkcode Row}. */
export function compileDistances(): WebAssembly.Module {
  return new WebAssembly.Module(Uint8Array.fromBase64(DISTANCES_BASE64));
}

/** Stores row `i` of the matrix of distances. */
export type Row = (i: number, rows: number, columns: number, x: number, out: number) => void;

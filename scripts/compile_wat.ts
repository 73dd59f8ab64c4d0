/**
 * Compiles a `.wat` file and prints the WebAssembly as base64, for the module beside it.
 *
 *     deno run --allow-read scripts/compile_wat.ts examples/loops/kernels/distances.wat
 *
 * @module
 */
import wabt from "wabt";

/** Compiles the text of a WebAssembly module. */
export async function compileWat(path: string | URL): Promise<Uint8Array<ArrayBuffer>> {
  const { parseWat } = await wabt();
  const module = parseWat(String(path), await Deno.readTextFile(path), {
    simd: true,
    threads: true,
  });
  try {
    return new Uint8Array(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}

if (import.meta.main) console.log((await compileWat(Deno.args[0])).toBase64());

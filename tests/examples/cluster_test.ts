import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { crossValidate, type Parameters } from "../../examples/cluster/kernel_ridge.ts";
import { cutIntoSlabs, denoiseSlab } from "../../examples/cluster/slabs.ts";
import { readNifti } from "../../examples/images/voxels/nifti_io.ts";
import { denoiseSlice, estimateSigma } from "../../examples/images/voxels/nlm.ts";
import { addNoise, sheppLogan } from "../../examples/images/voxels/phantom.ts";
import { seededRandom } from "../../examples/images/voxels/random.ts";
import { identical, volumeOf } from "../../examples/images/voxels/volume.ts";
import { KEY, natsServer, TestCluster } from "../cluster/servers.ts";
import { runExample, temporaryDirectory } from "./run_example.ts";

/** A noisy phantom, and what denoising makes of it, slice by slice. */
function denoised(shape: [number, number, number], searchRadius: number, gap?: number) {
  const image = volumeOf(addNoise(sheppLogan(shape, 2), 0.05, seededRandom(1)), shape);
  if (gap !== undefined) image.data[gap] = NaN;
  const options = { sigma: estimateSigma(image), searchRadius };
  const result = volumeOf(new Float32Array(image.data.length), shape);
  for (let z = 0; z < shape[0]; z++) denoiseSlice(image, result, z, options);
  return { image, options, result: result.data };
}

Deno.test("slabs of any thickness have the voxels of the image that was not cut", () => {
  const shape: [number, number, number] = [9, 7, 8];
  for (const searchRadius of [1, 3]) {
    const { image, options, result } = denoised(shape, searchRadius, 4 * 56 + 30);
    for (const thickness of [1, 2, 4, 9, 20]) {
      const slabs = cutIntoSlabs(image.data, shape, thickness, searchRadius);
      assertEquals(slabs.length, Math.ceil(9 / thickness));
      const joined = new Float32Array(image.data.length);
      for (const slab of slabs) {
        const { first, voxels } = denoiseSlab(slab, options);
        joined.set(voxels, first * 56);
      }
      assert(identical(joined, result), `${thickness} slices, radius ${searchRadius}`);
    }
  }
});

Deno.test("crossValidate() prefers parameters that fit, and depends on its arguments only", () => {
  const problem = { seed: 1, points: 100, folds: 5 };
  const errorOf = (parameters: Parameters) => crossValidate({ problem, parameters }).error;
  const good = errorOf({ alpha: 0.01, gamma: 0.1 });
  assert(good < errorOf({ alpha: 100, gamma: 0.1 }));
  assert(good < errorOf({ alpha: 0.01, gamma: 100 }));
  assert(good > 1, `better than the noise: ${good}`);
  assertEquals(errorOf({ alpha: 0.01, gamma: 0.1 }), good);
});

Deno.test("examples of clusters say what to start if no server is there, and what key is missing", async () => {
  for (const name of ["voxels_cluster", "parameter_search"]) {
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = listener.addr as Deno.NetAddr;
    listener.close();
    const outcome = await runExample(name, "--servers", `127.0.0.1:${port}`, "--name", "fits");
    assertEquals([outcome.code, outcome.lines, outcome.errors.length], [2, [], 1]);
    assertStringIncludes(outcome.errors[0], `${name}: Cannot connect to cluster fits`);
    assertStringIncludes(outcome.errors[0], '"deno task node --name fits"');
    const elsewhere = await runExample(name, "--servers", "queue:4222");
    assertEquals([elsewhere.code, elsewhere.errors.length], [2, 1]);
    assertStringIncludes(elsewhere.errors[0], "from the variable MP_AUTH_KEY");
  }
});

Deno.test("examples of clusters compute on nodes what one core does", {
  ignore: natsServer === undefined,
}, async () => {
  await using servers = await TestCluster.start();
  await using directory = await temporaryDirectory();
  servers.startNode("one", 1);
  servers.startNode("two", 1);
  await servers.caller().ready({ slots: 2 });
  using _ = { [Symbol.dispose]: () => Deno.env.delete("MP_AUTH_KEY") };
  Deno.env.set("MP_AUTH_KEY", KEY);
  const options = ["--servers", servers.address, "--name", servers.name, "--quick", "--check"];
  const output = `${directory.path}/out.nii.gz`;
  const voxels = await runExample("voxels_cluster", ...options, "--output", output);
  assertEquals(voxels.code, 0, voxels.errors.join("\n"));
  assert(voxels.lines.includes("identical: yes"));
  assert(voxels.lines.some((line) => /^2 slots of 2 nodes: \d+\.\d\d s$/.test(line)));
  const { data, shape } = await readNifti(output);
  const expected = denoised(shape, 2);
  assert(identical(data, expected.result));
  const search = await runExample("parameter_search", ...options);
  assertEquals(search.code, 0, search.errors.join("\n"));
  assert(search.lines.includes("identical: yes"));
  assertMatch(search.errors.at(-1)!, /^2 slots of 2 nodes: 100 % 20 of 20 pairs/);
  const best = search.lines.find((line) => line.startsWith("best: "));
  assertEquals(best, "best: alpha 0.0100, gamma 0.100, error 2.6626");
});

import { assertEquals, assertRejects } from "@std/assert";
import { BadInputError } from "../../examples/support/cli.ts";
import { checkWritable, fileError } from "../../examples/images/voxels/files.ts";
import { temporaryDirectory } from "./run_example.ts";

Deno.test("checkWritable() leaves no trace", async () => {
  await using directory = await temporaryDirectory();
  const path = `${directory.path}/image.nii`;
  await checkWritable(path);
  assertEquals([...Deno.readDirSync(directory.path)], []);
  await Deno.writeTextFile(path, "precious");
  await checkWritable(path);
  assertEquals(await Deno.readTextFile(path), "precious");
});

Deno.test("checkWritable() throws if the file cannot be written", async () => {
  await using directory = await temporaryDirectory();
  await assertRejects(
    () => checkWritable(`${directory.path}/missing/image.nii`),
    BadInputError,
    "no such file or directory",
  );
  await assertRejects(() => checkWritable(directory.path), BadInputError, "it is a directory");
  const file = `${directory.path}/file`;
  await Deno.writeTextFile(file, "");
  await assertRejects(() => checkWritable(`${file}/image.nii`), BadInputError, "cannot write");
});

Deno.test("fileError() gives the system's reason in one line", () => {
  const denied = fileError("read", "secret.nii", new Deno.errors.PermissionDenied("EACCES"));
  assertEquals(denied.message, 'cannot read "secret.nii": permission denied');
});

/**
 * Runs the cells of a notebook in order and prints their output: `deno task notebook 1`, or the path of
 * any `.ipynb`. It stops at the first error, with exit code 1.
 *
 * The cells run one by one in a session of `deno repl`, in the folder of the notebook. Deno's kernel for
 * Jupyter uses such a session too: each cell is a script, not a module, and sees the declarations of the
 * cells before it. The kernel also shows the value of a cell's last expression, but not the output of
 * workers. Here it is the other way round.
 *
 * @module
 */
import { readdir } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";
import { ROOT } from "./source_files.ts";

/** A part of a notebook, in version 4 of the format. */
export interface Cell {
  id: string;
  cell_type: "code" | "markdown" | "raw";
  metadata: Record<string, unknown>;
  /** The text, or its lines with their newlines. */
  source: string | string[];
  /** In code cells only. */
  execution_count?: number | null;
  outputs?: unknown[];
}

/** The content of an `.ipynb` file. */
export interface Notebook {
  cells: Cell[];
  metadata: Record<string, unknown>;
  nbformat: number;
  nbformat_minor: number;
}

const FOLDER = new URL("examples/notebooks/", ROOT);

/** Returns the names of the notebooks of this repository, without `.ipynb`, in their order. */
export async function notebookNames(): Promise<string[]> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".ipynb"));
  return files.map((file) => file.slice(0, -".ipynb".length)).sort();
}

/** Returns the URL of the notebook of this name. */
export function notebookFile(name: string): URL {
  return new URL(`${name}.ipynb`, FOLDER);
}

/** Reads a notebook. */
export async function readNotebook(file: URL): Promise<Notebook> {
  return JSON.parse(await Deno.readTextFile(file));
}

/** Returns the code of a notebook, cell by cell. */
export function codeOf({ cells }: Notebook): string[] {
  return cells.filter((cell) => cell.cell_type === "code")
    .map(({ source }) => typeof source === "string" ? source : source.join(""));
}

/** Returns the line that precedes the output of a cell. Cells are counted from 1. */
export function headingOf(cell: number): string {
  return `--- cell ${cell}`;
}

/**
 * Returns the files that {@linkcode runCells} passes to the session. Each cell stores its number at its
 * end, and the file before the next cell checks it.
 */
function filesOf(cells: string[]): [name: string, text: string][] {
  const check = (count: number) => `if ((globalThis.ran ?? 0) !== ${count}) Deno.exit(1);\n`;
  const files = cells.flatMap((code, i): [string, string][] => [
    [`before_${i + 1}.js`, `${check(i)}console.log(${JSON.stringify(headingOf(i + 1))});\n`],
    [`cell_${i + 1}.ts`, `${code}\n;globalThis["ran"] = ${i + 1};\n`],
  ]);
  // Exits even if something still runs, as when a notebook is closed.
  return [...files, ["end.js", `${check(cells.length)}Deno.exit(0);\n`]];
}

/**
 * Runs cells in order until one fails.
 *
 * @param folder the working directory
 * @param how the output of the session, and a signal that ends it
 * @returns exit code 1 if a cell failed: the one with the last printed heading
 */
export async function runCells(
  cells: string[],
  folder: URL,
  how: { stdout: "inherit" | "piped"; signal?: AbortSignal },
): Promise<{ code: number; stdout: string }> {
  const directory = await Deno.makeTempDir();
  try {
    const paths = filesOf(cells).map(([name, text]) => {
      const path = `${directory}/${name}`;
      Deno.writeTextFileSync(path, text);
      return path;
    });
    const child = new Deno.Command(Deno.execPath(), {
      args: ["repl", "--quiet", "--allow-all", "--eval-file", paths.join(",")],
      cwd: folder,
      stdin: "null",
      stderr: "inherit",
      ...how,
    }).spawn();
    if (how.stdout === "inherit") return { code: (await child.status).code, stdout: "" };
    const { code, stdout } = await child.output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

if (import.meta.main) {
  const [wanted = ""] = Deno.args;
  const names = await notebookNames();
  const name = names.find((name) => name === wanted || name.startsWith(`${wanted}_`));
  const file = wanted.endsWith(".ipynb")
    // The caller's directory: a task runs at the root.
    ? new URL(wanted, pathToFileURL(`${Deno.env.get("INIT_CWD") ?? "."}/`))
    : name && notebookFile(name);
  if (!file) {
    console.error(wanted === "" ? "Which notebook?" : `There is no notebook "${wanted}".`);
    console.error("deno task notebook NAME|FILE, where NAME, or its number, is one of:");
    for (const name of names) console.error(`  ${name}`);
    Deno.exit(2);
  }
  const cells = codeOf(await readNotebook(file));
  const { code } = await runCells(cells, new URL(".", file), { stdout: "inherit" });
  if (code !== 0) console.error(`${fileURLToPath(file)}: the last cell above failed`);
  Deno.exit(code);
}

// @ts-check
// What the checks and pictures of the source read: files, and what imports what. Plain text is enough, because the
// formatter has the last word on how a line looks.
import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The folder of the repository. */
export const ROOT = fileURLToPath(new URL("..", import.meta.url))

/**
 * @typedef {{ path: string, text: string }} SourceFile `path` from the root of the repository, with `/`
 * @typedef {{ specifier: string, line: number, target: string | undefined }} Import
 *   `target` is the path of a file of ours; `line` counts from 1
 */

/**
 * The programs in these folders, sorted by path.
 *
 * @param {ReadonlyArray<string>} folders
 * @returns {Array<SourceFile>}
 */
export const read = (folders) => folders.flatMap((folder) => filesIn(folder, /\.(ts|mjs)$/, true)).sort(byPath)

/**
 * What is written for people: the Markdown at the root and in these folders, sorted by path.
 *
 * @param {ReadonlyArray<string>} folders
 * @returns {Array<SourceFile>}
 */
export const documents = (folders) =>
  [...filesIn("", /\.md$/, false), ...folders.flatMap((folder) => filesIn(folder, /\.md$/, true))].sort(byPath)

/** @type {(folder: string, ending: RegExp, recursive: boolean) => Array<SourceFile>} */
const filesIn = (folder, ending, recursive) =>
  readdirSync(join(ROOT, folder), { recursive, encoding: "utf8" })
    .map((path) => (folder === "" ? path : `${folder}/${path.replaceAll("\\", "/")}`))
    .filter((path) => ending.test(path) && !path.includes("/node_modules/"))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }))

/** @type {(left: SourceFile, right: SourceFile) => number} */
const byPath = (left, right) => (left.path < right.path ? -1 : 1)

/**
 * What a file imports: statements (types count), re-exports, and `import("…")` with a literal, also as a type.
 *
 * @param {SourceFile} file
 * @returns {Array<Import>}
 */
export const importsOf = ({ path, text }) => {
  const found = []
  for (const match of text.matchAll(STATEMENT)) {
    const specifier = match[1] ?? match[2] ?? match[3] ?? ""
    const line = text.slice(0, match.index + match[0].length).split("\n").length
    found.push({ specifier, line, target: resolve(path, specifier) })
  }
  return found
}

const NAMES = String.raw`(?:type )?(?:\w+(?:, )?)?(?:\* as \w+|\*|\{[^}]*\})?`
const STATEMENT = new RegExp(
  String.raw`^(?:import|export) ${NAMES} from "([^"]+)"|^import "([^"]+)"|\bimport\("([^"]+)"\)`,
  "gm"
)

/** @type {(from: string, specifier: string) => string | undefined} */
const resolve = (from, specifier) =>
  specifier.startsWith(".") ? join(dirname(from), specifier).replace(/\.js$/, ".ts").replaceAll("\\", "/") : undefined

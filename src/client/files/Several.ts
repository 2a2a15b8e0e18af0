import * as Effect from "effect/Effect"
import { Slice, type Sliced, sorted } from "../../core/support/Slices.js"
import * as FileName from "../../domain/FileName.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { type Files, FilesError, type Found, type FoundEntry, MAX_NAMED, MAX_PATHS } from "../../services/Files.js"
import { inSlices } from "../InSlices.js"

/**
 * What lies at these paths, to be sent at once: the file or folder, or several of them as one folder that has each
 * under its own name. No path, two things of one name, and too many entries are refused. The same path twice is once.
 */
export const inspect = (files: Files["Type"], paths: ReadonlyArray<string>): Effect.Effect<Found, FilesError> =>
  Effect.gen(function* () {
    if (paths.length > MAX_PATHS)
      return yield* refuse("TooLarge", `${MAX_PATHS} files and folders at most go into one offer`)
    const found: Array<Found> = []
    for (const path of paths) {
      const one = yield* files.inspect(path)
      if (!found.some((other) => other.path === one.path)) found.push(one)
    }
    const [first] = found
    if (first === undefined) return yield* refuse("NotFound", "there is nothing to send")
    return yield* inSlices(inOrder(found.length === 1 ? first : yield* together(found)))
  })

/** The same with its entries in the order in which they are offered: the files by their paths, then the folders. */
function* inOrder(found: Found): Sliced<Found> {
  const slice = new Slice()
  const files: Array<FoundEntry> = []
  const folders: Array<FoundEntry> = []
  for (const entry of found.entries) {
    if (slice.spend(1)) yield
    if (entry.folder === true) folders.push(entry)
    else files.push(entry)
  }
  const [first, last] = [yield* sorted(files, byPath, 1, slice), yield* sorted(folders, byPath, 1, slice)]
  return { ...found, entries: first.concat(last) }
}

const together = (all: ReadonlyArray<Found>): Effect.Effect<Found, FilesError> =>
  Effect.gen(function* () {
    const names = new Map<string, string>()
    const entries: Array<FoundEntry> = []
    const left: Array<string> = []
    for (const found of all) {
      const name = nameOf(found)
      const other = names.get(name)
      if (other !== undefined)
        return yield* refuse("Other", `${other} and ${found.path} have the same name: send them one after the other`)
      names.set(name, found.path)
      for (const entry of found.entries) entries.push(place(found, name, entry))
      left.push(...found.left.map((one) => `${name}/${one}`))
    }
    if (entries.length >= MAX_ENTRIES) return yield* refuse("TooLarge", `there are over ${MAX_ENTRIES} files in all`)
    const newest = Math.max(...all.map(({ entries }) => entries[0]?.mtimeMs ?? 0))
    entries.push({ path: "", size: 0, mtimeMs: newest, executable: false, folder: true })
    return {
      path: all[0]!.path,
      sources: all.map(({ path }) => path),
      kind: "folder",
      name: `${nameOf(all[0]!)} and ${all.length - 1} more`,
      entries,
      skipped: all.reduce((sum, { skipped }) => sum + skipped, 0),
      left: left.slice(0, MAX_NAMED)
    }
  })

/** An entry of what was found, below the name of the whole. */
const place = ({ kind, path }: Found, name: string, entry: FoundEntry): FoundEntry => {
  if (kind === "file") return { ...entry, path: name, at: path, named: true }
  const at = entry.path === "" ? path : `${path}/${entry.path}`
  return { ...entry, path: entry.path === "" ? name : `${name}/${entry.path}`, at }
}

/** The root of everything has no name. */
const nameOf = ({ name }: Found): string => (name === "" ? FileName.make("") : name)

const byPath = (a: FoundEntry, b: FoundEntry): number => (a.path < b.path ? -1 : 1)

const refuse = (reason: FilesError["reason"], message: string) => new FilesError({ reason, message })

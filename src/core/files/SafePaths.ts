import * as FileName from "../../domain/FileName.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { nameUnits, Slice, type Sliced, textUnits } from "../support/Slices.js"
import type { Entry } from "./Content.js"

/**
 * The paths under which the files and folders of a folder may be stored here, in the order of `entries`, whose paths
 * somebody else wrote: each segment a safe name (domain/FileName), no two the same and no file a folder, with `folds`
 * also where case or the form of characters is ignored: what would be the same is numbered.
 *
 * `undefined` when they are not the paths of things in one folder: an empty segment, `.` or `..`, a path twice, a file
 * that is a folder as well, more than `MAX_DEPTH` segments or `MAX_ENTRIES` folders, or names made to collide with each
 * other's numbers (`MAX_TRIES`).
 */
export function* safePaths(
  entries: ReadonlyArray<Pick<Entry, "path" | "folder">>,
  folds = false,
  slice = new Slice()
): Sliced<ReadonlyArray<string> | undefined> {
  const shared: Shared = { slice, left: MAX_TRIES, folders: 0, keyOf: folds ? FileName.key : (name) => name }
  const top = new Folder("", shared)
  const safe: Array<string> = []
  const said = new Set<string>()
  for (const { folder = false, path } of entries) {
    if (slice.spend(textUnits(path))) yield
    const segments = folder && path === "" ? [] : path.split("/", MAX_DEPTH + 1)
    if (segments.length > MAX_DEPTH || segments.some((segment) => UNUSABLE.has(segment))) return undefined
    const last = folder ? undefined : segments.pop()
    const within = yield* top.enter(segments)
    if (within === undefined) return undefined
    if (last === undefined) {
      if (said.has(within.path)) return undefined
      said.add(within.path)
      safe.push(within.path.slice(0, -1))
    } else {
      if (within.inside.has(last)) return undefined
      within.inside.set(last, FILE)
      safe.push(within.path + (yield* within.take(last)))
    }
    if (shared.left < 0) return undefined
  }
  return safe
}

/** The same entries under their safe paths, and how many have another one now; `undefined` where there are none. */
export function* safeEntries(
  entries: ReadonlyArray<Entry>,
  folds = false,
  slice = new Slice()
): Sliced<{ readonly entries: ReadonlyArray<Entry>; readonly renamed: number } | undefined> {
  const paths = yield* safePaths(entries, folds, slice)
  if (paths === undefined) return undefined
  const safe: Array<Entry> = []
  let renamed = 0
  for (const [index, entry] of entries.entries()) {
    const path = paths[index]!
    if (slice.spend(textUnits(path))) yield
    if (path === entry.path) safe.push(entry)
    else {
      renamed++
      safe.push({ ...entry, path })
    }
  }
  return { entries: safe, renamed }
}

interface Shared {
  readonly slice: Slice
  /** Numbers that may still turn out to be taken, in all folders together. */
  left: number
  folders: number
  readonly keyOf: (name: FileName.FileName) => string
}

class Folder {
  /** What is inside, by the name that the other side gave it. */
  readonly inside = new Map<string, Folder>()
  /** Keys that are taken, each with the number to try next. */
  readonly #taken = new Map<string, number>()

  /** `path` is empty, or ends with a slash. */
  constructor(
    readonly path: string,
    private readonly shared: Shared
  ) {}

  /** The folder below with this path, made where it is missing; `undefined` where that is a file, or one too many. */
  *enter(segments: ReadonlyArray<string>): Sliced<Folder | undefined> {
    let folder: Folder = this
    for (const segment of segments) {
      if (this.shared.slice.spend(textUnits(segment))) yield
      let inner = folder.inside.get(segment)
      if (inner === undefined) {
        if (++this.shared.folders > MAX_ENTRIES) return undefined
        if (this.shared.slice.spend(FOLDER)) yield
        inner = new Folder(`${folder.path}${yield* folder.take(segment)}/`, this.shared)
        folder.inside.set(segment, inner)
      }
      if (inner === FILE) return undefined
      folder = inner
    }
    return folder
  }

  /** A safe name that nothing in here has, from now on taken. */
  *take(segment: string): Sliced<string> {
    const { slice } = this.shared
    if (slice.spend(nameUnits(segment))) yield
    const name = FileName.inFolder(segment)
    const key = this.shared.keyOf(name)
    let number = this.#taken.get(key)
    if (number === undefined) {
      this.#taken.set(key, 2)
      return name
    }
    let numbered = FileName.numbered(name, number)
    while (this.#taken.has(this.shared.keyOf(numbered)) && this.shared.left-- > 0) {
      if (slice.spend(TRY + nameUnits(name))) yield
      numbered = FileName.numbered(name, ++number)
    }
    this.#taken.set(key, number + 1)
    this.#taken.set(this.shared.keyOf(numbered), 2)
    return numbered
  }
}

const FILE = new Folder("", { slice: new Slice(), left: 0, folders: 0, keyOf: (name) => name })
const UNUSABLE: ReadonlySet<string> = new Set(["", ".", ".."])
/** Segments of a path. Trees of source code have 10 to 20; systems take paths of 4096 bytes. */
const MAX_DEPTH = 64
/**
 * Numbers that turn out to be taken. A folder of somebody's has a few; long names that are cut to the same stem make
 * each of them go through the numbers of all others, which takes minutes for some thousands.
 */
const MAX_TRIES = 4_096
/** Units of work (core/support/Slices) of one of them, besides those of its name: cutting it, and its key. */
const TRY = 16
/** The same of a folder. */
const FOLDER = 8

import * as FileName from "../../domain/FileName.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"

/**
 * The paths under which files of a folder may be stored here, in the order of `paths`, which somebody else wrote: each
 * segment a safe name (domain/FileName), no two files the same and none a folder, also where case or the form of
 * characters is ignored: what would be is numbered.
 *
 * `undefined` when they are not the paths of files in one folder: an empty segment, `.` or `..`, a path twice, a file
 * that is a folder as well, more than `MAX_DEPTH` segments or `MAX_ENTRIES` folders, or names made to collide with each
 * other's numbers (`MAX_TRIES`).
 */
export const safePaths = (paths: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const tries = { left: MAX_TRIES }
  const top = new Folder("", tries)
  let folders = 0
  const safe: Array<string> = []
  for (const path of paths) {
    const segments = path.split("/", MAX_DEPTH + 1)
    if (segments.length > MAX_DEPTH || segments.some((segment) => UNUSABLE.has(segment))) return undefined
    let folder = top
    for (const segment of segments.slice(0, -1)) {
      let inner = folder.inside.get(segment)
      if (inner === undefined) {
        if (++folders > MAX_ENTRIES) return undefined
        inner = new Folder(`${folder.path}${folder.take(segment)}/`, tries)
        folder.inside.set(segment, inner)
      }
      if (inner === FILE) return undefined
      folder = inner
    }
    const last = segments[segments.length - 1]!
    if (folder.inside.has(last)) return undefined
    folder.inside.set(last, FILE)
    safe.push(folder.path + folder.take(last))
    if (tries.left < 0) return undefined
  }
  return safe
}

class Folder {
  /** What is inside, by the name that the other side gave it. */
  readonly inside = new Map<string, Folder>()
  /** Keys that are taken, each with the number to try next. */
  readonly #taken = new Map<string, number>()

  /** `path` is empty, or ends with a slash. */
  constructor(
    readonly path: string,
    /** Numbers that may still turn out to be taken, in all folders together. */
    private readonly tries: { left: number }
  ) {}

  /** A safe name that nothing in here has, from now on taken. */
  take(segment: string): string {
    const name = FileName.inFolder(segment)
    const key = FileName.key(name)
    let number = this.#taken.get(key)
    if (number === undefined) {
      this.#taken.set(key, 2)
      return name
    }
    let numbered = FileName.numbered(name, number)
    while (this.#taken.has(FileName.key(numbered)) && this.tries.left-- > 0)
      numbered = FileName.numbered(name, ++number)
    this.#taken.set(key, number + 1)
    this.#taken.set(FileName.key(numbered), 2)
    return numbered
  }
}

const FILE = new Folder("", { left: 0 })
const UNUSABLE: ReadonlySet<string> = new Set(["", ".", ".."])
/** Segments of a path. Trees of source code have 10 to 20; systems take paths of 4096 bytes. */
const MAX_DEPTH = 64
/**
 * Numbers that turn out to be taken. A folder of somebody's has a few; long names that are cut to the same stem make
 * each of them go through the numbers of all others, which takes minutes for some thousands.
 */
const MAX_TRIES = 4_096

import * as FileName from "../../domain/FileName.js"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import {
  type Directory,
  FilesError,
  type Found,
  type FoundEntry,
  type Incoming,
  MAX_NAMED,
  MAX_NUMBER,
  partsOf
} from "../../services/Files.js"

/**
 * The user's files on a disk in memory: what `Files` finds and fills in tests and in the simulated world. Paths are
 * absolute, or relative to `HOME`; a folder exists when something is in it, or when it was made.
 *
 * @since 0.1.0
 */
export class FileTree {
  readonly #files = new Map<string, TreeFile>()
  readonly #folders = new Set<string>(["/", HOME])
  /** Links, devices and other things that are no files. */
  readonly others = new Set<string>()
  /** Full paths of files that can be found, and not be read. */
  readonly unreadable = new Set<string>()
  /** Whether names that differ only in case are the same. */
  folds = false
  /** Renames that a loss of power may undo, oldest first. */
  #renamed: Array<{ readonly from: string; readonly to: string }> = []
  #spools = 0
  #changes = 0
  readonly #medium: Medium

  constructor(medium: Medium) {
    this.#medium = medium
  }

  /** Makes or replaces a file, durably. */
  put(path: string, bytes: Uint8Array, executable = false): void {
    const full = resolve(path)
    this.makeFolder(parentOf(full))
    this.#files.set(full, { bytes, durable: bytes, used: bytes.length, mtimeMs: ++this.#changes, executable })
  }

  makeFolder(path: string): void {
    for (let folder = resolve(path); !this.#folders.has(folder); folder = parentOf(folder)) this.#folders.add(folder)
  }

  /** The bytes of a file; `undefined` when there is none. */
  get(path: string): Uint8Array | undefined {
    return this.#files.get(resolve(path))?.bytes
  }

  isExecutable(path: string): boolean {
    return this.#files.get(resolve(path))?.executable === true
  }

  remove(path: string): void {
    const full = resolve(path)
    for (const each of this.#files.keys()) if (isWithin(each, full)) this.#files.delete(each)
    for (const each of this.#folders) if (isWithin(each, full)) this.#folders.delete(each)
  }

  /** Full paths of all files, sorted. */
  paths(): ReadonlyArray<string> {
    return [...this.#files.keys()].sort()
  }

  /**
   * The power fails: of each page that was not flushed, `fate` says whether the new content survives, the old one, or
   * neither; a file that never was flushed may be gone, and a name that never was may be the one before.
   */
  losePower(fate: () => PageFate): void {
    for (const { from, to } of this.#renamed.splice(0).reverse()) if (fate() === "old") this.#rename(to, from)
    for (const [path, file] of this.#files) {
      if (file.durable === file.bytes) continue
      if (file.durable === undefined && fate() === "old") {
        this.#files.delete(path)
        continue
      }
      const old = file.durable ?? new Uint8Array(file.bytes.length)
      const left = file.bytes.slice()
      for (let at = 0; at < left.length; at += PAGE) {
        const page = left.subarray(at, at + PAGE)
        const before = old.subarray(at, at + PAGE)
        const outcome = page.every((byte, index) => byte === before[index]) ? "new" : fate()
        if (outcome === "old") page.set(before)
        if (outcome === "garbage") page.fill(0xa5)
      }
      file.bytes = left
      file.durable = left
    }
  }

  inspect(path: string): Found | FilesError {
    const full = resolve(path)
    const file = this.#files.get(full)
    const name = nameOf(full)
    if (file !== undefined)
      return { path: full, kind: "file", name, entries: [entryOf(name, file)], skipped: 0, left: [] }
    if (this.others.has(full)) return failed("NotAFile", `${full} is neither a file nor a folder`)
    if (!this.#folders.has(full)) return failed("NotFound", `cannot read ${full}: it does not exist`)
    const entries = [...this.#files]
      .filter(([each]) => isWithin(each, full) && !isLanding(each))
      .map(([each, file]) => entryOf(each.slice(full.length + 1), file))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
    const folders = [...this.#folders]
      .filter((each) => isWithin(each, full) && !isLanding(each))
      .map((each) => ({ path: each.slice(full.length + 1), size: 0, mtimeMs: 0, executable: false, folder: true }))
      .sort((a, b) => (a.path < b.path ? -1 : 1))
    if (entries.length + folders.length > MAX_ENTRIES)
      return failed("TooLarge", `there are over ${MAX_ENTRIES} files in ${full}`)
    const others = [...this.others].filter((each) => isWithin(each, full))
    const left = others.slice(0, MAX_NAMED).map((each) => `${each.slice(full.length + 1)} (no file)`)
    return { path: full, kind: "folder", name, entries: [...entries, ...folders], skipped: others.length, left }
  }

  /** Bytes of what was found, in memory of their own. */
  readFound(found: Found, index: number, offset: number, length: number): Uint8Array | FilesError {
    const bytes = new Uint8Array(length)
    for (const part of partsOf(found.entries, index, offset, length)) {
      const read = this.#readFound(found, part.index, part.offset, part.length)
      if (read instanceof FilesError) return new FilesError({ ...read, message: read.message, entry: part.index })
      bytes.set(read, part.at)
    }
    return bytes
  }

  #readFound(found: Found, index: number, offset: number, length: number): Uint8Array | FilesError {
    const entry = found.entries[index]!
    const path = entry.at ?? (found.kind === "file" ? found.path : `${found.path}/${entry.path}`)
    const file = this.#files.get(path)
    if (file === undefined) return failed("NotFound", `cannot read ${path}: it does not exist`)
    if (this.unreadable.has(path)) return failed("Other", `cannot read ${path}: i/o error`)
    const now = file.bytes.length
    if (now < entry.size || (now === entry.size && file.mtimeMs !== entry.mtimeMs))
      return failed("Changed", `${path} has changed since it was offered`)
    return file.bytes.slice(offset, offset + length)
  }

  directory(path: string): Directory | FilesError {
    const full = resolve(path)
    if (!this.#folders.has(full)) return failed("NotFound", `${full} is no folder`)
    return { path: full, free: this.#medium.free, folds: this.folds }
  }

  /** Makes the files of a transfer that are missing. Returns whether none of them was there before. */
  land(incoming: Incoming): boolean | FilesError {
    const { directory } = incoming
    if (!this.#folders.has(directory)) return failed("NotFound", `cannot write to ${directory}: it does not exist`)
    const fresh =
      incoming.kind === "file" ? !this.#files.has(landingOf(incoming)) : !this.#folders.has(landingOf(incoming))
    if (incoming.kind === "folder") this.makeFolder(landingOf(incoming))
    for (const [index, { executable, folder, size }] of incoming.entries.entries()) {
      const path = entryPath(incoming, index)
      if (folder === true) {
        this.makeFolder(path)
        continue
      }
      if (this.#files.get(path)?.bytes.length === size) continue
      this.makeFolder(parentOf(path))
      const bytes = new Uint8Array(size)
      this.#files.set(path, { bytes, durable: undefined, used: 0, mtimeMs: ++this.#changes, executable })
    }
    return fresh
  }

  write(incoming: Incoming, index: number, offset: number, bytes: Uint8Array): FilesError | undefined {
    for (const { at, length, ...part } of partsOf(incoming.entries, index, offset, bytes.length)) {
      const failure = this.#write(incoming, part.index, part.offset, bytes.subarray(at, at + length))
      if (failure !== undefined) return failure
    }
    return undefined
  }

  #write(incoming: Incoming, index: number, offset: number, bytes: Uint8Array): FilesError | undefined {
    const path = entryPath(incoming, index)
    const file = this.#files.get(path)
    if (file === undefined) return failed("NotFound", `cannot write to ${path}: it does not exist`)
    const refusal = this.#refusal(path, bytes.length)
    if (refusal !== undefined) return refusal
    if (file.durable === file.bytes) file.bytes = file.bytes.slice()
    file.bytes.set(bytes, offset)
    file.used = Math.min(file.bytes.length, file.used + bytes.length)
    file.mtimeMs = ++this.#changes
    return undefined
  }

  readLanding(incoming: Incoming, index: number, offset: number, length: number): Uint8Array | FilesError {
    const bytes = new Uint8Array(length)
    for (const { at, ...part } of partsOf(incoming.entries, index, offset, length)) {
      const path = entryPath(incoming, part.index)
      const read = this.get(path)?.subarray(part.offset, part.offset + part.length)
      if (read === undefined) return failed("NotFound", `cannot read ${path}: it does not exist`)
      bytes.set(read, at)
    }
    return bytes
  }

  /** What has arrived survives a loss of power from now on. */
  flush(incoming: Incoming): FilesError | undefined {
    const landing = landingOf(incoming)
    for (const [path, file] of this.#files) if (isWithin(path, landing)) file.durable = file.bytes
    return undefined
  }

  /** The same of all names. */
  flushNames(): FilesError | undefined {
    this.#renamed = []
    return undefined
  }

  /** Gives what has arrived its name, as far as power does not fail before `flushNames`. */
  name(incoming: Incoming, name: FileName.FileName): string | FilesError {
    const landing = landingOf(incoming)
    for (let number = 1; number <= MAX_NUMBER; number++) {
      const path = `${incoming.directory}/${number === 1 ? name : FileName.numbered(name, number)}`
      if (this.#files.has(path) || this.#folders.has(path) || this.others.has(path)) continue
      this.#rename(landing, path)
      this.#renamed.push({ from: landing, to: path })
      return path
    }
    return failed("Other", `there are ${MAX_NUMBER} things called ${name} in ${incoming.directory}`)
  }

  #rename(from: string, to: string): void {
    for (const [each, file] of [...this.#files]) {
      if (!isWithin(each, from)) continue
      this.#files.delete(each)
      this.#files.set(to + each.slice(from.length), file)
    }
    for (const each of [...this.#folders]) {
      if (!isWithin(each, from)) continue
      this.#folders.delete(each)
      this.#folders.add(to + each.slice(from.length))
    }
  }

  /** Becomes a copy of another. */
  takeOver(other: FileTree): void {
    for (const [path, file] of other.#files) {
      const bytes = file.bytes.slice()
      const durable = file.durable === file.bytes ? bytes : file.durable
      this.#files.set(path, { ...file, bytes, durable })
    }
    for (const path of other.#folders) this.#folders.add(path)
    for (const path of other.others) this.others.add(path)
    this.#renamed = [...other.#renamed]
    this.folds = other.folds
    this.#changes = other.#changes
  }

  discard(incoming: Incoming): void {
    this.remove(landingOf(incoming))
  }

  /** The path of a new empty file. */
  spool(): string {
    const path = `${HOME}/.spool/${++this.#spools}`
    this.put(path, new Uint8Array(0))
    return path
  }

  append(path: string, bytes: Uint8Array): FilesError | undefined {
    const refusal = this.#refusal(path, bytes.length)
    if (refusal !== undefined) return refusal
    const before = this.get(path) ?? new Uint8Array(0)
    const all = new Uint8Array(before.length + bytes.length)
    all.set(before)
    all.set(bytes, before.length)
    this.put(path, all)
    return undefined
  }

  /** Bytes in use. */
  get used(): number {
    let sum = 0
    for (const file of this.#files.values()) sum += file.used
    return sum
  }

  /** Why the disk does not take `more` bytes for `path`, when it does not. */
  #refusal(path: string, more: number): FilesError | undefined {
    if (this.#medium.readOnly) return failed("ReadOnly", `cannot write to ${path}: the disk is read-only`)
    return more > this.#medium.free ? failed("Full", `no space left to write to ${path}`) : undefined
  }
}

/**
 * What files lie on, as far as it can refuse to take more.
 *
 * @since 0.1.0
 */
export interface Medium {
  readonly readOnly: boolean
  /** Bytes that still fit. */
  readonly free: number
}

/**
 * What becomes of a page that was written and not flushed when the power fails.
 *
 * @since 0.1.0
 */
export type PageFate = "new" | "old" | "garbage"

/** Where a program is when it starts. */
export const HOME = "/home"

interface TreeFile {
  bytes: Uint8Array
  /** What a loss of power leaves; the same array when that is everything. `undefined`: perhaps not even the name. */
  durable: Uint8Array | undefined
  /** Bytes that were written: what is zeros by default takes no room. */
  used: number
  mtimeMs: number
  readonly executable: boolean
}

/** What a disk writes whole or not at all. */
const PAGE = 4096

const resolve = (path: string): string => {
  const segments: Array<string> = []
  for (const segment of (path.startsWith("/") ? path : `${HOME}/${path}`).split("/")) {
    if (segment === "..") segments.pop()
    else if (segment !== "" && segment !== ".") segments.push(segment)
  }
  return `/${segments.join("/")}`
}

const parentOf = (path: string): string => path.slice(0, Math.max(1, path.lastIndexOf("/")))

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/") + 1)

const isWithin = (path: string, folder: string): boolean => path === folder || path.startsWith(`${folder}/`)

const isLanding = (path: string): boolean => path.includes("/.parley-")

const landingOf = ({ directory, token }: Incoming): string => `${directory}/.parley-${token}.part`

const entryPath = (incoming: Incoming, index: number): string =>
  incoming.kind === "file" ? landingOf(incoming) : `${landingOf(incoming)}/${incoming.entries[index]!.path}`

const entryOf = (path: string, { bytes, executable, mtimeMs }: TreeFile): FoundEntry => ({
  path,
  size: bytes.length,
  mtimeMs,
  executable
})

const failed = (reason: FilesError["reason"], message: string): FilesError => new FilesError({ reason, message })

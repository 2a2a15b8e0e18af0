import { constants, type Stats } from "node:fs"
import * as Fs from "node:fs/promises"
import { basename, join } from "node:path"
import { MAX_ENTRIES } from "../../protocol/FileRecord.js"
import { FilesError, type Found, type FoundEntry, MAX_NAMED } from "../../services/Files.js"
import { plain } from "./Addresses.js"
import { codeOf } from "./Errno.js"
import { isLanding } from "./FilesLanding.js"

/** Looks at what is to be sent, as `Files.inspect` promises. */
export const inspect = async (path: string): Promise<Found> => {
  const stat = await Fs.stat(path)
  const name = basename(path)
  if (stat.isFile()) {
    const entry = await entryOf(path, name, stat)
    if (entry === undefined) throw tooLarge(`the end of ${path} was not found within ${MAX_HELD} bytes`)
    return { path, kind: "file", name, entries: [entry], skipped: 0, left: [] }
  }
  if (!stat.isDirectory()) {
    throw new FilesError({ reason: "NotAFile", message: `${path} is neither a file nor a folder` })
  }
  const walk = new Walk(path)
  walk.folders.push({ path: "", size: 0, mtimeMs: stat.mtimeMs, executable: false, folder: true })
  // What cannot be listed at all is no folder that misses some entries.
  await walk.into("", await Fs.opendir(path, LISTING))
  const { files, folders, left, skipped } = walk
  return { path, kind: "folder", name, entries: files.concat(folders), skipped, left }
}

/** One look through a folder. What goes wrong with an entry costs that entry. */
class Walk {
  readonly files: Array<FoundEntry> = []
  readonly folders: Array<FoundEntry> = []
  readonly left: Array<string> = []
  skipped = 0

  constructor(private readonly root: string) {}

  async into(prefix: string, folder: AsyncIterable<{ readonly name: string; readonly isDirectory: () => boolean }>) {
    for await (const found of folder) {
      const path = prefix === "" ? found.name : `${prefix}/${found.name}`
      try {
        await this.#look(path, found.name)
      } catch (cause) {
        if (cause instanceof FilesError) throw cause
        this.#skip(path, reasonOf(found.name, cause))
      }
    }
  }

  async #look(path: string, name: string): Promise<void> {
    const full = join(this.root, path)
    const stat = await Fs.lstat(full)
    if (isLanding(name)) return this.#skip(path, "still arriving")
    if (stat.isDirectory()) {
      const inside = await Fs.opendir(full, LISTING)
      this.#add(this.folders, { path, size: 0, mtimeMs: stat.mtimeMs, executable: false, folder: true })
      return this.into(path, inside)
    }
    if (!stat.isFile()) return this.#skip(path, stat.isSymbolicLink() ? "a link" : "no file")
    if (!isOurs(stat)) await Fs.access(full, constants.R_OK)
    const entry = await entryOf(full, path, stat)
    if (entry === undefined) this.#skip(path, "its end was not found")
    else this.#add(this.files, entry)
  }

  #add(to: Array<FoundEntry>, entry: FoundEntry): void {
    to.push(entry)
    if (this.files.length + this.folders.length > MAX_ENTRIES)
      throw tooLarge(`there are over ${MAX_ENTRIES} files in ${this.root}`)
  }

  #skip(path: string, reason: string): void {
    this.skipped++
    if (this.left.length < MAX_NAMED) this.left.push(`${path} (${reason})`)
  }
}

/** Whether it goes without asking that we may read it: a call of the system for each file is what many files cost. */
const isOurs = ({ mode, uid }: Stats): boolean => (mode & 0o400) !== 0 && uid === process.getuid?.()

/** The file as it is; `undefined` when its size is not to be believed and its end is too far away. */
const entryOf = async (full: string, path: string, stat: Stats): Promise<FoundEntry | undefined> => {
  const entry = { path, size: stat.size, mtimeMs: stat.mtimeMs, executable: (stat.mode & 0o100) !== 0 }
  if (stat.size > 0 && stat.blocks > 0) return entry
  const held = await readIfOther(full, stat.size)
  if (held === "as it says") return entry
  return held === undefined ? undefined : { ...entry, size: held.length, held }
}

/**
 * Files that no disk holds (in /proc, /sys) say 0 bytes, or a page: what they have is what reading gives. They are
 * known by having no blocks, as empty, sparse and very small files do, which have what they say.
 */
const readIfOther = async (path: string, size: number): Promise<Uint8Array | "as it says" | undefined> => {
  const handle = await Fs.open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const probe = Buffer.alloc(1)
    const hasMore = (await handle.read(probe, 0, 1, size)).bytesRead > 0
    if (!hasMore && (size === 0 || (await handle.read(probe, 0, 1, size - 1)).bytesRead > 0)) return "as it says"
    const pieces: Array<Buffer> = []
    let at = 0
    while (at <= MAX_HELD) {
      const piece = Buffer.alloc(PIECE)
      const { bytesRead } = await handle.read(piece, 0, PIECE, at)
      if (bytesRead === 0) return plain(Buffer.concat(pieces))
      pieces.push(piece.subarray(0, bytesRead))
      at += bytesRead
    }
    return undefined
  } finally {
    await handle.close()
  }
}

const reasonOf = (name: string, cause: unknown): string => {
  switch (codeOf(cause)) {
    case "ENOENT":
    case "ENOTDIR":
      return name.includes("\ufffd") ? "its name is not UTF-8" : "it was gone"
    case "EACCES":
    case "EPERM":
      return "not allowed to read it"
    default:
      return `${codeOf(cause) || "it cannot be read"}`
  }
}

const tooLarge = (message: string) => new FilesError({ reason: "TooLarge", message })

/** Names of a folder that are read with one call. */
const LISTING = { bufferSize: 512 }
/** Bytes of a file of unknown size that are held in memory: /proc/kallsyms has some ten million. */
const MAX_HELD = 32 * 1024 * 1024
const PIECE = 64 * 1024

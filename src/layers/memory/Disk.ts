import { FileTree, type Medium, type PageFate } from "./FileTree.js"

/**
 * A disk in memory, under `Store` and `Files` in tests and in the simulated world. It holds the program's own
 * files under their names, and the user's in a tree, and it keeps what was made durable apart from what merely was
 * written, because the difference is all that a loss of power shows.
 *
 * @since 0.1.0
 */
export class Disk implements Medium {
  /** The user's files. */
  readonly files: FileTree = new FileTree(this)
  readonly #own = new Map<string, DiskFile>()
  /** Names of files that somebody has locked, and who. */
  readonly locks = new Map<string, object>()
  /** Bytes that fit in all, the user's files included; `undefined` for no bound. */
  capacity: number | undefined
  readOnly = false
  /** Milliseconds that every operation takes. */
  delayMs = 0
  /** Called before each operation of a program takes effect. */
  onOperation: () => void = () => {}
  /** Reads, writes and syncs of the program's own files so far. */
  readonly stats = { reads: 0, writes: 0, syncs: 0, lostBytes: 0 }

  /** The whole content, or none. */
  read(name: string): Uint8Array | undefined {
    this.stats.reads++
    const file = this.#own.get(name)
    return file === undefined ? undefined : file.bytes.slice(0, file.length)
  }

  has(name: string): boolean {
    return this.#own.has(name)
  }

  /** Bytes of a file, 0 when there is none. */
  size(name: string): number {
    return this.#own.get(name)?.length ?? 0
  }

  /** Whether there are files below this name. */
  isFolder(name: string): boolean {
    for (const file of this.#own.keys()) if (file.startsWith(`${name}/`)) return true
    return false
  }

  /** Puts the whole content in place at once and for good, as a rename of a synced file does. */
  replace(name: string, content: Uint8Array): void {
    this.stats.writes++
    this.stats.syncs++
    this.#own.set(name, { bytes: Uint8Array.from(content), length: content.length, durable: content.length })
  }

  /** The file of this name, made when there is none. It stays what it is when another takes its name. */
  open(name: string): DiskFile {
    const file = this.#own.get(name) ?? { bytes: new Uint8Array(0), length: 0, durable: 0 }
    this.#own.set(name, file)
    return file
  }

  append(file: DiskFile, bytes: Uint8Array): undefined {
    this.stats.writes++
    const length = file.length + bytes.length
    if (length > file.bytes.length) {
      const grown = new Uint8Array(Math.max(64, length * 2))
      grown.set(file.bytes.subarray(0, file.length))
      file.bytes = grown
    }
    file.bytes.set(bytes, file.length)
    file.length = length
  }

  sync(file: DiskFile): void {
    this.stats.syncs++
    file.durable = file.length
  }

  remove(name: string): void {
    this.stats.writes++
    this.#own.delete(name)
  }

  /** Names of all files, sorted. */
  names(): ReadonlyArray<string> {
    return [...this.#own.keys()].sort()
  }

  /** Bytes in use. */
  used(): number {
    let sum = this.files.used
    for (const file of this.#own.values()) sum += file.length
    return sum
  }

  get free(): number {
    return this.capacity === undefined ? Number.MAX_SAFE_INTEGER : Math.max(0, this.capacity - this.used())
  }

  /** What is on it now, for a program that finds it so. */
  copy(): Disk {
    const copy = new Disk()
    for (const [name, file] of this.#own) copy.#own.set(name, { ...file, bytes: file.bytes.slice() })
    copy.files.takeOver(this.files)
    return copy
  }

  /**
   * The power fails. Of what was not synced, `survives` (a number of bytes from 0 to the one given) is left of each
   * file of the program's own: nothing, all, or a torn tail. `fate` decides about each page of the user's files.
   */
  losePower(survives: (unsynced: number) => number, fate: () => PageFate = () => "old"): void {
    this.locks.clear()
    for (const file of this.#own.values()) {
      const kept = file.durable + survives(file.length - file.durable)
      this.stats.lostBytes += file.length - kept
      file.length = kept
      file.durable = kept
    }
    this.files.losePower(fate)
  }
}

/**
 * A file, whatever name it has.
 *
 * @since 0.1.0
 */
export interface DiskFile {
  bytes: Uint8Array
  length: number
  /** Bytes that a loss of power leaves. */
  durable: number
}

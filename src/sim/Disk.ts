/**
 * A simulated disk under one folder. It keeps what was made durable apart from what merely was written, because the
 * difference is all that a loss of power shows.
 */
export class Disk {
  readonly #files = new Map<string, DiskFile>()
  /** Names of files that somebody has locked, and who. */
  readonly locks = new Map<string, object>()
  /** Bytes that fit in all; `undefined` for no bound. */
  capacity: number | undefined
  readOnly = false
  /** Virtual ms that every operation takes. */
  delayMs = 0
  /** Reads, writes and syncs so far. */
  readonly stats = { reads: 0, writes: 0, syncs: 0, lostBytes: 0 }

  /** The whole content, or none. */
  read(name: string): Uint8Array | undefined {
    this.stats.reads++
    const file = this.#files.get(name)
    return file === undefined ? undefined : file.bytes.slice(0, file.length)
  }

  has(name: string): boolean {
    return this.#files.has(name)
  }

  /** Bytes of a file, 0 when there is none. */
  size(name: string): number {
    return this.#files.get(name)?.length ?? 0
  }

  /** Whether there are files below this name. */
  isFolder(name: string): boolean {
    for (const file of this.#files.keys()) if (file.startsWith(`${name}/`)) return true
    return false
  }

  /** Puts the whole content in place at once and for good, as a rename of a synced file does. */
  replace(name: string, content: Uint8Array): void {
    this.stats.writes++
    this.stats.syncs++
    this.#files.set(name, { bytes: Uint8Array.from(content), length: content.length, durable: content.length })
  }

  /** The file of this name, made when there is none. It stays what it is when another takes its name. */
  open(name: string): DiskFile {
    const file = this.#files.get(name) ?? { bytes: new Uint8Array(0), length: 0, durable: 0 }
    this.#files.set(name, file)
    return file
  }

  append(file: DiskFile, bytes: Uint8Array): void {
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
    this.#files.delete(name)
  }

  /** Names of all files, sorted. */
  names(): ReadonlyArray<string> {
    return [...this.#files.keys()].sort()
  }

  /** Bytes in use. */
  used(): number {
    let sum = 0
    for (const file of this.#files.values()) sum += file.length
    return sum
  }

  /**
   * The power fails. Of what was not synced, `survives` (a number of bytes from 0 to the one given) is left of each
   * file: nothing, all, or a torn tail.
   */
  losePower(survives: (unsynced: number) => number): void {
    this.locks.clear()
    for (const file of this.#files.values()) {
      const kept = file.durable + survives(file.length - file.durable)
      this.stats.lostBytes += file.length - kept
      file.length = kept
      file.durable = kept
    }
  }
}

/** A file, whatever name it has. */
export interface DiskFile {
  bytes: Uint8Array
  length: number
  /** Bytes that a loss of power leaves. */
  durable: number
}

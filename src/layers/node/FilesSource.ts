import { constants } from "node:fs"
import * as Fs from "node:fs/promises"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { FilesError, type Found, partsOf, type Source } from "../../services/Files.js"
import { Abreast } from "./Abreast.js"
import { plain } from "./Addresses.js"
import { about, run } from "./FilesErrors.js"
import * as HandleCache from "./HandleCache.js"

/** Reads what was found, as `Files.open` promises. */
export const open = (found: Found): Effect.Effect<Source, never, Scope.Scope> =>
  Effect.gen(function* () {
    const handles = yield* HandleCache.make((index) => openEntry(found, index))

    const readPart = async (index: number, offset: number, into: Uint8Array): Promise<void> => {
      const { held, size } = found.entries[index]!
      if (held !== undefined) return into.set(held.subarray(offset, offset + into.length))
      const handle = await handles.get(index)
      await fill(found, index, handle, into, offset)
      // Whoever reads to the end has read what was there all the time, as far as the file system tells.
      if (offset + into.length === size) await check(found, index, handle)
    }

    const read = async (small: Abreast, index: number, offset: number, into: Uint8Array): Promise<void> => {
      const { held, size } = found.entries[index]!
      const isWhole = held === undefined && into.length === size && size <= SMALL
      const act = isWhole ? () => readWhole(found, index, into) : () => readPart(index, offset, into)
      const reading = () => about(`read ${pathOf(found, index)}`, act, index)
      await (isWhole ? small.add(reading) : reading())
    }

    const ahead = new ReadAhead(found, (index, offset, into) =>
      about(`read ${pathOf(found, index)}`, () => readPart(index, offset, into), index)
    )

    return {
      read: (index, offset, length) =>
        run(`read ${found.path}`, async () => {
          const there = await ahead.read(index, offset, length)
          if (there !== undefined) return there
          const bytes = plain(Buffer.allocUnsafeSlow(length))
          const small = new Abreast()
          try {
            for (const part of partsOf(found.entries, index, offset, length))
              await read(small, part.index, part.offset, bytes.subarray(part.at, part.at + part.length))
            await small.settled()
          } finally {
            // None goes on behind the back of whoever asked.
            await small.settled().catch(() => {})
          }
          return bytes
        })
    }
  })

/**
 * Pieces of a large file that are read while the earlier ones are on their way: whoever writes to the network finds out
 * that a piece is there only when it has read what came from there.
 */
class ReadAhead {
  #pieces: Array<{ readonly offset: number; readonly length: number; readonly bytes: Promise<Uint8Array> }> = []
  #index = -1

  constructor(
    private readonly found: Found,
    private readonly fill: (index: number, offset: number, into: Uint8Array) => Promise<void>
  ) {}

  /** `undefined` where it is not of one large file. */
  async read(index: number, offset: number, length: number): Promise<Uint8Array | undefined> {
    const { held, size } = this.found.entries[index]!
    if (held !== undefined || size <= SMALL || offset + length > size) return this.#drop()
    const [next] = this.#pieces
    if (this.#index !== index || next?.offset !== offset || next.length !== length) {
      await this.#drop()
      this.#index = index
      // The file is opened, and may turn out to be another one, before more of it is asked for.
      const bytes = await this.#begin(index, offset, length)
      this.#goOn(index, offset + length, length, size)
      return bytes
    }
    this.#pieces.shift()
    const { offset: last, length: lastLength } = this.#pieces.at(-1) ?? next
    this.#goOn(index, last + lastLength, length, size)
    return next.bytes
  }

  /** Waits for what is under way: the file may be closed then. */
  async #drop(): Promise<undefined> {
    const under = this.#pieces.map(({ bytes }) => bytes)
    this.#pieces = []
    await Promise.allSettled(under)
  }

  #goOn(index: number, from: number, length: number, size: number): void {
    for (let at = from; at < size && this.#pieces.length * length < AHEAD; at += length) {
      const piece = Math.min(length, size - at)
      const bytes = this.#begin(index, at, piece)
      // Where nobody asks for it any more nobody has to know.
      bytes.catch(() => {})
      this.#pieces.push({ offset: at, length: piece, bytes })
    }
  }

  async #begin(index: number, offset: number, length: number): Promise<Uint8Array> {
    const bytes = plain(Buffer.allocUnsafeSlow(length))
    await this.fill(index, offset, bytes)
    return bytes
  }
}

/** Bytes: as many as go out in some milliseconds. */
const AHEAD = 1024 * 1024

const openEntry = async (found: Found, index: number): Promise<Fs.FileHandle> => {
  const handle = await openFile(found, index)
  try {
    await check(found, index, handle)
    return handle
  } catch (cause) {
    await handle.close()
    throw cause
  }
}

/** A small file at once: what it is like is looked at once, when all of it was read. */
const readWhole = async (found: Found, index: number, into: Uint8Array): Promise<void> => {
  const handle = await openFile(found, index)
  try {
    await fill(found, index, handle, into, 0)
    await check(found, index, handle)
  } finally {
    await handle.close()
  }
}

const openFile = (found: Found, index: number): Promise<Fs.FileHandle> =>
  Fs.open(pathOf(found, index), READ_FLAGS | (isNamed(found, index) ? 0 : NO_LINK))

const fill = async (
  found: Found,
  index: number,
  handle: Fs.FileHandle,
  into: Uint8Array,
  offset: number
): Promise<void> => {
  for (let at = 0; at < into.length; ) {
    const { bytesRead } = await handle.read(into, at, into.length - at, offset + at)
    if (bytesRead === 0) throw changed(found, index)
    at += bytesRead
  }
}

/** Bytes of files that are read side by side: those under way hold a megabyte at most. */
const SMALL = 64 * 1024

const pathOf = (found: Found, index: number): string => {
  const { at, path } = found.entries[index]!
  return at ?? (found.kind === "file" ? found.path : join(found.path, path))
}

/** Whether the user has named the file, rather than a folder that it is in. */
const isNamed = ({ entries, kind }: Found, index: number): boolean => kind === "file" || entries[index]!.named === true

const check = async (found: Found, index: number, handle: Fs.FileHandle): Promise<void> => {
  const { mtimeMs, size } = found.entries[index]!
  const stat = await handle.stat()
  // What has grown still has what was offered, as far as anybody can tell; the receiver's hashes tell the rest.
  if (!stat.isFile() || stat.size < size || (stat.size === size && stat.mtimeMs !== mtimeMs))
    throw changed(found, index)
}

const changed = (found: Found, index: number): FilesError =>
  new FilesError({ reason: "Changed", message: `${pathOf(found, index)} has changed since it was offered` })

/** Opening a named pipe must not wait for its other end. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0)
/** In a folder links are not sent, nor what somebody has put there in a file's place since. */
const NO_LINK = constants.O_NOFOLLOW ?? 0

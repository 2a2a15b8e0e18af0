import * as Bytes from "../../../src/protocol/Bytes.js"
import * as FileRecord from "../../../src/protocol/FileRecord.js"
import { equal, there } from "../Check.js"
import { Inbox } from "../Inbox.js"
import type { Link } from "./Link.js"

/** A record of the client, a CHUNK with the bytes behind it. */
export type Said = Exclude<FileRecord.FileRecord, { readonly _tag: "Chunk" }> | Chunk

export interface Chunk {
  readonly _tag: "Chunk"
  readonly index: number
  readonly bytes: Uint8Array
}

/** One stream of a transfer, by hand, on either side of it. */
export class Transfer {
  readonly stream: number
  readonly records = new Inbox<Said>("record of the transfer")
  readonly resets = new Inbox<number>("RESET of the stream")
  readonly ends = new Inbox<true>("end of the stream")
  /** Bytes of a chunk that the client sends. */
  lengthOf: (chunk: number) => number = () => 0
  readonly #link: Link
  readonly #early = new Map<number, Uint8Array>()
  #bytes: Uint8Array = new Uint8Array(0)
  #chunk: number | undefined
  #read = 0
  #told = FIRST_LIMIT
  #offset = 0

  constructor(link: Link, stream: number) {
    this.#link = link
    this.stream = stream
  }

  /** Sends bytes from where the last ones ended. */
  send(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const data = bytes.subarray(at, at + PIECE)
      this.#link.send({ _tag: "Stream", stream: this.stream, offset: this.#offset, data })
      this.#offset += data.length
    }
  }

  write(record: FileRecord.EncodableRecord): void {
    this.send(there(FileRecord.encode(record), "no such record can be made"))
  }

  /** Ends our direction. */
  finish(): void {
    this.#link.send({ _tag: "Stream", stream: this.stream, offset: this.#offset, data: new Uint8Array(0) })
  }

  reset(code: number): void {
    this.#link.send({ _tag: "Reset", stream: this.stream, code })
  }

  /** The next record, which has to be of this kind. */
  async next<Tag extends Said["_tag"]>(tag: Tag): Promise<Said & { readonly _tag: Tag }> {
    const record = await this.records.take(undefined, tag)
    equal(record._tag, tag, "the next record")
    return record as Said & { readonly _tag: Tag }
  }

  /** The client gives the stream up with this code. */
  async givenUp(code: number): Promise<void> {
    equal(await this.resets.take(), code, "the code of RESET")
  }

  take(offset: number, data: Uint8Array): void {
    if (data.length === 0) {
      this.ends.put(true)
      return
    }
    this.#early.set(offset, data.slice())
    for (let moved = true; moved; ) {
      moved = false
      for (const [at, bytes] of this.#early) {
        if (at > this.#read) continue
        this.#early.delete(at)
        moved = true
        if (at + bytes.length <= this.#read) continue
        this.#bytes = Bytes.concat([this.#bytes, bytes.subarray(this.#read - at)])
        this.#read = at + bytes.length
      }
    }
    this.#parse()
    if (this.#read + FIRST_LIMIT / 2 <= this.#told) return
    this.#told = this.#read + FIRST_LIMIT
    this.#link.send({ _tag: "MaxData", stream: this.stream, limit: this.#told })
  }

  #parse(): void {
    for (;;) {
      const length = this.#chunk === undefined ? undefined : this.lengthOf(this.#chunk)
      if (length !== undefined) {
        if (this.#bytes.length < length) return
        this.records.put({ _tag: "Chunk", index: this.#chunk!, bytes: this.#bytes.slice(0, length) })
        this.#bytes = this.#bytes.subarray(length)
        this.#chunk = undefined
        continue
      }
      const reader = new Bytes.Reader(this.#bytes)
      const size = reader.varint()
      if (reader.failed || reader.remaining < size) return
      const record = FileRecord.decode(reader.bytes(size).slice()) ?? ({ _tag: "Unknown" } as const)
      this.#bytes = this.#bytes.subarray(this.#bytes.length - reader.remaining)
      if (record._tag === "Chunk") this.#chunk = record.index
      else this.records.put(record)
    }
  }
}

/** Bytes that may be sent before the first MAX_DATA (§3.6-6). */
export const FIRST_LIMIT = 65_536
/** Bytes of a stream in a packet. */
const PIECE = 1_000

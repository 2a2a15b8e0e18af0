import { type ClientEntry, MAX_LINE } from "../../protocol/Control.js"
import { encodeMessage } from "../../protocol/ControlCodec.js"
import type { Registration } from "./Registration.js"

export interface PageRequest {
  readonly match?: string
  /** Only entries behind this one: the `next` of the page before. */
  readonly after?: string
  readonly limit?: number
}

/** Entries as JSON, and the `after` of the page behind if there is more. */
export interface Page {
  readonly entries: ReadonlyArray<string>
  readonly next: string | undefined
}

/**
 * Who is here, sorted by nickname in lower case, with a version that grows by one at each change. The JSON of an entry
 * is made once, when it comes; a page is a slice of what all readers share.
 *
 * Sorted by what people see and not by key: in keys `1` is `l` and `m` is `rn`. Two who are here never have the same
 * lower case, since that would be the same key.
 */
export class Directory {
  #sorted: Array<Entry> = []
  #byKey = new Map<string, Entry>()
  #version = 0

  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#sorted.length
  }

  /** Adds, or replaces the entry of the same key; gives the line that tells watchers. */
  put(registration: Registration): string {
    const known = this.#take(registration.nickname.key)
    const entry = entryOf(registration)
    this.#byKey.set(registration.nickname.key, entry)
    this.#sorted.splice(this.#find(entry.lower), 0, entry)
    return this.#tell(known ? "Changed" : "Joined", registration)
  }

  /** Removes the entry of this registration's key; gives the line that tells watchers, if there was one. */
  remove(registration: Registration): string | undefined {
    return this.#take(registration.nickname.key) ? this.#tell("Left", registration) : undefined
  }

  page(request: PageRequest): Page {
    const limit = Math.min(request.limit ?? DEFAULT_PAGE, MAX_PAGE)
    const match = request.match?.toLowerCase()
    const entries: Array<string> = []
    let bytes = 0
    let last: string | undefined
    for (let at = this.#behind(request.after); at < this.#sorted.length; at++) {
      const entry = this.#sorted[at]!
      if (match !== undefined && !entry.lower.includes(match)) continue
      bytes += entry.bytes
      if (entries.length === limit || bytes > PAGE_BYTES) return { entries, next: last }
      entries.push(entry.json)
      last = entry.lower
    }
    return { entries, next: undefined }
  }

  #tell(_tag: "Joined" | "Left" | "Changed", { nickname, address, identity }: Registration): string {
    this.#version++
    const fingerprint = identity?.fingerprint ?? ""
    return encodeMessage({ _tag, version: this.#version, nick: nickname.text, address, fingerprint })
  }

  #behind(after: string | undefined): number {
    if (after === undefined) return 0
    const at = this.#find(after)
    return this.#sorted[at]?.lower === after ? at + 1 : at
  }

  /** Removes the entry of this key; whether there was one. */
  #take(key: string): boolean {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return false
    this.#byKey.delete(key)
    this.#sorted.splice(this.#sorted.indexOf(entry, this.#find(entry.lower)), 1)
    return true
  }

  /** The place of `lower`, or where it would be inserted. */
  #find(lower: string): number {
    let low = 0
    let high = this.#sorted.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#sorted[middle]!.lower < lower) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Entries on a page unless the request says otherwise, and at most. */
const DEFAULT_PAGE = 200
const MAX_PAGE = 1000
/**
 * A page is one line, so its bytes bound it before its entries do (about 100 of them); the rest is for what stands
 * around them.
 */
const PAGE_BYTES = MAX_LINE - 2048

interface Entry {
  /** What the order is by, and what `match` is looked for in. */
  readonly lower: string
  readonly json: string
  /** Of `json` in UTF-8, and a comma. */
  readonly bytes: number
}

const entryOf = ({ nickname, address, identity, since }: Registration): Entry => {
  const entry: ClientEntry = { nick: nickname.text, address, fingerprint: identity?.fingerprint ?? "", since }
  const json = JSON.stringify(entry)
  return { lower: nickname.text.toLowerCase(), json, bytes: encoder.encode(json).length + 1 }
}

const encoder = new TextEncoder()

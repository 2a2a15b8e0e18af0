import type { Registration } from "../../domain/Registration.js"
import * as Bytes from "../../protocol/Bytes.js"
import { type ClientEntry, MAX_LINE } from "../../protocol/Control.js"

/**
 * What is shown to everybody: all there is, nicknames and fingerprints without addresses, or nothing at all.
 *
 * @since 0.1.0
 */
export type Listing = "full" | "names" | "nobody"

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
  /** Entries that were looked at: what the page cost. */
  readonly looked: number
}

/** A change of who is here, with the version of the presence that it made. */
export interface PresenceChange {
  readonly _tag: "Joined" | "Left" | "Changed"
  readonly version: number
  readonly registration: Registration
}

/**
 * Who is here: a node's copy of what its registry says, sorted by nickname in lower case, with a version that grows by
 * one at each change that people can see. The JSON of an entry is made once; a page is a slice of what all readers
 * share.
 *
 * Sorted by what people see and not by key: in keys `1` is `l` and `m` is `rn`. Two who are here never have the same
 * lower case, since that would be the same key.
 */
export class Directory {
  /** What the list tells, and the events of everybody. */
  readonly listing: Listing
  #sorted: Array<Entry> = []
  #byKey = new Map<string, Entry>()
  /** Of an identity with several nicknames the one that came last. */
  #byFingerprint = new Map<string, Entry>()
  #version = 0

  constructor(listing: Listing = "full") {
    this.listing = listing
  }

  get version(): number {
    return this.#version
  }

  get size(): number {
    return this.#sorted.length
  }

  /** The owner of the nickname of this key, if somebody here has it. */
  get(key: string): Registration | undefined {
    return this.#byKey.get(key)?.registration
  }

  /** Whoever is here with this fingerprint, under whatever nickname. */
  ofFingerprint(fingerprint: string): Registration | undefined {
    return this.#byFingerprint.get(fingerprint)?.registration
  }

  /**
   * Adds, or replaces the entry of the same key; gives what there is to tell of it. `version`: what others count it as;
   * the next one when left out, or when it would not be greater than the last.
   */
  put(registration: Registration, version?: number): PresenceChange | undefined {
    const { key } = registration.nickname
    const known = this.#byKey.get(key)
    if (known?.registration.epoch === registration.epoch) {
      // The same session elsewhere: nothing to tell of, but what is listed from now on is up to date.
      if (known.registration.address !== registration.address) known.shown = undefined
      known.registration = registration
      return undefined
    }
    if (known !== undefined) this.#take(known)
    const entry = { registration, lower: registration.nickname.text.toLowerCase(), shown: undefined }
    this.#byKey.set(key, entry)
    if (registration.identity !== undefined) this.#byFingerprint.set(registration.identity.fingerprint, entry)
    this.#sorted.splice(this.#find(entry.lower), 0, entry)
    return this.#tell(known === undefined ? "Joined" : "Changed", registration, version)
  }

  /** Removes the entry of this key; gives what there is to tell of it, if there was one. */
  remove(key: string, version?: number): PresenceChange | undefined {
    const entry = this.#byKey.get(key)
    if (entry === undefined) return undefined
    this.#take(entry)
    return this.#tell("Left", entry.registration, version)
  }

  /** Forgets everybody. The version jumps, so that every watcher lists again. */
  clear(): void {
    this.#sorted = []
    this.#byKey.clear()
    this.#byFingerprint.clear()
    this.#version += 2
  }

  /** The address that everybody is shown; empty where none is. */
  shownAddress({ address }: Registration): string {
    return this.listing === "full" ? address : ""
  }

  page(request: PageRequest): Page {
    if (this.listing === "nobody") return { entries: [], next: undefined, looked: 0 }
    const limit = Math.min(request.limit ?? DEFAULT_PAGE, MAX_PAGE)
    const match = request.match?.toLowerCase()
    const entries: Array<string> = []
    let bytes = 0
    let last: string | undefined
    const from = this.#behind(request.after)
    for (let at = from; at < this.#sorted.length; at++) {
      const entry = this.#sorted[at]!
      // A reader who looks for something rare gets his answer in several pages, each of bounded work.
      if (at - from >= MAX_LOOKED) return { entries, next: this.#sorted[at - 1]!.lower, looked: at - from }
      if (match !== undefined && !entry.lower.includes(match)) continue
      entry.shown ??= shownOf({ ...entry.registration, address: this.shownAddress(entry.registration) })
      bytes += entry.shown.bytes
      if (entries.length === limit || bytes > PAGE_BYTES) return { entries, next: last, looked: at - from }
      entries.push(entry.shown.json)
      last = entry.lower
    }
    return { entries, next: undefined, looked: this.#sorted.length - from }
  }

  #tell(_tag: PresenceChange["_tag"], registration: Registration, version = 0): PresenceChange {
    this.#version = Math.max(this.#version + 1, version)
    return { _tag, version: this.#version, registration }
  }

  #behind(after: string | undefined): number {
    if (after === undefined) return 0
    const at = this.#find(after)
    return this.#sorted[at]?.lower === after ? at + 1 : at
  }

  #take(entry: Entry): void {
    const { identity, nickname } = entry.registration
    this.#byKey.delete(nickname.key)
    if (identity !== undefined && this.#byFingerprint.get(identity.fingerprint) === entry)
      this.#byFingerprint.delete(identity.fingerprint)
    this.#sorted.splice(this.#sorted.indexOf(entry, this.#find(entry.lower)), 1)
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
/** Entries that one page looks at, 40 µs of work: what does not `match` must not cost more than what does. */
export const MAX_LOOKED = 1000

interface Entry {
  registration: Registration
  /** What the order is by, and what `match` is looked for in. */
  readonly lower: string
  /** Made when it is listed for the first time: most who come and go are not. */
  shown: Shown | undefined
}

interface Shown {
  readonly json: string
  /** Of `json` in UTF-8, and a comma. */
  readonly bytes: number
}

const shownOf = ({ address, identity, nickname, since }: Registration): Shown => {
  const entry: ClientEntry = { nick: nickname.text, address, fingerprint: identity?.fingerprint ?? "", since }
  const json = JSON.stringify(entry)
  return { json, bytes: Bytes.fromText(json).length + 1 }
}

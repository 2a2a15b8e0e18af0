import type { Registration } from "../../domain/Registration.js"
import * as Bytes from "../../protocol/Bytes.js"
import { type ClientEntry, MAX_ON_PAGE } from "../../protocol/Control.js"
import { type Entry, type Page, Roll, type Shown } from "./Roll.js"

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

/** A change of who is here, with the version of the presence that it made. */
export interface PresenceChange {
  readonly _tag: "Joined" | "Left" | "Changed"
  readonly version: number
  readonly registration: Registration
}

/**
 * Who is here: a node's copy of what its registry says, sorted by nickname in lower case, with a version that grows by
 * one at each change that people can see. The JSON of an entry is made once, and what pages have in common is shared by
 * all readers (`Roll`).
 *
 * Sorted by what people see and not by key: in keys `1` is `l` and `m` is `rn`. Two who are here never have the same
 * lower case, since that would be the same key.
 */
export class Directory {
  /** What the list tells, and the events of everybody. */
  readonly listing: Listing
  readonly #roll = new Roll((registration) => shownOf({ ...registration, address: this.shownAddress(registration) }))
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
    return this.#roll.size
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
      if (known.registration.address !== registration.address) this.#roll.changed(known)
      known.registration = registration
      return undefined
    }
    if (known !== undefined) this.#take(known)
    const entry = { registration, lower: registration.nickname.text.toLowerCase(), shown: undefined }
    this.#byKey.set(key, entry)
    if (registration.identity !== undefined) this.#byFingerprint.set(registration.identity.fingerprint, entry)
    this.#roll.insert(entry)
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
    this.#roll.clear()
    this.#byKey.clear()
    this.#byFingerprint.clear()
    this.#version += 2
  }

  /** The address that everybody is shown; empty where none is. */
  shownAddress({ address }: Registration): string {
    return this.listing === "full" ? address : ""
  }

  page(request: PageRequest): Page {
    if (this.listing === "nobody") return { pieces: [], next: undefined, looked: 0 }
    return this.#roll.page({
      limit: Math.min(request.limit ?? DEFAULT_PAGE, MAX_ON_PAGE),
      match: request.match?.toLowerCase(),
      after: request.after
    })
  }

  #tell(_tag: PresenceChange["_tag"], registration: Registration, version = 0): PresenceChange {
    this.#version = Math.max(this.#version + 1, version)
    return { _tag, version: this.#version, registration }
  }

  #take(entry: Entry): void {
    const { identity, nickname } = entry.registration
    this.#byKey.delete(nickname.key)
    if (identity !== undefined && this.#byFingerprint.get(identity.fingerprint) === entry)
      this.#byFingerprint.delete(identity.fingerprint)
    this.#roll.delete(entry)
  }
}

/** Entries on a page unless the request says otherwise. */
const DEFAULT_PAGE = 200
const shownOf = ({ address, identity, nickname, since }: Registration): Shown => {
  const entry: ClientEntry = { nick: nickname.text, address, fingerprint: identity?.fingerprint ?? "", since }
  const json = JSON.stringify(entry)
  return { json, bytes: Bytes.fromText(json).length + 1 }
}

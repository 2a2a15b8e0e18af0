import type * as Control from "../../protocol/Control.js"

/**
 * Keeps presence events in step with the server's version counter.
 *
 * Life: `Watching` gives a version, each event must carry the next one. A gap means that the server dropped events for
 * us; the machine goes on from the newer version and reads the whole list again, page by page, while events keep
 * flowing. A nickname that an event has touched meanwhile is left out of the result, because the event is newer than
 * the page.
 */
export class Presence {
  #version: number | undefined
  #resync: Resync | undefined

  /** `Watching` arrived. */
  start(version: number): void {
    this.#version = version
  }

  /** No events are expected any more. */
  stop(): void {
    this.#version = undefined
    this.#resync = undefined
  }

  /** Judges one event: `Stale` ones are to be dropped, `Gap` is `Current` and asks for `begin`. */
  event(version: number, nick: string): "Current" | "Gap" | "Stale" {
    if (this.#version === undefined || version <= this.#version) return "Stale"
    const gap = version !== this.#version + 1
    this.#version = version
    if (this.#resync !== undefined) {
      if (this.#resync.touched.size < MAX_ROSTER) this.#resync.touched.add(nick)
      else this.#resync.complete = false
    }
    return gap ? "Gap" : "Current"
  }

  /** Starts (over) reading the list. */
  begin(): void {
    this.#resync = { clients: [], touched: new Set(), complete: true, request: undefined }
  }

  /** The request for the next page was sent under this id. */
  requested(id: number): void {
    if (this.#resync !== undefined) this.#resync.request = id
  }

  /** Whether `id` is a page of ours; pages of an abandoned reading are not. */
  owns(id: number): boolean {
    return this.#resync?.request === id
  }

  /** A page arrived: where to go on, or the whole roster when it was the last. */
  page({ clients, next }: typeof Control.Clients.Type): { readonly next: string } | { readonly roster: Roster } {
    const resync = this.#resync!
    const room = MAX_ROSTER - resync.clients.length
    resync.clients.push(...clients.slice(0, room))
    if (next !== undefined && clients.length <= room && clients.length > 0) return { next }
    if (next !== undefined || clients.length > room) resync.complete = false
    this.#resync = undefined
    return {
      roster: {
        clients: resync.clients.filter(({ nick }) => !resync.touched.has(nick)),
        touched: resync.touched,
        complete: resync.complete
      }
    }
  }

  /** The reading failed; the next gap starts another. */
  abandon(): void {
    this.#resync = undefined
  }
}

/** Who is there, as of now. */
export interface Roster {
  readonly clients: ReadonlyArray<Control.ClientEntry>
  /** Nicknames for which events were given while the list was read: those events stand. */
  readonly touched: ReadonlySet<string>
  /** `false` when there was more than `MAX_ROSTER` of anything: absence from `clients` then proves nothing. */
  readonly complete: boolean
}

/**
 * Entries that a re-read of the list takes in: 2 MB of memory and some 100 pages; a larger crowd is nobody's contact
 * list.
 */
export const MAX_ROSTER = 10_000

interface Resync {
  readonly clients: Array<Control.ClientEntry>
  readonly touched: Set<string>
  complete: boolean
  request: number | undefined
}

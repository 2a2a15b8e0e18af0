import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ClientEvent } from "../core/client/Events.js"

/**
 * The events of one client on their way to its one consumer.
 *
 * Order is kept while the consumer keeps up; of a file transfer only the latest news waits. When it falls `STALLED`
 * events behind, an event that makes an earlier one of the same subject worthless (a peer's path, a nickname's
 * presence) takes its place, and what is still over `MAX_EVENTS` is dropped, told by one `Failed` event. Messages are
 * never dropped here: flow control bounds them, because a message is acknowledged (its
 * `shown` callback) only when the consumer pulls the element after it. Neither are `Delivered`, `Read` and `Waiting`:
 * the client accepts nothing more to send while `full`.
 */
export class EventQueue {
  /** By serial number: a Map iterates in order of insertion. */
  readonly #queue = new Map<number, Entry>()
  readonly #latest = new Map<string, number>()
  /** How many were handed out, by tag. */
  readonly #told = new Map<ClientEvent["_tag"], number>()
  #serial = 0
  #dropped = 0
  #handed: Shown | undefined
  #waiter: (() => void) | undefined
  private ended = false

  /** For one consumer, once: a second run of the stream shares what is left with the first. */
  readonly stream: Stream.Stream<ClientEvent> = Stream.repeatEffectOption(
    Effect.suspend(() => {
      const written = this.acknowledge()
      return written === undefined ? this.#take() : Effect.zipRight(written, this.#take())
    })
  )

  /** How many events the consumer has had, by tag. */
  get told(): Told {
    return Object.fromEntries(this.#told)
  }

  /** Whether the consumer is so far behind that nothing should be started that causes more events. */
  get full(): boolean {
    return this.#queue.size >= MAX_EVENTS
  }

  /** `shown` is called once when the consumer is done with the event. */
  offer(event: ClientEvent, shown?: Shown): void {
    if (this.ended) return
    const subject = subjectOf(event)
    if ((this.#queue.size >= STALLED || event._tag === "Transfer") && subject !== undefined) {
      const earlier = this.#latest.get(subject)
      if (earlier !== undefined) this.#queue.delete(earlier)
      else if (this.#queue.size >= MAX_EVENTS) {
        this.#dropped++
        return
      }
    }
    const serial = this.#serial++
    this.#queue.set(serial, { event, shown })
    if (subject !== undefined) this.#latest.set(subject, serial)
    this.#wake()
  }

  /** The consumer is done with the event that it pulled last; gives what `Shown` gives. */
  acknowledge(): Effect.Effect<void> | undefined {
    const shown = this.#handed
    this.#handed = undefined
    return shown?.()
  }

  /**
   * `last` is the last event. Messages that the consumer has not pulled are taken back: they were not acknowledged, so
   * their sender keeps them, and nobody must see them twice.
   */
  end(last: ClientEvent): void {
    if (this.ended) return
    for (const [serial, { shown }] of this.#queue) if (shown !== undefined) this.#queue.delete(serial)
    this.offer(last)
    this.ended = true
    this.#wake()
  }

  #take(): Effect.Effect<ClientEvent, Option.Option<never>> {
    return Effect.async((resume) => {
      const answer = () => {
        const event = this.#next()
        if (event !== undefined) resume(Effect.succeed(event))
        else if (this.ended) resume(Effect.fail(Option.none()))
        else {
          this.#waiter = answer
          return
        }
      }
      answer()
      return Effect.sync(() => {
        if (this.#waiter === answer) this.#waiter = undefined
      })
    })
  }

  #next(): ClientEvent | undefined {
    if (this.#dropped > 0) {
      const message = `${this.#dropped} events were dropped because nobody read them in time`
      this.#dropped = 0
      return { _tag: "Failed", code: "EventsDropped", message }
    }
    for (const [serial, { event, shown }] of this.#queue) {
      this.#queue.delete(serial)
      const subject = subjectOf(event)
      if (subject !== undefined && this.#latest.get(subject) === serial) this.#latest.delete(subject)
      this.#handed = shown
      this.#told.set(event._tag, (this.#told.get(event._tag) ?? 0) + 1)
      return event
    }
    return undefined
  }

  #wake(): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.()
  }
}

/** Numbers of events by tag. */
export type Told = { readonly [Tag in ClientEvent["_tag"]]?: number }

/**
 * Events a consumer may be behind before older ones of the same subject are replaced: a screenful of seconds, some 200
 * KB.
 */
export const STALLED = 1_024

/** Replaceable events kept for a consumer that is away: enough for the largest roster, some 2 MB. */
export const MAX_EVENTS = 8_192

/**
 * What is to be done when an event was shown. The effect in the result is waited for before the next event is shown: so
 * at most one message is on the screen that a killed process has not written down, and that its successor would show
 * again.
 */
export type Shown = () => Effect.Effect<void> | undefined

interface Entry {
  readonly event: ClientEvent
  readonly shown: Shown | undefined
}

/** What a later event may replace an earlier one by; `undefined` for events that each count. */
const subjectOf = (event: ClientEvent): string | undefined => {
  switch (event._tag) {
    case "Renamed":
      return `renamed ${event.fingerprint}`
    case "Joined":
    case "Left":
      return `presence ${event.nick}`
    case "Incoming":
    case "PathChanged":
    case "Mutual":
    case "Away":
      return `${event._tag} ${event.nick}`
    case "Connected":
    case "Disconnected":
      return `link ${event.nick}`
    case "Failed":
      return `failed ${event.code} ${event.nick ?? ""}`
    case "Registered":
    case "NickTaken":
    case "ServerLost":
      return "server"
    case "Greeting":
      return "greeting"
    case "Server":
      return "link to the server"
    case "Journal":
      return "journal"
    case "Present":
      return "present"
    case "Kept":
      return `kept ${event.nick}`
    case "Transfer":
      return `transfer ${event.transfer.id}`
    case "Message":
    case "Group":
    case "Delivered":
    case "Read":
    case "Waiting":
    case "Closed":
      return undefined
  }
}

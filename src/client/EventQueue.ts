import * as Channel from "effect/Channel"
import * as Chunk from "effect/Chunk"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { ClientEvent } from "../core/client/Events.js"
import type { UnreadMessage } from "../core/client/Output.js"

/**
 * The events of one client on their way to its one consumer.
 *
 * Order is kept while the consumer keeps up; of a file transfer only the latest news waits. When it falls `STALLED`
 * events behind, an event that makes an earlier one of the same subject worthless (a peer's path, a nickname's
 * presence) takes its place, and what is still over `MAX_EVENTS` is dropped, told by one `Failed` event. Messages are
 * never dropped here: flow control bounds them, because a message is acknowledged (`shown`) only when the consumer
 * pulls what comes after it. Neither are `Delivered`, `Read` and `Waiting`:
 * the client accepts nothing more to send while `full`.
 */
export class EventQueue<Mark = UnreadMessage> {
  /** In order; those before `#head` were handed over. */
  #queue: Array<Entry<Mark>> = []
  #head = 0
  /** Of the queue, those that no later one has replaced. */
  #size = 0
  readonly #latest = new Map<string, Entry<Mark>>()
  /** How many were handed out, by tag. */
  readonly #told = new Map<ClientEvent["_tag"], number>()
  #dropped = 0
  /** What is to be acknowledged of the events that the consumer has in hand. */
  #handed: Array<Mark> = []
  #waiter: (() => void) | undefined
  private ended = false

  /** In place of `stream`: the event after the one before, which counts as shown; `undefined` after the last. */
  readonly next: Effect.Effect<ClientEvent | undefined> = Effect.suspend(() => this.#one())

  /** For one consumer, once: a second run of the stream shares what is left with the first. */
  readonly stream: Stream.Stream<ClientEvent> = streamOf(this.next)

  /** How many events the consumer has had, by tag. */
  get told(): Told {
    return Object.fromEntries(this.#told)
  }

  /** In place of `stream`: all events that wait, up to `MAX_BATCH` at a time, which count as shown together. */
  readonly batches: Stream.Stream<ReadonlyArray<ClientEvent>> = streamOf(Effect.suspend(() => this.#pull(MAX_BATCH)))

  constructor(
    private readonly shown: Shown<Mark>,
    /** The consumer waits: what is left to be done is to be done now. */
    private readonly idle: () => void = () => {}
  ) {}

  /** In place of `stream`, at a twentieth of what each event of it costs. */
  handle<E, R>(handle: (event: ClientEvent) => Effect.Effect<unknown, E, R>): Effect.Effect<void, E, R> {
    return this.#each(1, ([event]) => handle(event!))
  }

  /** In place of `batches`. With no more than `marks` marks in hand at a time, where that is given. */
  handleBatches<E, R>(
    handle: (events: ReadonlyArray<ClientEvent>) => Effect.Effect<unknown, E, R>,
    marks?: number
  ): Effect.Effect<void, E, R> {
    return this.#each(MAX_BATCH, handle, marks && Math.max(1, marks))
  }

  /** Whether the consumer is so far behind that nothing should be started that causes more events. */
  get full(): boolean {
    return this.#size >= MAX_EVENTS
  }

  /** `mark` is given to `shown` once the consumer is done with the event. */
  offer(event: ClientEvent, mark?: Mark): void {
    if (this.ended) return
    const subject = subjectOf(event)
    if ((this.#size >= STALLED || event._tag === "Transfer") && subject !== undefined) {
      const earlier = this.#latest.get(subject)
      if (earlier !== undefined) this.#drop(earlier)
      else if (this.#size >= MAX_EVENTS) {
        this.#dropped++
        return
      }
    }
    const entry: Entry<Mark> = { event, mark, subject, isGone: false }
    this.#queue.push(entry)
    this.#size++
    if (subject !== undefined) this.#latest.set(subject, entry)
    this.#wake()
  }

  /** The consumer is done with what it pulled last; gives what `Shown` gives. */
  acknowledge(isWaiting = false): Effect.Effect<void> | undefined {
    const handed = this.#handed
    if (handed.length === 0) return undefined
    this.#handed = []
    return this.shown(handed, isWaiting)
  }

  /**
   * `last` is the last event. Messages that the consumer has not pulled are taken back: they were not acknowledged, so
   * their sender keeps them, and nobody must see them twice.
   */
  end(last: ClientEvent): void {
    if (this.ended) return
    for (const entry of this.#queue.slice(this.#head)) if (entry.mark !== undefined && !entry.isGone) this.#drop(entry)
    this.offer(last)
    this.ended = true
    this.#wake()
  }

  #each<E, R>(
    most: number,
    handle: (events: ReadonlyArray<ClientEvent>) => Effect.Effect<unknown, E, R>,
    marks = most
  ): Effect.Effect<void, E, R> {
    const go: Effect.Effect<void, E, R> = Effect.suspend(() =>
      Effect.flatMap(this.#pull(most, marks), (events) =>
        events === undefined ? Effect.void : Effect.flatMap(handle(events), () => go)
      )
    )
    return go
  }

  #one(): Effect.Effect<ClientEvent | undefined> {
    return Effect.map(this.#pull(1), (events) => events?.[0])
  }

  #pull(most: number, marks = most): Effect.Effect<ReadonlyArray<ClientEvent> | undefined> {
    const written = this.acknowledge(this.#isEmpty)
    return written === undefined
      ? this.#take(most, marks)
      : Effect.zipRight(
          written,
          Effect.suspend(() => this.#take(most, marks))
        )
  }

  /** At least one event, when there is one; `undefined` after the last. */
  #take(most: number, marks: number): Effect.Effect<ReadonlyArray<ClientEvent> | undefined> {
    if (this.#isEmpty && !this.ended) this.idle()
    const events: Array<ClientEvent> = []
    while (events.length < most && this.#handed.length < marks && !this.#isEmpty) events.push(this.#next())
    if (events.length > 0) return Effect.succeed(events)
    if (this.ended) return Effect.succeed(undefined)
    // Nothing to be done when it is interrupted, which would cost half of what the wait does: an event stays in the
    // queue until somebody takes it.
    return Effect.async((resume) => {
      // Taken when the consumer goes on: by then all that comes at the same time is there.
      this.#waiter = () => resume(Effect.suspend(() => this.#take(most, marks)))
    })
  }

  get #isEmpty(): boolean {
    return this.#dropped === 0 && this.#size === 0
  }

  #next(): ClientEvent {
    if (this.#dropped > 0) {
      const message = `${this.#dropped} events were dropped because nobody read them in time`
      this.#dropped = 0
      return { _tag: "Failed", code: "EventsDropped", message }
    }
    while (this.#queue[this.#head]!.isGone) this.#head++
    const entry = this.#queue[this.#head++]!
    this.#size--
    // What was handed over makes up half of it at most.
    if (this.#size === 0 || this.#head > this.#queue.length / 2) {
      this.#queue = this.#queue.slice(this.#head)
      this.#head = 0
    }
    const { event, mark, subject } = entry
    if (subject !== undefined && this.#latest.get(subject) === entry) this.#latest.delete(subject)
    if (mark !== undefined) this.#handed.push(mark)
    this.#told.set(event._tag, (this.#told.get(event._tag) ?? 0) + 1)
    return event
  }

  #drop(entry: Entry<Mark>): void {
    entry.isGone = true
    this.#size--
    // A flood of news about one subject leaves no more of itself than there is.
    if (this.#queue.length <= 2 * (this.#size + STALLED)) return
    this.#queue = this.#queue.slice(this.#head).filter(({ isGone }) => !isGone)
    this.#head = 0
  }

  #wake(): void {
    const waiter = this.#waiter
    this.#waiter = undefined
    waiter?.()
  }
}

/** What `pull` gives, until that is `undefined`, one element a chunk: whoever stops in the middle loses nothing. */
const streamOf = <A>(pull: Effect.Effect<A | undefined>): Stream.Stream<A> => {
  const rest: Channel.Channel<Chunk.Chunk<A>> = Channel.flatMap(Channel.fromEffect(pull), (element) =>
    element === undefined ? Channel.void : Channel.flatMap(Channel.write(Chunk.of(element)), () => rest)
  )
  return Stream.fromChannel(rest)
}

/**
 * Numbers of events by tag.
 *
 * @since 0.1.0
 */
export type Told = { readonly [Tag in ClientEvent["_tag"]]?: number }

/**
 * Events a consumer may be behind before older ones of the same subject are replaced: a screenful of seconds, some 200
 * KB.
 */
export const STALLED = 1_024

/** Replaceable events kept for a consumer that is away: enough for the largest roster, some 2 MB. */
export const MAX_EVENTS = 8_192

/**
 * What is to be done when events were shown, in their order. The effect in the result is waited for before the next one
 * is: so a killed process has not written down at most what it had in hand, one event or one batch, and its successor
 * shows that again. `isWaiting`: there is nothing more for the consumer to look at.
 */
export type Shown<Mark> = (marks: ReadonlyArray<Mark>, isWaiting: boolean) => Effect.Effect<void> | undefined

/** Events handed over at a time: as many messages as some packets bring, and a tenth of a ms of work. */
export const MAX_BATCH = 256

interface Entry<Mark> {
  readonly event: ClientEvent
  readonly mark: Mark | undefined
  readonly subject: string | undefined
  /** A later event has taken its place. */
  isGone: boolean
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

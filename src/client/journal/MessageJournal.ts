import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { decode, type Entry } from "../../core/journal/Entry.js"
import { Ledger } from "../../core/journal/Ledger.js"
import * as SealedLog from "../../core/journal/SealedLog.js"
import type { JournalEntry, Past } from "../../core/peer/Journal.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import type { Store, StoreError } from "../../services/Store.js"
import * as Time from "../../services/Time.js"
import * as JournalFile from "./JournalFile.js"

/**
 * What one identity must not forget in a crash: messages that wait for a peer, and ids of messages that were shown.
 * Entries are written at once, and flushed together with all that came up while the disk was busy with the flush
 * before.
 *
 * A disk that fails stops nobody: entries then count as stored although they are not, the listener is told once, and
 * all there is is written as soon as the disk takes it again.
 */
export interface MessageJournal {
  readonly past: (peer: PeerId) => Past | undefined
  /** Peers that messages wait for, as they were last called. */
  readonly waiting: () => ReadonlyArray<{ readonly peer: PeerId; readonly nick: string; readonly messages: number }>
  /** Whether there is room for one more message of `length` bytes to this peer. */
  readonly accepts: (peer: PeerId, length: number) => boolean
  /** Writes entries soon. `nickOf` says how the peers are called now. */
  readonly write: (entries: ReadonlyArray<JournalEntry>, nickOf: (peer: PeerId) => string | undefined) => void
  /** Waits until a message of ours that was accepted is stored. */
  readonly stored: (id: MessageId) => Effect.Effect<void>
  /** Waits until all that was written so far would survive the end of this process, if not yet a loss of power. */
  readonly recorded: Effect.Effect<void>
  /** Waits until all that was written so far is stored. */
  readonly flushed: Effect.Effect<void>
  /** Names who is told; of what happened before, at once. */
  readonly attach: (listener: JournalListener) => void
}

export interface JournalListener {
  /** Called with all that was written, in that order, as it is stored; never from within `write`. Must not throw. */
  readonly stored: (entries: ReadonlyArray<JournalEntry>) => void
  /** Whether messages survive a crash from now on; `message` is one line for people. */
  readonly changed: (safe: boolean, message: string) => void
}

/**
 * Reads the file `name` of `store`, and writes on it until the scope closes; what was written by then is stored first.
 */
export const open = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly secret: Uint8Array
  readonly store: Pick<typeof Store.Service, "location" | "read" | "write" | "journal">
  readonly name: string
}): Effect.Effect<MessageJournal, never, Scope.Scope> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const ledger = new Ledger()
    const loaded = yield* load(options, ledger)
    const file = yield* JournalFile.make({ ...options, all: () => ledger.entries() })
    const wanted = yield* Effect.makeLatch(false)
    const written = yield* Effect.makeLatch(false)

    /** What the listener was told last, or is to be told. */
    let news = loaded.news
    let listener: JournalListener | undefined
    /** When the disk is tried again; `undefined` while it works. */
    let retryAt: number | undefined = loaded.usable ? undefined : Number.POSITIVE_INFINITY
    /** Not written yet, written and not flushed yet: bounded by what the peer machine has under way. */
    let pending: Array<Pending> = []
    let unflushed: Array<JournalEntry> = []
    const unstored = new Map<MessageId, (() => void) | undefined>()
    /**
     * Whether the file is to be opened, although there is nothing to write yet. So it is when there is a past: not all
     * of it may have been flushed, and nothing that we go on from may be lost with the power later.
     */
    let prepare = loaded.usable && ledger.entries().next().done !== true
    let opened = false
    const recorded = new Progress()
    const flushed = new Progress()

    const tell = (safe: boolean, message: string) => {
      news = { safe, message }
      listener?.changed(safe, message)
    }

    const failed = ({ message }: StoreError) => {
      if (retryAt === undefined)
        tell(false, `${message}. Chat goes on, but messages that wait would be lost in a crash until this is mended`)
      retryAt = time.monotonic() + RETRY
    }

    const succeeded = () => {
      if (retryAt !== undefined) tell(true, "messages that wait survive a crash again")
      retryAt = undefined
    }

    const settle = (entries: ReadonlyArray<JournalEntry>) => {
      for (const entry of entries) {
        if (entry._tag !== "Accepted") continue
        const waiter = unstored.get(entry.id)
        unstored.delete(entry.id)
        waiter?.()
      }
      if (entries.length > 0) listener?.stored(entries)
    }

    const attempt = (act: Effect.Effect<void, StoreError>) =>
      Effect.match(act, { onFailure: failed, onSuccess: succeeded })

    const somethingWanted = Effect.suspend(() =>
      retryAt === undefined || !loaded.usable
        ? wanted.await
        : Effect.timeoutOption(wanted.await, Duration.millis(RETRY))
    )

    /** Writes what is pending, and tells the other fiber to flush it. */
    const writing = Effect.gen(function* () {
      while (true) {
        if (pending.length === 0 && !prepare) yield* somethingWanted
        wanted.unsafeClose()
        const batch = pending
        pending = []
        prepare = false
        if (retryAt === undefined || time.monotonic() >= retryAt)
          yield* attempt(file.save(batch.flatMap(({ entries }) => entries)))
        recorded.done(batch.length)
        unflushed.push(...batch.map(({ asked }) => asked))
        written.unsafeOpen()
      }
    })

    const flushing = Effect.gen(function* () {
      while (true) {
        yield* written.await
        written.unsafeClose()
        const batch = unflushed
        unflushed = []
        // A delivery that is forgotten is repeated, and told apart by its id.
        if (retryAt === undefined && batch.some(isUrgent)) yield* attempt(file.flush)
        settle(batch)
        flushed.done(batch.length)
      }
    })

    yield* Effect.forkScoped(writing)
    yield* Effect.forkScoped(flushing)
    yield* Effect.addFinalizer(() => Effect.timeoutOption(flushed.wait, LAST_FLUSH))

    return {
      past: (peer) => {
        // Somebody is there to talk to: the file is opened before the first word.
        prepare = !opened
        opened = true
        if (prepare) wanted.unsafeOpen()
        return ledger.past(peer)
      },
      waiting: () => ledger.waiting(),
      accepts: (peer, length) => ledger.accepts(peer, length),
      write: (entries, nickOf) => {
        for (const entry of entries) {
          const lines = toFile(entry, ledger, nickOf)
          for (const one of lines) ledger.apply(one)
          pending.push({ entries: lines, asked: entry })
          if (entry._tag === "Accepted") unstored.set(entry.id, undefined)
        }
        recorded.more(entries.length)
        flushed.more(entries.length)
        wanted.unsafeOpen()
      },
      stored: (id) =>
        Effect.async<void>((resume) => {
          if (unstored.has(id)) unstored.set(id, () => resume(Effect.void))
          else resume(Effect.void)
        }),
      recorded: recorded.wait,
      flushed: flushed.wait,
      attach: (attached) => {
        listener = attached
        if (news !== undefined) attached.changed(news.safe, news.message)
      }
    }
  })

/** Fills the ledger from the file. A file that cannot be used is left as it is, and nothing is written in its place. */
const load = (
  {
    crypto,
    name,
    secret,
    store
  }: { readonly store: Pick<typeof Store.Service, "location" | "read" | "write"> } & {
    readonly crypto: Crypto
    readonly secret: Uint8Array
    readonly name: string
  },
  ledger: Ledger
): Effect.Effect<Loaded> =>
  Effect.gen(function* () {
    const content = yield* store.read(name)
    if (Option.isNone(content)) return { usable: true, news: undefined }
    const path = `${store.location}/${name}`
    const log = SealedLog.read(crypto, secret, content.value)
    if (log._tag === "Foreign") return unusable(`${path} is no journal of this version of parley; move it away`)
    let damaged = log.damaged
    for (const block of log.blocks) {
      const entries = decode(block)
      if (entries === undefined) damaged = true
      for (const entry of entries ?? []) ledger.apply(entry)
    }
    if (!damaged) return { usable: true, news: undefined }
    yield* store.write(`${name}.damaged`, content.value)
    const message = `${path} was damaged: messages that waited may be lost, others may be shown again. It is kept as ${name}.damaged`
    return { usable: true, news: { safe: true, message } }
  }).pipe(Effect.catchAll(({ message }) => Effect.succeed(unusable(message))))

interface Pending {
  readonly entries: ReadonlyArray<Entry>
  readonly asked: JournalEntry
}

/** Counts what was begun and what was done, in the same order, and lets others wait for all that was begun so far. */
class Progress {
  #begun = 0
  #finished = 0
  #waiting: Array<{ readonly until: number; readonly resume: () => void }> = []

  more(count: number): void {
    this.#begun += count
  }

  done(count: number): void {
    this.#finished += count
    if (this.#waiting.length === 0) return
    const finished = this.#finished
    for (const { resume, until } of this.#waiting) if (until <= finished) resume()
    this.#waiting = this.#waiting.filter(({ until }) => until > finished)
  }

  get idle(): boolean {
    return this.#finished >= this.#begun
  }

  readonly wait: Effect.Effect<void> = Effect.async<void>((resume) => {
    if (this.idle) resume(Effect.void)
    else this.#waiting.push({ until: this.#begun, resume: () => resume(Effect.void) })
  })
}

interface Loaded {
  readonly usable: boolean
  readonly news: { readonly safe: boolean; readonly message: string } | undefined
}

const unusable = (message: string): Loaded => ({
  usable: false,
  news: { safe: false, message: `${message}. Meanwhile messages that wait do not outlive this program` }
})

/** An entry as it is written, after the name of its peer where that is news. */
const toFile = (
  entry: JournalEntry,
  ledger: Ledger,
  nickOf: (peer: PeerId) => string | undefined
): ReadonlyArray<Entry> => {
  if (entry._tag === "Shown") return [{ _tag: "Shown", peer: entry.peer, ids: [entry.id] }]
  if (entry._tag !== "Accepted") return [entry]
  const nick = nickOf(entry.peer)
  if (nick === undefined || nick === ledger.nick(entry.peer)) return [entry]
  return [{ _tag: "Peer", peer: entry.peer, nick, nextSequence: entry.sequence }, entry]
}

const isUrgent = ({ _tag }: JournalEntry): boolean => _tag === "Accepted" || _tag === "Shown" || _tag === "Dropped"

/** Milliseconds between attempts on a disk that fails: somebody who makes room sees the effect soon. */
const RETRY = 30_000
/** For what was written last before the end. A disk that takes longer is out of order. */
const LAST_FLUSH = "2 seconds"

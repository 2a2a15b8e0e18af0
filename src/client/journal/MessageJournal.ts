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
import * as Timer from "../../services/Timer.js"
import * as JournalFile from "./JournalFile.js"

/**
 * What one identity must not forget in a crash: messages that wait for a peer, and ids of messages that were shown.
 * Entries are written within the call, in one append for all that one turn brought, and flushed together with all that
 * came up while the disk was busy with the flush before. What is written survives the end of the process; what is
 * flushed, a loss of power too.
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
  /**
   * Writes entries; `nickOf` says how the peers are called now. `false`: not within this call, because the file is
   * being made or the disk is far behind; `written` of the listener follows.
   */
  readonly write: (entries: ReadonlyArray<JournalEntry>, nickOf: (peer: PeerId) => string | undefined) => boolean
  /** Waits until all that came so far would survive the end of this process; `undefined` when it would by now. */
  readonly recorded: () => Effect.Effect<void> | undefined
  /** Waits until all that came so far is flushed. */
  readonly flushed: Effect.Effect<void>
  /**
   * Names who is told; of what happened before, at once. Entries come from now on, so the file is made before the first
   * of them is there.
   */
  readonly attach: (listener: JournalListener) => void
}

export interface JournalListener {
  /** Called with what `write` could not write at once, as it is written. Must not throw. */
  readonly written: (entries: ReadonlyArray<JournalEntry>) => void
  /**
   * Called as entries are flushed, with the last message of ours to each peer among them, before which all others are
   * flushed too; never from within `write`. Must not throw.
   */
  readonly flushed: (last: ReadonlyArray<JournalEntry>) => void
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
    const [after, time] = [yield* Timer.make, yield* Time.make]
    const ledger = new Ledger()
    const loaded = yield* load(options, ledger)
    const file = yield* JournalFile.make({ ...options, all: () => ledger.entries() })
    const wanted = yield* Effect.makeLatch(false)
    const written = yield* Effect.makeLatch(false)
    /** Somebody waits for the flush. */
    let isHurried = false
    const hurry = () => {
      isHurried = true
      wake()
    }
    /** Looks at once whether the disk has rested. */
    let wake = () => {}

    /** What the listener was told last, or is to be told. */
    let news = loaded.news
    let listener: JournalListener | undefined
    /** When the disk is tried again; `undefined` while it works. */
    let retryAt: number | undefined = loaded.usable ? undefined : Number.POSITIVE_INFINITY
    /** Not written yet: bounded by what the peer machine has under way. */
    let pending: Pending = { lines: [], entries: [] }
    /** Written and not flushed yet: beyond `MAX_UNFLUSHED` nothing is written before a flush. */
    let unflushed = new Unflushed()
    /** Nothing waits for these: they are written with what comes next, or soon. */
    let lazy: Array<Entry> = []
    /** Something is being written that is not `pending` any more. */
    let saving = false
    /**
     * Whether the file is to be opened, although there is nothing to write yet. So it is when there is a past: not all
     * of it may have been flushed, and nothing that we go on from may be lost with the power later.
     */
    let prepare = loaded.usable && ledger.entries().next().done !== true
    const recorded = new Progress()
    const flushed = new Progress()
    /** Until then nothing is flushed that nobody waits for, as long as more is written. */
    let restUntil = Number.NEGATIVE_INFINITY
    let writtenAt = Number.NEGATIVE_INFINITY

    /** Has the file opened, or written anew. */
    const tidyUp = () => {
      prepare = true
      wanted.unsafeOpen()
    }

    const tell = (safe: boolean, message: string) => {
      news = { safe, message }
      listener?.changed(safe, message)
    }

    const failed = ({ message }: StoreError) => {
      if (retryAt === undefined)
        tell(false, `${message}. Chat goes on, but messages that wait would be lost in a crash until this is mended`)
      retryAt = time.monotonic() + RETRY
      // Whoever waits for something to write tries again by then.
      wanted.unsafeOpen()
    }

    const succeeded = () => {
      if (retryAt !== undefined) tell(true, "messages that wait survive a crash again")
      retryAt = undefined
    }

    const wrote = (entries: ReadonlyArray<JournalEntry>) => {
      for (const entry of entries) unflushed.add(entry)
      writtenAt = time.monotonic()
      written.unsafeOpen()
    }

    const attempt = (act: Effect.Effect<void, StoreError>) =>
      Effect.match(act, { onFailure: failed, onSuccess: succeeded })

    const somethingWanted = Effect.suspend(() =>
      retryAt === undefined || !loaded.usable
        ? wanted.await
        : Effect.timeoutOption(wanted.await, Duration.millis(RETRY))
    )

    /** Waits for the next `count` entries to be flushed, all that there are when left out. */
    const flush = (count?: number) =>
      Effect.suspend(() => {
        if (!flushed.idle) hurry()
        return flushed.wait(count)
      })

    /** Writes what is pending, and tells the other fiber to flush it. */
    const writing = Effect.gen(function* () {
      while (true) {
        if (pending.lines.length === 0 && !prepare) yield* somethingWanted
        wanted.unsafeClose()
        if (unflushed.count >= MAX_UNFLUSHED) yield* flush(unflushed.count)
        const { entries, lines } = pending
        pending = { lines: [], entries: [] }
        prepare = false
        saving = true
        if (retryAt === undefined || time.monotonic() >= retryAt) yield* attempt(file.save(lines))
        saving = false
        recorded.done(entries.length)
        wrote(entries)
        if (entries.length > 0) listener?.written(entries)
      }
    })

    /** Leaves the disk alone for a while, until somebody waits for it or nothing more is written. */
    const resting = Effect.async<void>((resume) => {
      let callOff = () => {}
      const end = () => {
        callOff()
        wake = () => {}
      }
      const look = () => {
        const rest = isHurried ? 0 : Math.min(restUntil, writtenAt + BREATH) - time.monotonic()
        if (rest > 0) {
          callOff = after(Math.ceil(rest), look)
          return
        }
        end()
        resume(Effect.void)
      }
      wake = () => {
        callOff()
        look()
      }
      look()
      return Effect.sync(end)
    })

    const flushing = Effect.gen(function* () {
      while (true) {
        if (file.age() !== "Young" && Option.isNone(yield* Effect.timeoutOption(written.await, QUIET))) tidyUp()
        yield* written.await
        yield* resting
        written.unsafeClose()
        isHurried = false
        const begunAt = time.monotonic()
        if (lazy.length > 0) write([], [])
        const batch = unflushed
        unflushed = new Unflushed()
        // A delivery that is forgotten is repeated, and told apart by its id.
        if (retryAt === undefined && batch.isUrgent) yield* attempt(file.flush)
        if (batch.last.size > 0) listener?.flushed([...batch.last.values()])
        flushed.done(batch.count)
        restUntil = time.monotonic() + Math.min(MAX_REST, REST * (time.monotonic() - begunAt))
      }
    })

    /** Whether these lines are in the file now, and all that were lazy. */
    const append = (lines: ReadonlyArray<Entry>): boolean => {
      if (saving || pending.lines.length > 0 || retryAt !== undefined || unflushed.count >= MAX_UNFLUSHED) return false
      const outcome = file.append(lines)
      if (outcome !== "Written" && outcome !== "Later") failed(outcome)
      return outcome === "Written"
    }

    /** The ledger knows the lines. */
    const write = (lines: ReadonlyArray<Entry>, entries: ReadonlyArray<JournalEntry>): boolean => {
      const all = lazy.length === 0 ? lines : [...lazy, ...lines]
      lazy = []
      flushed.more(entries.length)
      if (append(all)) {
        wrote(entries)
        if (file.age() === "Overdue") tidyUp()
        return true
      }
      for (const line of all) pending.lines.push(line)
      for (const entry of entries) pending.entries.push(entry)
      recorded.more(entries.length)
      wanted.unsafeOpen()
      return false
    }

    yield* Effect.forkScoped(writing)
    yield* Effect.forkScoped(flushing)
    const last = Effect.suspend(() => {
      if (lazy.length > 0) write([], [])
      return flush()
    })
    yield* Effect.addFinalizer(() => Effect.timeoutOption(last, LAST_FLUSH))

    return {
      past: (peer) => ledger.past(peer),
      waiting: () => ledger.waiting(),
      accepts: (peer, length) => ledger.accepts(peer, length),
      write: (entries, nickOf) => {
        const lines = toFile(entries, ledger, nickOf)
        if (entries.some(isUrgent)) return write(lines, entries)
        for (const line of lines) lazy.push(line)
        writtenAt = time.monotonic()
        written.unsafeOpen()
        return true
      },
      recorded: () => (recorded.idle ? undefined : recorded.wait()),
      flushed: last,
      attach: (attached) => {
        listener = attached
        if (news !== undefined) attached.changed(news.safe, news.message)
        // The first word would wait for the disk to flush twice, while it has nothing to do yet.
        tidyUp()
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
  readonly lines: Array<Entry>
  readonly entries: Array<JournalEntry>
}

/**
 * What the disk is to flush. Of the entries no more is kept than is told of them afterwards: there may be tens of
 * thousands, and the garbage collector would look at each of them again and again while the disk is busy.
 */
class Unflushed {
  count = 0
  isUrgent = false
  /** The last message of ours to each peer. */
  readonly last = new Map<PeerId, JournalEntry>()

  add(entry: JournalEntry): void {
    this.count++
    this.isUrgent ||= isUrgent(entry)
    if (entry._tag === "Accepted") this.last.set(entry.peer, entry)
  }
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

  /** Waits for all that was begun so far, or for the next `count` to be done. */
  wait(count = this.#begun - this.#finished): Effect.Effect<void> {
    const until = this.#finished + count
    return Effect.async<void>((resume) => {
      if (until <= this.#finished) resume(Effect.void)
      else this.#waiting.push({ until, resume: () => resume(Effect.void) })
    })
  }
}

interface Loaded {
  readonly usable: boolean
  readonly news: { readonly safe: boolean; readonly message: string } | undefined
}

const unusable = (message: string): Loaded => ({
  usable: false,
  news: { safe: false, message: `${message}. Meanwhile messages that wait do not outlive this program` }
})

/**
 * Entries as they are written, each after the name of its peer where that is news. The ledger knows them afterwards.
 */
const toFile = (
  entries: ReadonlyArray<JournalEntry>,
  ledger: Ledger,
  nickOf: (peer: PeerId) => string | undefined
): ReadonlyArray<Entry> => {
  const lines: Array<Entry> = []
  const add = (line: Entry) => {
    ledger.apply(line)
    lines.push(line)
  }
  /** What was shown of one peer, one after the other, is one line. */
  let shown: { readonly peer: PeerId; readonly ids: Array<MessageId> } | undefined
  for (const entry of entries) {
    if (entry._tag === "Shown" && shown?.peer === entry.peer) {
      shown.ids.push(entry.id)
      continue
    }
    if (shown !== undefined) add({ _tag: "Shown", ...shown })
    shown = undefined
    if (entry._tag === "Shown") {
      shown = { peer: entry.peer, ids: [entry.id] }
      continue
    }
    if (entry._tag === "Accepted") {
      const nick = nickOf(entry.peer)
      if (nick !== undefined && nick !== ledger.nick(entry.peer))
        add({ _tag: "Peer", peer: entry.peer, nick, nextSequence: entry.sequence })
    }
    add(entry)
  }
  if (shown !== undefined) add({ _tag: "Shown", ...shown })
  return lines
}

const isUrgent = ({ _tag }: JournalEntry): boolean => _tag === "Accepted" || _tag === "Shown" || _tag === "Dropped"

/** Milliseconds between attempts on a disk that fails: somebody who makes room sees the effect soon. */
const RETRY = 30_000
/**
 * Entries written while the disk is at one flush: a third of a second of the fastest conversation, two for each
 * message. Beyond, what comes waits for the disk.
 */
const MAX_UNFLUSHED = 65_536
/**
 * Times what a flush takes that the disk is left alone after it, unless somebody waits for it: a flush costs as much as
 * a hundred messages, and a conversation would otherwise have the disk flush without end.
 */
const REST = 10
/** Milliseconds that this lasts at most: what nobody waits for is what a message is told to be delivered after. */
const MAX_REST = 50
/** Milliseconds without a word after which it ends: the last messages of a burst are told to be delivered soon. */
const BREATH = 5
/** Without a word to write, for the file to be written anew, which a word would have to wait for. */
const QUIET = "1 second"
/** For what was written last before the end. A disk that takes longer is out of order. */
const LAST_FLUSH = "2 seconds"

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import { decode, encode, type HistoryEntry } from "../../core/history/HistoryEntry.js"
import type { HistoryPage } from "../../core/history/HistoryPage.js"
import { Recollection, Recollections, type Wanted } from "../../core/history/Recollection.js"
import { MAX_SEGMENT, nameOf, type Segment, SHELF_BYTES, Shelves } from "../../core/history/Shelves.js"
import * as SealedLog from "../../core/journal/SealedLog.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { GroupId } from "../../domain/GroupId.js"
import * as Nickname from "../../domain/Nickname.js"
import type { PeerId } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Store, StoreError } from "../../services/Store.js"
import * as Time from "../../services/Time.js"
import * as SegmentFile from "./SegmentFile.js"

/**
 * What one identity has said and was shown, for people to look up. It is a convenience, where the journal of messages
 * is a promise: entries are written soon and together, nobody waits for them, and the end of a process or a loss of
 * power takes the last ones. A disk that fails stops nobody: what happens meanwhile is not kept, which is told once,
 * and the disk is tried again later.
 *
 * Nothing is read or written before something is asked for or happens. The files are bounded (core/history/Shelves);
 * the oldest go, strangers' never instead of others'.
 */
export interface History {
  /** Soon something will happen with this peer: makes its file ready, which takes the disk a moment. */
  readonly prepare: (peer: Shelved) => void
  /** Keeps what happened with this peer. */
  readonly write: (peer: Shelved, entry: HistoryEntry) => void
  /** Looks for messages, of everybody where nobody is named. What cannot be read is left out, and told once. */
  readonly read: (whose: Whose, wanted: Wanted) => Effect.Effect<HistoryPage, StoreError>
  /** Forgets conversations, all of them where nobody is named. */
  readonly clear: (whose: Whose) => Effect.Effect<void, StoreError>
  /** Waits until all that happened so far is written, as far as it can be. */
  readonly written: Effect.Effect<void>
  /** Names who is told of trouble, in one line for people; of earlier trouble, at once. Must not throw. */
  readonly attach: (listener: (trouble: string) => void) => void
}

/** What has a shelf of its own: a peer, or a group. */
export type Shelved = PeerId | GroupId

/** Whose messages: one peer's or group's, or those of all who were last called so. */
export type Whose = { readonly peer: Shelved } | { readonly nick: string } | undefined

/**
 * The history in the folder `folder` of `store`, written to until the scope closes; what happened by then is written
 * first.
 */
export const open = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly secret: Uint8Array
  readonly store: typeof Store.Service
  readonly folder: string
  /** Whom our user has asked for by now, and the groups that they have joined. */
  readonly asked: () => ReadonlyArray<Shelved>
}): Effect.Effect<History, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { crypto, folder, secret, store } = options
    const time = yield* Time.make
    // Made now, so that it closes late: files stay open until the last entry is written.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    /** One change of the files at a time. */
    const turn = yield* Effect.makeSemaphore(1)
    const wanted = yield* Effect.makeLatch(false)
    const idle = yield* Effect.makeLatch(true)
    /** Somebody waits for what is pending. */
    const hurry = yield* Effect.makeLatch(false)

    let shelves: Shelves | undefined
    /** By shelf; the one that was written last is last. */
    const files = new Map<string, SegmentFile.SegmentFile>()
    /** In order; without bytes, a file is to be made ready. */
    let pending: Array<{ readonly peer: Shelved; readonly bytes?: Uint8Array }> = []
    let pendingBytes = 0
    let writtenAt = Number.NEGATIVE_INFINITY
    let retryAt: number | undefined
    let trouble: string | undefined
    const unreadable = new Set<string>()
    let listener: ((trouble: string) => void) | undefined

    const tell = (message: string) => {
      trouble = message
      listener?.(message)
    }

    const failed = (message: string) => {
      if (retryAt === undefined) tell(`${message}. Chat goes on, but your history is not kept until this is mended`)
      retryAt = time.monotonic() + RETRY
    }

    /** Names tell nobody whom we talk to, and a segment is of no use on another shelf. */
    const shelfOf = (peer: Shelved): string => Bytes.toHex(crypto.hash(SHELF_BYTES, [Bytes.fromText(peer)], secret))
    /** Of whom our user has asked for; remembered, because there may be thousands. */
    let askedShelves: ReadonlyMap<Shelved, string> = new Map()
    const shelvesOfAsked = (): ReadonlySet<string> => {
      askedShelves = new Map(options.asked().map((peer) => [peer, askedShelves.get(peer) ?? shelfOf(peer)]))
      return new Set(askedShelves.values())
    }
    const secretOf = (shelf: string): Uint8Array => crypto.hash(secret.length, [Bytes.fromText(shelf)], secret)
    const pathOf = (segment: Segment): string => `${folder}/${nameOf(segment)}`

    const load = Effect.suspend(() =>
      shelves !== undefined
        ? Effect.succeed(shelves)
        : Effect.map(store.list(folder), (names) => {
            shelves ??= new Shelves(names.map((name) => name.slice(folder.length + 1)))
            return shelves
          })
    )

    /** The blocks of a segment, `undefined` when there is none; `damaged` when there is more that cannot be read. */
    const blocksOf = (segment: Segment) =>
      Effect.map(store.read(pathOf(segment)), (content) => {
        if (Option.isNone(content)) return undefined
        const log = SealedLog.read(crypto, secretOf(segment.shelf), content.value)
        return log._tag === "Foreign"
          ? { blocks: [], damaged: true, size: content.value.length }
          : { blocks: log.blocks, damaged: log.damaged, size: content.value.length }
      })

    const remove = (segment: Segment) =>
      Effect.gen(function* () {
        if (shelves?.newest(segment.shelf)?.number === segment.number) yield* close(segment.shelf)
        yield* store.remove(pathOf(segment))
        shelves?.remove(segment)
      })

    const close = (shelf: string) =>
      Effect.suspend(() => {
        const file = files.get(shelf)
        files.delete(shelf)
        return file === undefined ? Effect.void : file.close
      })

    /**
     * Goes on with the newest segment of the shelf as long as it is sound and has room, and begins another one
     * otherwise.
     */
    const begin = (shelf: string) =>
      Effect.gen(function* () {
        const index = yield* load
        const newest = index.newest(shelf)
        const found = newest === undefined ? undefined : yield* blocksOf(newest)
        const goesOn = newest !== undefined && found !== undefined && !found.damaged && found.size < MAX_SEGMENT
        const segment = goesOn ? newest : index.next(shelf, time.wall())
        const past = goesOn ? found.blocks : []
        const name = pathOf(segment)
        const file = yield* SegmentFile.begin({ ...options, secret: secretOf(shelf), name, past, scope })
        index.add(segment)
        files.set(shelf, file)
        for (;;) {
          const surplus = index.surplus(shelvesOfAsked)
          if (surplus === undefined) break
          yield* remove(surplus)
        }
        for (const oldest of files.keys()) {
          if (files.size <= MAX_OPEN) break
          yield* close(oldest)
        }
      })

    const append = (shelf: string, entries: ReadonlyArray<Uint8Array>) =>
      Effect.gen(function* () {
        if (!files.has(shelf)) yield* begin(shelf)
        const file = files.get(shelf)
        if (file === undefined) return
        files.delete(shelf)
        files.set(shelf, file)
        if (entries.length > 0) yield* Effect.onError(file.append(entries), () => close(shelf))
        if (file.size() >= MAX_SEGMENT) yield* close(shelf)
      })

    /** What comes in quick succession is written together, the first of it at once. */
    const gather = Effect.suspend(() => {
      const rest = writtenAt + GATHER - time.monotonic()
      return rest > 0 ? Effect.timeoutOption(hurry.await, Duration.millis(rest)) : Effect.void
    })

    const write = Effect.gen(function* () {
      hurry.unsafeClose()
      writtenAt = time.monotonic()
      const batch = pending
      pending = []
      pendingBytes = 0
      if (retryAt !== undefined && time.monotonic() < retryAt) return
      const pieces = new Map<Shelved, Array<Uint8Array>>()
      for (const { bytes, peer } of batch) {
        const before = pieces.get(peer) ?? []
        if (bytes !== undefined) before.push(bytes)
        pieces.set(peer, before)
      }
      for (const [peer, entries] of pieces) {
        const done = yield* Effect.either(append(shelfOf(peer), entries))
        if (done._tag === "Left") return failed(done.left.message)
        retryAt = undefined
      }
    }).pipe(turn.withPermits(1))

    yield* Effect.forkScoped(
      Effect.forever(
        Effect.gen(function* () {
          yield* wanted.await
          yield* gather
          wanted.unsafeClose()
          yield* write
          if (pending.length === 0) idle.unsafeOpen()
        })
      )
    )
    const written = Effect.suspend(() => {
      if (pending.length > 0) hurry.unsafeOpen()
      return idle.await
    })

    yield* Effect.addFinalizer(() =>
      written.pipe(
        Effect.zipRight(Effect.suspend(() => Effect.forEach([...files.keys()], close, { discard: true }))),
        Effect.timeoutOption(LAST_WRITE)
      )
    )

    /** Goes through one shelf, and lets everything else that waits have its turn after each segment. */
    const recall = (index: Shelves, shelf: string, recollection: Recollection) =>
      Effect.forEach(
        index.of(shelf).toReversed(),
        (segment) =>
          Effect.gen(function* () {
            const found = yield* blocksOf(segment)
            if (found === undefined) return
            let { damaged } = found
            for (const block of found.blocks.toReversed()) {
              const entries = decode(block)
              if (entries === undefined) damaged = true
              for (const entry of entries?.toReversed() ?? []) recollection.take(entry)
            }
            if (damaged) complain(segment)
            yield* Effect.yieldNow()
          }),
        { discard: true }
      )

    const complain = (segment: Segment) => {
      const path = pathOf(segment)
      if (unreadable.has(path)) return
      unreadable.add(path)
      tell(`${store.location}/${path} is damaged: a part of your history cannot be read. The rest is there`)
    }

    const shelvesOf = (index: Shelves, whose: Whose) =>
      Effect.gen(function* () {
        if (whose === undefined) return index.all()
        if ("peer" in whose) return [shelfOf(whose.peer)]
        const found: Array<string> = []
        for (const shelf of index.all()) {
          const last = new Recollection({ limit: 1 })
          yield* recall(index, shelf, last)
          const [{ group, nick } = {}] = last.page.messages
          if (group === undefined && nick !== undefined && Nickname.key(nick) === Nickname.key(whose.nick))
            found.push(shelf)
        }
        return found
      })

    const enqueue = (peer: Shelved, bytes?: Uint8Array) => {
      pending.push(bytes === undefined ? { peer } : { peer, bytes })
      idle.unsafeClose()
      wanted.unsafeOpen()
    }

    return {
      prepare: (peer) => {
        if (!files.has(shelfOf(peer))) enqueue(peer)
      },
      write: (peer, entry) => {
        const bytes = encode(entry)
        if (pendingBytes + bytes.length > MAX_PENDING) return failed("the disk does not keep up with the conversation")
        pendingBytes += bytes.length
        enqueue(peer, bytes)
      },
      read: (whose, wanted) =>
        Effect.gen(function* () {
          yield* written
          const index = yield* load
          const found = new Recollections(wanted.limit)
          for (const shelf of yield* shelvesOf(index, whose)) {
            const recollection = new Recollection(wanted)
            yield* recall(index, shelf, recollection)
            found.take(recollection.page)
          }
          return found.page
        }),
      clear: (whose) =>
        Effect.gen(function* () {
          yield* written
          const index = yield* load
          const segments = (yield* shelvesOf(index, whose)).flatMap((shelf) => index.of(shelf))
          yield* turn.withPermits(1)(Effect.forEach(segments, remove, { discard: true }))
        }),
      written,
      attach: (attached) => {
        listener = attached
        if (trouble !== undefined) attached(trouble)
      }
    }
  })

/** Milliseconds within which entries are written together: in a flood, what a killed program may not have written. */
const GATHER = 50
/** Milliseconds between attempts on a disk that fails. */
const RETRY = 30_000
/** For what happened last before the end. A disk that takes longer is out of order. */
const LAST_WRITE = "1 second"
/**
 * Files held open: as many people as anybody talks to at a time. With more, the file of the one that was silent longest
 * is begun anew later.
 */
const MAX_OPEN = 64
/** Bytes that wait for a slow disk: seconds of the fastest conversation. */
const MAX_PENDING = 4 * 1024 * 1024

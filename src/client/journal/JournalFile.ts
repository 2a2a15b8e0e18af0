import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Entry, encode, encodeInto, sizeOf } from "../../core/journal/Entry.js"
import { BLOCK_OVERHEAD, LENGTH_BYTES, MAX_BLOCK, SALT_BYTES, SealedLogWriter } from "../../core/journal/SealedLog.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Journal, Store, StoreError } from "../../services/Store.js"
import { MAX_FILE_BYTES } from "../../services/StoreName.js"

/**
 * The file that entries are written to. A process never appends to the file of another one, nor to one that an append
 * failed on: it writes a new one first, with a key of its own, and that replaces the old one whole or not at all. So a
 * torn end is repaired by the way, and no crash makes a nonce be used twice. The file is rewritten too when most of it
 * is history.
 */
export interface JournalFile {
  /**
   * Writes entries within the call: they survive the end of the process afterwards. `Later`: the file is to be written
   * anew first, or is being so, which `save` does. After a failure the file holds what it held before, at least.
   */
  readonly append: (entries: ReadonlyArray<Entry>) => "Written" | "Later" | StoreError
  /**
   * Does the same, one call at a time. Where the file is to be written anew, it is, from all there is: with nothing to
   * save as soon as that is due, otherwise when it cannot wait.
   */
  readonly save: (entries: ReadonlyArray<Entry>) => Effect.Effect<void, StoreError>
  /**
   * Whether most of the file is history: `Due` when `save` is to be called with nothing as soon as nothing comes, since
   * nothing is written meanwhile; `Overdue` when it is to be called at once.
   */
  readonly age: () => "Young" | "Due" | "Overdue"
  /** What was saved survives a loss of power afterwards. Does not stop `save` meanwhile; fails as that does. */
  readonly flush: Effect.Effect<void, StoreError>
}

/**
 * Nothing is written before the first `save`. `all` is asked for what a new file begins with: everything saved so far
 * and about to be.
 */
export const make = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly secret: Uint8Array
  readonly store: Pick<typeof Store.Service, "write" | "journal">
  readonly name: string
  readonly all: () => Iterable<Entry>
}): Effect.Effect<JournalFile, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { all, crypto, entropy, name, secret, store } = options
    // Made now, so that it closes late: the file stays open until whoever made this has written the last entry.
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    /** A file is not to be exchanged while it is flushed. */
    const exchange = yield* Effect.makeSemaphore(1)
    let file: OpenFile | undefined
    let rewriting = false

    const close = Effect.suspend(() => {
      const closing = file
      file = undefined
      return closing === undefined ? Effect.void : Scope.close(closing.scope, Exit.void)
    })

    const rewrite = Effect.gen(function* () {
      rewriting = true
      const writer = new SealedLogWriter(crypto, secret, entropy.bytes(SALT_BYTES))
      const content = Bytes.concat([writer.header(), ...blocks(writer, all())])
      yield* store.write(name, content)
      yield* close
      const opened = yield* Scope.fork(scope, scope.strategy)
      const journal = yield* Scope.extend(store.journal(name), opened).pipe(
        Effect.onError((cause) => Scope.close(opened, Exit.failCause(cause)))
      )
      const limit = Math.min(MIN_SIZE + GROWTH * content.length, MAX_LIMIT)
      file = { writer, journal, scope: opened, size: content.length, limit, isSpoilt: false }
    }).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          rewriting = false
        })
      ),
      exchange.withPermits(1)
    )

    const append = (entries: ReadonlyArray<Entry>): "Written" | "Later" | StoreError => {
      if (file === undefined || file.isSpoilt || rewriting) return "Later"
      return (entries.length === 0 ? undefined : appendTo(file, entries)) ?? "Written"
    }

    return {
      flush: Effect.suspend(() => {
        const open = file
        if (open === undefined) return Effect.void
        return Effect.onError(open.journal.sync, () =>
          Effect.sync(() => {
            open.isSpoilt = true
          })
        )
      }).pipe(exchange.withPermits(1)),
      append,
      age: () => (file === undefined ? "Young" : ageOf(file)),
      save: (entries) =>
        Effect.suspend(() => {
          const outcome = append(entries)
          if (outcome === "Later") return rewrite
          if (outcome !== "Written") return Effect.fail(outcome)
          const open = file
          const age = open === undefined ? "Young" : ageOf(open)
          if (open === undefined || age === "Young" || (age === "Due" && entries.length > 0)) return Effect.void
          // What has been appended is safe where it is: without room for a smaller file, the larger one grows on.
          const grows = Effect.sync(() => {
            open.limit *= 2
          })
          return Effect.catchAll(rewrite, () => grows)
        })
    }
  })

/** As many entries at a time as fit into the memory for a block, which is written within the call. */
const appendTo = (file: OpenFile, entries: ReadonlyArray<Entry>): StoreError | undefined => {
  let from = 0
  while (from < entries.length) {
    let size = BLOCK_OVERHEAD + sizeOf(entries[from]!)
    let end = from + 1
    for (; end < entries.length; end++) {
      const more = sizeOf(entries[end]!)
      if (size + more > scratch.length) break
      size += more
    }
    const block = size > scratch.length ? new Uint8Array(size) : scratch.subarray(0, size)
    encodeInto(from === 0 && end === entries.length ? entries : entries.slice(from, end), block, LENGTH_BYTES)
    file.writer.sealInPlace(block)
    file.size += size
    const failure = file.journal.append(block)
    file.isSpoilt = failure !== undefined
    if (failure !== undefined) return failure
    from = end
  }
  return undefined
}

const ageOf = ({ limit, size }: OpenFile) => (size <= limit ? "Young" : size <= limit + PATIENCE ? "Due" : "Overdue")

interface OpenFile {
  readonly writer: SealedLogWriter
  readonly journal: Journal
  readonly scope: Scope.CloseableScope
  size: number
  /** Bytes at which the file is due to be rewritten. */
  limit: number
  /** Something failed: nobody knows what it holds, and it is written anew before anything is added. */
  isSpoilt: boolean
}

/** The entries as sealed blocks, as many in a block as fit. */
function* blocks(writer: SealedLogWriter, entries: Iterable<Entry>): Generator<Uint8Array> {
  let block: Array<Entry> = []
  let size = 0
  for (const entry of entries) {
    const more = sizeOf(entry)
    if (size + more > MAX_BLOCK) {
      yield writer.seal(encode(block, size))
      block = []
      size = 0
    }
    block.push(entry)
    size += more
  }
  if (block.length > 0) yield writer.seal(encode(block, size))
}

/**
 * How many times its useful size a file may have: each byte is then rewritten once for every three that are appended.
 */
const GROWTH = 4
/**
 * Bytes below which a file is left alone: some ten thousand messages, which the next process reads in 20 ms. Rewriting
 * it flushes the disk twice, and nothing is written meanwhile.
 */
const MIN_SIZE = 1024 * 1024
/**
 * Bytes that the file may grow beyond its limit while there is no quiet moment: a second of the fastest conversation,
 * and a third of one for the next process to read. In the midst of a burst, what is under way is the most that there is
 * to write.
 */
const PATIENCE = 15 * 1024 * 1024
/** With what may be added before it is written anew, a store still reads it: more than all that a ledger holds. */
const MAX_LIMIT = MAX_FILE_BYTES - 2 * PATIENCE
/** Bytes of a block on its way to the file: some hundred messages. A larger entry has memory of its own. */
const scratch = new Uint8Array(32 * 1024)

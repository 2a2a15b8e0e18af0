import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { type Entry, encode, sizeOf } from "../../core/journal/Entry.js"
import { MAX_BLOCK, SALT_BYTES, SealedLogWriter } from "../../core/journal/SealedLog.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Journal, Store, StoreError } from "../../services/Store.js"

/**
 * The file that entries are written to. A process never appends to the file of another one, nor to one that an append
 * failed on: it writes a new one first, with a key of its own, and that replaces the old one whole or not at all. So a
 * torn end is repaired by the way, and no crash makes a nonce be used twice. The file is rewritten too when most of it
 * is history.
 */
export interface JournalFile {
  /**
   * Writes entries, one call at a time: they survive the end of the process afterwards. After a failure the file still
   * holds what it held before, and the next call writes it anew from all there is.
   */
  readonly save: (entries: ReadonlyArray<Entry>) => Effect.Effect<void, StoreError>
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

    const close = Effect.suspend(() => {
      const closing = file
      file = undefined
      return closing === undefined ? Effect.void : Scope.close(closing.scope, Exit.void)
    })

    const rewrite = Effect.gen(function* () {
      const writer = new SealedLogWriter(crypto, secret, entropy.bytes(SALT_BYTES))
      const content = Bytes.concat([writer.header(), ...blocks(writer, all())])
      yield* store.write(name, content)
      yield* close
      const opened = yield* Scope.fork(scope, scope.strategy)
      const journal = yield* Scope.extend(store.journal(name), opened).pipe(
        Effect.onError((cause) => Scope.close(opened, Exit.failCause(cause)))
      )
      file = { writer, journal, scope: opened, size: content.length, limit: MIN_SIZE + GROWTH * content.length }
    }).pipe(exchange.withPermits(1))

    const append = (open: OpenFile, entries: ReadonlyArray<Entry>) => {
      const bytes = Bytes.concat([...blocks(open.writer, entries)])
      open.size += bytes.length
      return Effect.onError(open.journal.append(bytes), () => close)
    }

    return {
      flush: Effect.suspend(() =>
        file === undefined ? Effect.void : Effect.onError(file.journal.sync, () => close)
      ).pipe(exchange.withPermits(1)),
      save: (entries) =>
        Effect.suspend(() => {
          if (file === undefined) return rewrite
          const open = file
          const appended = append(open, entries)
          if (open.size <= open.limit) return appended
          // What has been appended is safe where it is: without room for a smaller file, the larger one grows on.
          const grows = Effect.sync(() => {
            open.limit *= 2
          })
          return Effect.zipRight(
            appended,
            Effect.catchAll(rewrite, () => grows)
          )
        })
    }
  })

interface OpenFile {
  readonly writer: SealedLogWriter
  readonly journal: Journal
  readonly scope: Scope.CloseableScope
  size: number
  /** Bytes at which the file is rewritten. */
  limit: number
}

/** The entries as sealed blocks, as many in a block as fit. */
function* blocks(writer: SealedLogWriter, entries: Iterable<Entry>): Generator<Uint8Array> {
  let block: Array<Entry> = []
  let size = 0
  for (const entry of entries) {
    const more = sizeOf(entry)
    if (size + more > MAX_BLOCK) {
      yield writer.seal(encode(block))
      block = []
      size = 0
    }
    block.push(entry)
    size += more
  }
  if (block.length > 0) yield writer.seal(encode(block))
}

/**
 * How many times its useful size a file may have: each byte is then rewritten once for every three that are appended.
 */
const GROWTH = 4
/** Bytes below which a file is left alone: rewriting costs more than it saves. */
const MIN_SIZE = 256 * 1024

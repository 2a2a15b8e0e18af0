import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { MAX_BLOCK, SALT_BYTES, SealedLogWriter } from "../../core/journal/SealedLog.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Bytes from "../../protocol/Bytes.js"
import type { Store, StoreError } from "../../services/Store.js"

/**
 * A segment that is being written. A process never appends to the file of another one: it puts a new file in its place
 * first, with a key of its own, which begins with what was there. So a torn end is repaired by the way, and no crash
 * makes a nonce be used twice.
 */
export interface SegmentFile {
  /** Bytes in the file. */
  readonly size: () => number
  /**
   * Appends encoded entries; they survive the end of the process, if not a loss of power. After a failure, close it.
   */
  readonly append: (entries: ReadonlyArray<Uint8Array>) => Effect.Effect<void, StoreError>
  /** Flushes as well as the disk allows, and closes. */
  readonly close: Effect.Effect<void>
}

/** Puts the file `name` in place, with `past` as its first blocks, for as long as `scope` lives. */
export const begin = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly secret: Uint8Array
  readonly store: Pick<typeof Store.Service, "write" | "journal">
  readonly name: string
  readonly past: ReadonlyArray<Uint8Array>
  readonly scope: Scope.Scope
}): Effect.Effect<SegmentFile, StoreError> =>
  Effect.gen(function* () {
    const { crypto, entropy, name, past, scope, secret, store } = options
    const writer = new SealedLogWriter(crypto, secret, entropy.bytes(SALT_BYTES))
    const content = Bytes.concat([writer.header(), ...seal(writer, past)])
    yield* store.write(name, content)
    const opened = yield* Scope.fork(scope, scope.strategy)
    const journal = yield* Scope.extend(store.journal(name), opened).pipe(
      Effect.onError((cause) => Scope.close(opened, Exit.failCause(cause)))
    )
    let size = content.length
    return {
      size: () => size,
      append: (entries) =>
        Effect.suspend(() => {
          const bytes = Bytes.concat([...seal(writer, entries)])
          size += bytes.length
          const failed = journal.append(bytes)
          return failed === undefined ? Effect.void : Effect.fail(failed)
        }),
      close: Effect.zipRight(Effect.ignore(journal.sync), Scope.close(opened, Exit.void))
    }
  })

/** The pieces as sealed blocks, as many in a block as fit. */
function* seal(writer: SealedLogWriter, pieces: ReadonlyArray<Uint8Array>): Generator<Uint8Array> {
  let block: Array<Uint8Array> = []
  let size = 0
  for (const piece of pieces) {
    if (size + piece.length > MAX_BLOCK) {
      yield writer.seal(Bytes.concat(block))
      block = []
      size = 0
    }
    block.push(piece)
    size += piece.length
  }
  if (block.length > 0) yield writer.seal(Bytes.concat(block))
}

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as InputLines from "../../core/history/InputLines.js"
import * as SealedFile from "../../core/journal/SealedFile.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { Store } from "../../services/Store.js"

/**
 * What one identity has typed, sealed on disk: a convenience, so that a disk that fails costs nothing but this.
 *
 * @since 0.1.0
 */
export interface InputFile {
  /** The lines of earlier runs and of this one; nothing is read before they are asked for. */
  readonly lines: Effect.Effect<ReadonlyArray<InputLines.InputLine>>
  /** Keeps a line; it is written soon, and before the scope closes. */
  readonly add: (line: InputLines.InputLine) => Effect.Effect<void>
  /** Forgets the lines of a conversation, or all, and has that on disk. */
  readonly clear: (conversation: string | undefined) => Effect.Effect<void>
}

export const open = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly secret: Uint8Array
  readonly store: typeof Store.Service
  readonly name: string
}): Effect.Effect<InputFile, never, Scope.Scope> =>
  Effect.gen(function* () {
    const { crypto, entropy, name, secret, store } = options
    const turn = yield* Effect.makeSemaphore(1)
    const due = yield* Effect.makeLatch(false)
    let isDue = false

    // A file that cannot be read, or is not ours, is begun anew: what was typed is no loss that anybody should repair.
    const load = yield* Effect.cached(
      Effect.match(store.readSecret(name), {
        onFailure: () => new InputLines.InputLines(),
        onSuccess: (file) =>
          (Option.isSome(file) ? InputLines.decode(crypto, secret, file.value) : undefined) ??
          new InputLines.InputLines()
      })
    )
    const write = Effect.flatMap(load, (lines) =>
      Effect.suspend(() => {
        if (!isDue) return Effect.void
        isDue = false
        due.unsafeClose()
        const salt = entropy.bytes(SealedFile.SALT_BYTES)
        return Effect.ignore(store.write(name, InputLines.encode(crypto, secret, salt, lines)))
      })
    ).pipe(turn.withPermits(1))
    const changed = (isChanged: boolean) => {
      if (!isChanged) return
      isDue = true
      due.unsafeOpen()
    }

    yield* Effect.addFinalizer(() => Effect.timeoutOption(write, LAST_WRITE))
    yield* Effect.forkScoped(
      Effect.forever(due.await.pipe(Effect.zipRight(Effect.sleep(GATHER)), Effect.zipRight(write)))
    )
    return {
      lines: Effect.map(load, (lines) => lines.all),
      add: (line) => Effect.map(load, (lines) => changed(lines.add(line))),
      clear: (conversation) =>
        Effect.zipRight(
          Effect.map(load, (lines) => changed(lines.clear(conversation))),
          write
        )
    }
  })

/** Within this, lines are written together: nobody calls a line back after a crash sooner. */
const GATHER = "2 seconds"
/** For what was typed last. A disk that takes longer is out of order. */
const LAST_WRITE = "1 second"

import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Bytes from "../protocol/Bytes.js"
import { Store, type StoreError } from "../services/Store.js"
import * as Time from "../services/Time.js"

/** What can be written down whole. */
export interface Keepable {
  /** Grows with each change. */
  readonly version: number
  readonly size: number
  readonly encode: () => string
  /** Takes in what `encode` gave; gives how many lines were none. */
  readonly decode: (text: string, wall: number) => number
}

/** What the log says. */
export interface KeptFileTexts {
  readonly leftOut: string
  readonly notSaved: string
}

/**
 * Reads what is kept in a file of the store, and keeps it there as long as the scope lives. What changes is on the disk
 * a second or so later, at once with the effect that this gives, and at the end of the scope in any case; the file is
 * replaced whole, so a crash leaves the old one or the new one. A disk that fails is told in the log, and tried again.
 * The file is held by one server at a time: fails with `Locked` otherwise.
 */
export const open = (
  name: string,
  kept: Keepable,
  { leftOut, notSaved }: KeptFileTexts
): Effect.Effect<Effect.Effect<void>, StoreError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* Store
    const time = yield* Time.make
    yield* store.lock(name)
    const found = yield* store.read(name)
    const text = Option.isSome(found) ? Bytes.toText(found.value) : ""
    const bad = text === undefined ? 1 : kept.decode(text, time.wall())
    if (bad > 0) yield* Effect.annotateLogs(Effect.logWarning(leftOut), { lines: bad, file: name })
    let written = kept.version

    const save = Effect.suspend(() => {
      const { version } = kept
      if (version === written) return Effect.void
      return store.write(name, Bytes.fromText(kept.encode())).pipe(
        Effect.tap(() => Effect.sync(() => (written = version))),
        Effect.catchAll(({ message }) => Effect.annotateLogs(Effect.logWarning(notSaved), { error: message }))
      )
    })

    yield* Effect.addFinalizer(() => save)
    // A large file is written less often: encoding 100,000 names takes a tenth of a second.
    const pause = Effect.suspend(() => Effect.sleep(SAVE_EVERY_MS + kept.size * SAVE_EVERY_MS_A_LINE))
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(pause, save)))
    return save
  })

const SAVE_EVERY_MS = 1000
const SAVE_EVERY_MS_A_LINE = 0.3

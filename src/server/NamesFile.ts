import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { KeptNames } from "../core/rendezvous/KeptNames.js"
import * as Nickname from "../domain/Nickname.js"
import * as Bytes from "../protocol/Bytes.js"
import { Store, type StoreError } from "../services/Store.js"
import * as Time from "../services/Time.js"

/**
 * Names kept in a file of the store, as long as the scope lives. What changes is on the disk a second or so later, and
 * at the end of the scope in any case; the file is replaced whole, so a crash leaves the old one or the new one, and
 * costs at most the last names. Names in `release` are taken from whom they were kept for. A disk that fails is told
 * in the log, and tried again. The file is held by one server at a time: fails with `Locked` otherwise.
 */
export const open = (
  name: string,
  release: ReadonlyArray<string> = []
): Effect.Effect<KeptNames, StoreError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const store = yield* Store
    const time = yield* Time.make
    const names = new KeptNames()
    yield* store.lock(name)
    const found = yield* store.read(name)
    const text = Option.isSome(found) ? Bytes.toText(found.value) : ""
    const bad = text === undefined ? 1 : names.decode(text, time.wall())
    if (bad > 0)
      yield* Effect.annotateLogs(Effect.logWarning("lines of the kept nicknames left out"), { lines: bad, file: name })
    let written = names.version
    for (const nick of release) {
      const nickname = Nickname.parse(nick)
      const isReleased = Either.isRight(nickname) && names.release(nickname.right)
      yield* Effect.annotateLogs(Effect.logInfo(isReleased ? "released" : "was kept for nobody"), { nick })
    }

    const save = Effect.suspend(() => {
      const { version } = names
      if (version === written) return Effect.void
      return store.write(name, Bytes.fromText(names.encode())).pipe(
        Effect.tap(() => Effect.sync(() => (written = version))),
        Effect.catchAll(({ message }) =>
          Effect.annotateLogs(Effect.logWarning("the kept nicknames are not saved"), { error: message })
        )
      )
    })

    yield* Effect.addFinalizer(() => save)
    // A large file is written less often: encoding 100,000 names takes a tenth of a second.
    const pause = Effect.suspend(() => Effect.sleep(SAVE_EVERY_MS + names.size * SAVE_EVERY_MS_A_NAME))
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(pause, save)))
    return names
  })

const SAVE_EVERY_MS = 1000
const SAVE_EVERY_MS_A_NAME = 0.3

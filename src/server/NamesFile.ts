import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as Scope from "effect/Scope"
import { KeptNames } from "../core/rendezvous/KeptNames.js"
import * as Nickname from "../domain/Nickname.js"
import type { Store, StoreError } from "../services/Store.js"
import * as KeptFile from "./KeptFile.js"

/**
 * Names kept in a file of the store, as long as the scope lives (`KeptFile`). Names in `release` are taken from whom
 * they were kept for.
 */
export const open = (
  name: string,
  release: ReadonlyArray<string> = []
): Effect.Effect<KeptNames, StoreError, Store | Scope.Scope> =>
  Effect.gen(function* () {
    const names = new KeptNames()
    yield* KeptFile.open(name, names, {
      leftOut: "lines of the kept nicknames left out",
      notSaved: "the kept nicknames are not saved"
    })
    for (const nick of release) {
      const nickname = Nickname.parse(nick)
      const isReleased = Either.isRight(nickname) && names.release(nickname.right)
      yield* Effect.annotateLogs(Effect.logInfo(isReleased ? "released" : "was kept for nobody"), { nick })
    }
    return names
  })

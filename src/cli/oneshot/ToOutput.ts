import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { FilesApi } from "../../client/files/Api.js"
import { isOver, type Transfer } from "../../core/client/Transfer.js"
import type { Terminal } from "../../services/Terminal.js"
import { ProgramError } from "../ProgramError.js"
import * as Session from "./Session.js"

/** Takes offers to standard output, one at a time. */
export interface ToOutput {
  /** Begins to write it all; stored only when the last byte is where it is to stay. */
  readonly take: (offer: Transfer) => Effect.Effect<void, never, Scope.Scope>
  /** Whether bytes went out. They cannot be taken back. */
  readonly isUsed: () => boolean
  /** Takes no more of it, and cancels it unless it is over. */
  readonly stop: Effect.Effect<void>
  /** Fails when bytes could not be written, or cannot be had like this; the end of a transfer is told elsewhere. */
  readonly broken: Effect.Effect<never, ProgramError>
}

export const make = (
  files: FilesApi,
  { flush, writeBytes }: Pick<Terminal["Type"], "flush" | "writeBytes">
): Effect.Effect<ToOutput> =>
  Effect.gen(function* () {
    const broken = yield* Deferred.make<never, ProgramError>()
    let written = 0
    let writer: Fiber.RuntimeFiber<unknown> | undefined

    const write = (offer: Transfer) => (bytes: Uint8Array) => {
      written += bytes.length
      return writeBytes(bytes).pipe(
        Effect.zipRight(written === offer.size ? flush : Effect.void),
        Effect.catchAll(({ message }) =>
          Deferred.fail(broken, new ProgramError({ message, code: "File" })).pipe(
            Effect.zipRight(Effect.ignore(files.cancel(offer.id, "Storage"))),
            Effect.zipRight(Effect.interrupt)
          )
        )
      )
    }

    const isOpen = ({ id }: Transfer) =>
      Effect.map(files.list, (all) => all.some((one) => one.id === id && !isOver(one)))

    const all = (offer: Transfer) =>
      Stream.runForEach(files.acceptStream(offer.id), write(offer)).pipe(
        Effect.catchAll((error) =>
          Effect.if(isOpen(offer), {
            onTrue: () => Deferred.fail(broken, Session.ofError(error)),
            onFalse: () => Effect.void
          })
        )
      )

    return {
      take: (offer) =>
        Effect.map(Effect.forkScoped(all(offer)), (fiber) => {
          writer = fiber
        }),
      isUsed: () => written > 0,
      stop: Effect.suspend(() => (writer === undefined ? Effect.void : Effect.asVoid(Fiber.interrupt(writer)))),
      broken: Deferred.await(broken)
    }
  })

import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Mailbox from "effect/Mailbox"
import * as Scope from "effect/Scope"
import { ClientError } from "../../core/client/ClientError.js"
import type { Content } from "../../core/files/Content.js"
import type { Place } from "../../core/files/TransferIo.js"
import * as FileName from "../../domain/FileName.js"
import type { Files, FilesError, Landing } from "../../services/Files.js"

/** Where the bytes of one incoming transfer go. It outlives connections. Calls come one at a time. */
export interface Sink {
  /** What is to come is known; whether nothing of it can be there already. Once. */
  readonly begin: (content: Content) => Effect.Effect<boolean, FilesError>
  readonly save: (file: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, FilesError>
  /** What `save` was given, in this life or an earlier one. */
  readonly read: (place: Place) => Effect.Effect<Uint8Array | undefined, FilesError>
  /** All of it is there: where it is now. */
  readonly complete: Effect.Effect<string | undefined, FilesError>
  /** It is not wanted any more, for this reason. */
  readonly drop: (message: string) => Effect.Effect<void>
  /** Leaves what is there to the next process. */
  readonly close: Effect.Effect<void>
}

/** A folder of the user. */
export const onDisk = (files: Files["Type"], directory: string, token: string): Effect.Effect<Sink> =>
  Effect.map(Scope.make(), (scope) => {
    let landing: Landing | undefined
    let name = FileName.make("")
    const close = Scope.close(scope, Exit.void)
    return {
      begin: (content) => {
        name = FileName.make(content.offer.name)
        const { entries, offer } = content
        return files.receive({ directory, token, kind: offer.kind, entries }).pipe(
          Scope.extend(scope),
          Effect.map((made) => {
            landing = made
            return made.fresh
          })
        )
      },
      save: (file, offset, bytes) => landing!.write(file, offset, bytes),
      read: ({ file, length, offset }) => landing!.read(file, offset, length),
      complete: Effect.suspend(() => Effect.zipLeft(landing!.commit(name), close)),
      drop: () => Effect.suspend(() => Effect.zipRight(landing?.discard ?? Effect.void, close)),
      close
    }
  })

/** Whoever pulls `mailbox`: a few pieces wait there, then the sender waits. */
export const toMailbox = (mailbox: Mailbox.Mailbox<Uint8Array, ClientError>): Sink => {
  let handedOver = 0
  return {
    begin: () => Effect.succeed(true),
    save: (_file, offset, bytes) => {
      // After a break a chunk comes again from its beginning.
      const fresh = bytes.slice(Math.max(0, handedOver - offset))
      handedOver += fresh.length
      return fresh.length === 0 ? Effect.void : Effect.asVoid(mailbox.offer(fresh))
    },
    read: () => Effect.succeed(undefined),
    complete: mailbox.end.pipe(Effect.zipRight(Effect.ignore(mailbox.await)), Effect.as(undefined)),
    drop: (message) => Effect.asVoid(mailbox.fail(new ClientError({ code: "File", message }))),
    close: Effect.void
  }
}

/** Pieces, of at most a chunk, that wait for whoever pulls. */
export const MAX_PIECES = 2

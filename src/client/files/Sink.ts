import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Closed, File } from "../../core/client/ClientError.js"
import type { Content } from "../../core/files/Content.js"
import { safeEntries } from "../../core/files/SafePaths.js"
import type { Place as Portion } from "../../core/files/TransferIo.js"
import * as FileName from "../../domain/FileName.js"
import { FilesError as Failure, type Files, type FilesError, type Landing } from "../../services/Files.js"
import { inSlices } from "../InSlices.js"

/** Where the bytes of one incoming transfer go. It outlives connections. Calls come one at a time. */
export interface Sink {
  /** How many entries got another name because the disk does not tell the given ones apart. */
  readonly renamed: number
  /** What an earlier process was killed in the middle of storing: its path. Known once begun. */
  readonly stored: string | undefined
  /** What is to come is known; whether nothing of it can be there already. Once. */
  readonly begin: (content: Content, committing?: boolean) => Effect.Effect<boolean, FilesError>
  readonly save: (file: number, offset: number, bytes: Uint8Array) => Effect.Effect<void, FilesError>
  /** What `save` was given, in this life or an earlier one. */
  readonly read: (place: Portion) => Effect.Effect<Uint8Array | undefined, FilesError>
  /** All of it is there: where it is now. */
  readonly complete: Effect.Effect<string | undefined, FilesError>
  /** It is not wanted any more, for this reason. */
  readonly drop: (message: string) => Effect.Effect<void>
  /** Leaves what is there to the next process. */
  readonly close: Effect.Effect<void>
}

/** Where something goes on disk. */
export interface Place {
  readonly directory: string
  readonly token: string
  /** Whether names that differ only in case are the same there. */
  readonly folds: boolean
}

/** A folder of the user. */
export const onDisk = (files: Files["Type"], { directory, folds, token }: Place): Effect.Effect<Sink> =>
  Effect.map(Scope.make(), (scope) => {
    let landing: Landing | undefined
    let renamed = 0
    let name = FileName.make("")
    const close = Scope.close(scope, Exit.void)
    return {
      get renamed() {
        return renamed
      },
      get stored() {
        return landing?.stored
      },
      begin: (content, committing = false) =>
        Effect.gen(function* () {
          const { kind } = content.offer
          name = FileName.make(content.offer.name)
          const apart = folds && kind === "folder" ? yield* inSlices(safeEntries(content.entries, true)) : undefined
          renamed = apart?.renamed ?? 0
          const { entries } = apart ?? content
          landing = yield* Scope.extend(files.receive({ directory, token, kind, committing, entries }), scope)
          return landing.fresh
        }),
      save: (file, offset, bytes) => landing!.write(file, offset, bytes),
      read: ({ file, length, offset }) => landing!.read(file, offset, length),
      complete: Effect.suspend(() => Effect.zipLeft(landing!.commit(name), close)),
      drop: () => Effect.suspend(() => Effect.zipRight(landing?.discard ?? Effect.void, close)),
      close
    }
  })

/** Whoever pulls: a few pieces wait there, then the sender waits. */
export const toConsumer = (pieces: PieceQueue, errorOf: (message: string) => File | Closed): Sink => {
  let handedOver = 0
  return {
    renamed: 0,
    stored: undefined,
    begin: () => Effect.succeed(true),
    save: (_file, offset, bytes) => {
      // After a break a chunk comes again from its beginning.
      const fresh = bytes.slice(Math.max(0, handedOver - offset))
      handedOver += fresh.length
      return fresh.length === 0 ? Effect.void : pieces.offer(fresh)
    },
    read: () => Effect.succeed(undefined),
    complete: Effect.as(pieces.used, undefined),
    drop: (message) => Effect.sync(() => pieces.fail(errorOf(message))),
    close: Effect.void
  }
}

/**
 * Pieces on their way to a consumer. A piece is used when the consumer asks for what comes after it, not when it was
 * taken: until then it may still fail with it.
 */
export class PieceQueue {
  readonly #pieces: Array<Uint8Array> = []
  #state: "open" | "ended" | "used" | "closed" = "open"
  #failure: File | Closed | undefined
  readonly #waiting = new Set<() => void>()

  /** Ends when all was used; fails with what `fail` says. */
  readonly stream: Stream.Stream<Uint8Array, File | Closed> = Stream.repeatEffectOption(
    this.#when(() => {
      if (this.#failure !== undefined) return Effect.fail(Option.some(this.#failure))
      const piece = this.#pieces.shift()
      if (piece !== undefined) {
        this.#change(this.#state)
        return Effect.succeed(piece)
      }
      if (this.#state === "open") return undefined
      if (this.#state === "ended") this.#change("used")
      return Effect.fail(Option.none())
    })
  )

  /** Waits as long as `MAX_PIECES` wait. What nobody takes any more is dropped. */
  offer(piece: Uint8Array): Effect.Effect<void> {
    return this.#when(() => {
      if (this.#state === "open" && this.#pieces.length >= MAX_PIECES) return undefined
      if (this.#state === "open") {
        this.#pieces.push(piece)
        this.#change("open")
      }
      return Effect.void
    })
  }

  /** There are no more; waits until the consumer has used all of them. */
  readonly used: Effect.Effect<void, FilesError> = Effect.suspend(() => {
    if (this.#state === "open") this.#change("ended")
    return this.#when<void, FilesError>(() => {
      if (this.#state === "used") return Effect.void
      return this.#state === "closed"
        ? new Failure({ reason: "Other", message: "nobody takes it any more" })
        : undefined
    })
  })

  fail(error: File | Closed): void {
    this.#failure ??= error
    this.close()
  }

  /** Nobody pulls any more. */
  close(): void {
    if (this.#state !== "used") this.#change("closed")
  }

  #change(state: "open" | "ended" | "used" | "closed"): void {
    this.#state = state
    for (const look of [...this.#waiting]) look()
  }

  /** What `look` gives, as soon as it gives something. */
  #when<A, E>(look: () => Effect.Effect<A, E> | undefined): Effect.Effect<A, E> {
    return Effect.async<A, E>((resume) => {
      // Looking may change what others wait for, who may look at us in turn.
      const again = () => {
        if (!this.#waiting.delete(again)) return
        const found = look()
        if (found === undefined) this.#waiting.add(again)
        else resume(found)
      }
      this.#waiting.add(again)
      again()
      return Effect.sync(() => this.#waiting.delete(again))
    })
  }
}

/** Pieces, of at most a chunk, that wait for whoever pulls. */
export const MAX_PIECES = 2

import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Content } from "../../core/files/Content.js"
import { FileSender } from "../../core/files/FileSender.js"
import { HASH_BYTES } from "../../core/files/HashTree.js"
import * as Manifest from "../../core/files/Manifest.js"
import type { AbortReason, SenderEvent } from "../../core/files/TransferIo.js"
import * as Base64Url from "../../domain/Base64Url.js"
import { FilesError as Failure, type FilesError, type Found, type Source } from "../../services/Files.js"
import * as EndReasons from "./EndReasons.js"
import type { PeerStream } from "./PeerStreams.js"
import { drive, giveUp, scan } from "./StreamDriver.js"
import type { TransferContext } from "./TransferContext.js"
import type { OutgoingHead } from "./TransferRecord.js"
import type { TransferStatus } from "./TransferStatus.js"

/**
 * Something of ours on its way to a peer, from the first reading until both sides know the end. `run` is its whole
 * life: it prepares the content, offers it over each connection that both sides want, and sends what is missing over
 * there.
 */
export class Outgoing {
  content: Content | undefined
  fiber: Fiber.RuntimeFiber<void> | undefined
  private current: { readonly stream: PeerStream; readonly machine: FileSender } | undefined
  /** Whether the other side may know of it. */
  private offered = false
  /** It has ended for this reason, and the other side does not know. */
  private untold: AbortReason | undefined
  private problem: string | undefined

  constructor(
    private readonly context: TransferContext,
    readonly status: TransferStatus,
    readonly found: Found,
    /** A file of ours that ends with the process: nothing to be gone on with after a restart. */
    readonly passing: boolean
  ) {
    if (!passing) status.path = found.path
  }

  /** What an earlier process was sending. */
  static restore(context: TransferContext, head: OutgoingHead, tail: Uint8Array): Outgoing {
    const { entries, offer, path, skipped } = head
    const found: Found = {
      path,
      kind: offer.kind,
      name: offer.name,
      entries: entries.map(([path, size, mtimeMs, executable]) => ({ path, size, mtimeMs, executable })),
      skipped
    }
    const facts = { ...offer, peer: head.peer, nick: head.nick, direction: "out", skipped } as const
    const restored = new Outgoing(context, context.status(facts, "offered"), found, false)
    restored.content = {
      offer: { ...offer, root: Base64Url.decode(offer.root) ?? new Uint8Array(HASH_BYTES) },
      entries: found.entries,
      leaves: tail
    }
    restored.offered = true
    if (head.paused) restored.status.pause(true)
    return restored
  }

  readonly run: Effect.Effect<void> = Effect.gen(this, function* () {
    if (this.content === undefined) yield* this.prepare
    else yield* this.checkUnchanged.pipe(Effect.catchAll((error) => this.spoilt(error)))
    const source = yield* this.context.files.open(this.found)
    while (!this.isOver) {
      const { peer } = this.status.facts
      yield* this.context.streams.untilReachable(peer)
      const stream = this.context.streams.open(peer)
      if (stream !== undefined) yield* this.attempt(stream, source)
      // Over an unbroken connection it was refused for want of room.
      if (!this.isOver && stream?.broken !== true) yield* Effect.sleep(AGAIN_AFTER)
    }
  }).pipe(
    Effect.scoped,
    Effect.catchAll(({ message }) => this.end("failed", message))
  )

  pause(paused: boolean): Effect.Effect<void> {
    this.status.pause(paused)
    this.current?.stream.poke()
    return this.keep
  }

  /** For good. The other side is told now, or as soon as it is there again. */
  get cancel(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { current } = this
      if (current === undefined && this.offered) this.untold = "Cancelled"
      current?.machine.abort("Cancelled")
      current?.stream.poke()
      const ending = this.end("cancelled")
      return this.isOver && current === undefined ? Effect.zipRight(ending, this.stop) : ending
    })
  }

  /** For good, and there will be no connection any more to tell it over. */
  get leave(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.takeBack()
      const ending = this.end("cancelled")
      this.untold = undefined
      return Effect.zipRight(ending, this.stop)
    })
  }

  /** Nothing of it is held open beyond its fiber. */
  readonly close = Effect.void

  /** Tells the other side at once, without the fiber, that nothing more will come. */
  takeBack(): void {
    if (this.current !== undefined) giveUp(this.current.stream, this.current.machine, this.untold ?? "Cancelled")
  }

  /** Nothing is left to be done, or to be told. */
  get isOver(): boolean {
    return this.status.ended && this.untold === undefined
  }

  private get stop(): Effect.Effect<void> {
    return Effect.suspend(() => (this.fiber === undefined ? Effect.void : Fiber.interruptFork(this.fiber)))
  }

  private get prepare(): Effect.Effect<void, FilesError> {
    return Effect.gen(this, function* () {
      const { context, found, status } = this
      const { id, kind, name } = status.facts
      const leaves = yield* Effect.scoped(
        Effect.gen(function* () {
          const source = yield* context.files.open(found)
          const machine = yield* scan(
            context.crypto,
            found.entries,
            ({ file, length, offset }) => source.read(file, offset, length),
            (bytes) => status.moved(bytes)
          )
          return machine.leaves
        })
      )
      const { entries } = found
      this.content = leaves && Manifest.make(context.crypto, { id, kind, name, entries, leaves })
      if (this.content === undefined) {
        return yield* new Failure({ reason: "TooLarge", message: `${found.path} is more than can be sent at once` })
      }
      status.moved(0)
      yield* this.keep
      status.enter("offered")
    })
  }

  /** What was offered by an earlier process is not there any more: that is the end, and the other side should know. */
  private spoilt({ message }: FilesError): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.untold = "Changed"
      return this.end("failed", message)
    })
  }

  private get checkUnchanged(): Effect.Effect<void, FilesError> {
    const { found } = this
    return Effect.flatMap(this.context.files.inspect(found.path), (now) =>
      now.kind === found.kind && isSame(now, found)
        ? Effect.void
        : new Failure({ reason: "Changed", message: `${found.path} has changed since it was offered` })
    )
  }

  /** Offers it over one stream, and sends, until the stream or the transfer is over. */
  private attempt(stream: PeerStream, source: Source): Effect.Effect<void> {
    return Effect.suspend(() => {
      const machine = new FileSender(this.content!)
      this.current = { stream, machine }
      this.offered = true
      const sending = drive(stream, machine, {
        event: (event) => this.onEvent(event, machine),
        turn: () => {
          this.status.tick()
          return undefined
        },
        action: ({ file, length, offset }) =>
          source.read(file, offset, length).pipe(
            Effect.catchAll(({ message }) => {
              this.problem = message
              return Effect.succeed(undefined)
            }),
            Effect.map((bytes) => machine.handleRead(bytes))
          )
      })
      // An offer that is only made to be taken back waits for no user.
      const telling = Effect.timeoutOption(sending, TELLING).pipe(
        Effect.zipRight(
          Effect.sync(() => {
            const unheard = stream.broken
            this.takeBack()
            if (!unheard) this.untold = undefined
          })
        )
      )
      return Effect.ensuring(
        this.untold === undefined ? sending : telling,
        Effect.sync(() => {
          this.current = undefined
          this.context.streams.remove(stream)
          this.status.stops()
        })
      )
    })
  }

  private onEvent(event: SenderEvent, machine: FileSender): Effect.Effect<void> | undefined {
    const { status } = this
    const nick = this.context.nickOf(status.facts.peer) ?? status.facts.nick
    if (this.untold !== undefined) {
      machine.abort(this.untold)
      this.untold = undefined
      return undefined
    }
    switch (event._tag) {
      case "Accepted":
        status.flows(machine)
        status.enter("accepted")
        return undefined
      case "Paused":
        status.tell()
        return undefined
      case "Complete":
        return this.end("done")
      case "Declined":
        return this.end("declined", EndReasons.declined(nick, event.reason))
      case "Cancelled":
        return this.end("cancelled", EndReasons.cancelled(nick))
      case "Failed":
        if (event.reason === "Busy") return undefined
        return this.end("failed", this.problem ?? EndReasons.failed(nick, event.reason, event.by))
    }
  }

  private end(how: "done" | "declined" | "cancelled" | "failed", message?: string): Effect.Effect<void> {
    this.status.enter(how, message)
    return this.passing ? Effect.void : (this.context.store()?.forget(this.status.facts.id) ?? Effect.void)
  }

  /** Writes it down for the next process. A disk that does not take it costs no more than that. */
  private get keep(): Effect.Effect<void> {
    const { content, found, status } = this
    const store = this.passing || status.ended ? undefined : this.context.store()
    if (content === undefined || store === undefined) return Effect.void
    const { peer, skipped } = status.facts
    const { root, ...offer } = content.offer
    return Effect.ignore(
      store.keep({
        head: {
          version: 1,
          direction: "out",
          peer,
          nick: this.context.nickOf(peer) ?? status.facts.nick,
          offer: { ...offer, root: Base64Url.encode(root) },
          paused: status.paused,
          path: found.path,
          skipped,
          entries: found.entries.map(({ executable, mtimeMs, path, size }) => [path, size, mtimeMs, executable])
        },
        tail: content.leaves
      })
    )
  }
}

const isSame = (now: Found, then: Found): boolean =>
  now.entries.length === then.entries.length &&
  now.entries.every(({ mtimeMs, path, size }, index) => {
    const before = then.entries[index]!
    return before.path === path && before.size === size && before.mtimeMs === mtimeMs
  })

/** When the other side has no room, or there are too many streams. */
const AGAIN_AFTER = "30 seconds"
/** An offer that is to be taken back must be known first. */
const TELLING = "5 seconds"

import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Content } from "../../core/files/Api.js"
import * as Contents from "../../core/files/Contents.js"
import { FileSender } from "../../core/files/FileSender.js"
import { HASH_BYTES } from "../../core/files/HashTree.js"
import type { AbortReason, SenderEvent } from "../../core/files/Machines.js"
import * as Base64Url from "../../domain/Base64Url.js"
import { FilesError as Failure, type FilesError, type Found, type Source } from "../../services/Files.js"
import type { Around } from "./Around.js"
import { drive, giveUp } from "./Drive.js"
import { scan } from "./Hashing.js"
import type { Port } from "./Port.js"
import type { OutgoingHead } from "./Record.js"
import type { Ticket } from "./Ticket.js"
import * as Words from "./Words.js"

/**
 * Something of ours on its way to a peer, from the first reading until both sides know the end. `run` is its whole
 * life: it prepares the content, offers it over each connection that both sides want, and sends what is missing over
 * there.
 */
export class Outgoing {
  content: Content | undefined
  fiber: Fiber.RuntimeFiber<void> | undefined
  private current: { readonly port: Port; readonly machine: FileSender } | undefined
  /** Whether the other side may know of it. */
  private offered = false
  /** It has ended for this reason, and the other side does not know. */
  private untold: AbortReason | undefined
  private problem: string | undefined

  constructor(
    private readonly around: Around,
    readonly ticket: Ticket,
    readonly found: Found,
    /** A file of ours that ends with the process: nothing to be gone on with after a restart. */
    readonly passing: boolean
  ) {
    if (!passing) ticket.path = found.path
  }

  /** What an earlier process was sending. */
  static restore(around: Around, head: OutgoingHead, tail: Uint8Array): Outgoing {
    const { entries, offer, path, skipped } = head
    const found: Found = {
      path,
      kind: offer.kind,
      name: offer.name,
      entries: entries.map(([path, size, mtimeMs, executable]) => ({ path, size, mtimeMs, executable })),
      skipped
    }
    const facts = { ...offer, peer: head.peer, nick: head.nick, direction: "out", skipped } as const
    const restored = new Outgoing(around, around.ticket(facts, "offered"), found, false)
    restored.content = {
      offer: { ...offer, root: Base64Url.decode(offer.root) ?? new Uint8Array(HASH_BYTES) },
      entries: found.entries,
      leaves: tail
    }
    restored.offered = true
    if (head.paused) restored.ticket.pause(true)
    return restored
  }

  readonly run: Effect.Effect<void> = Effect.gen(this, function* () {
    if (this.content === undefined) yield* this.prepare
    else yield* this.checkUnchanged.pipe(Effect.catchAll((error) => this.spoilt(error)))
    const source = yield* this.around.files.open(this.found)
    while (!this.isOver) {
      const { peer } = this.ticket.facts
      yield* this.around.ports.untilReachable(peer)
      const port = this.around.ports.open(peer)
      if (port !== undefined) yield* this.attempt(port, source)
      // Over an unbroken connection it was refused for want of room.
      if (!this.isOver && port?.broken !== true) yield* Effect.sleep(AGAIN_AFTER)
    }
  }).pipe(
    Effect.scoped,
    Effect.catchAll(({ message }) => this.end("failed", message))
  )

  pause(paused: boolean): Effect.Effect<void> {
    this.ticket.pause(paused)
    this.current?.port.poke()
    return this.keep
  }

  /** For good. The other side is told now, or as soon as it is there again. */
  get cancel(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { current } = this
      if (current === undefined && this.offered) this.untold = "Cancelled"
      current?.machine.abort("Cancelled")
      current?.port.poke()
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
    if (this.current !== undefined) giveUp(this.current.port, this.current.machine, this.untold ?? "Cancelled")
  }

  /** Nothing is left to be done, or to be told. */
  get isOver(): boolean {
    return this.ticket.ended && this.untold === undefined
  }

  private get stop(): Effect.Effect<void> {
    return Effect.suspend(() => (this.fiber === undefined ? Effect.void : Fiber.interruptFork(this.fiber)))
  }

  private get prepare(): Effect.Effect<void, FilesError> {
    return Effect.gen(this, function* () {
      const { around, found, ticket } = this
      const { id, kind, name } = ticket.facts
      const leaves = yield* Effect.scoped(
        Effect.gen(function* () {
          const source = yield* around.files.open(found)
          const machine = yield* scan(
            around.crypto,
            found.entries,
            ({ file, length, offset }) => source.read(file, offset, length),
            (bytes) => ticket.moved(bytes)
          )
          return machine.leaves
        })
      )
      const { entries } = found
      this.content = leaves && Contents.make(around.crypto, { id, kind, name, entries, leaves })
      if (this.content === undefined) {
        return yield* new Failure({ reason: "TooLarge", message: `${found.path} is more than can be sent at once` })
      }
      ticket.moved(0)
      yield* this.keep
      ticket.enter("offered")
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
    return Effect.flatMap(this.around.files.inspect(found.path), (now) =>
      now.kind === found.kind && isSame(now, found)
        ? Effect.void
        : new Failure({ reason: "Changed", message: `${found.path} has changed since it was offered` })
    )
  }

  /** Offers it over one stream, and sends, until the stream or the transfer is over. */
  private attempt(port: Port, source: Source): Effect.Effect<void> {
    return Effect.suspend(() => {
      const machine = new FileSender(this.content!)
      this.current = { port, machine }
      this.offered = true
      const sending = drive(port, machine, {
        event: (event) => this.onEvent(event, machine),
        turn: () => {
          this.ticket.tick()
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
            const unheard = port.broken
            this.takeBack()
            if (!unheard) this.untold = undefined
          })
        )
      )
      return Effect.ensuring(
        this.untold === undefined ? sending : telling,
        Effect.sync(() => {
          this.current = undefined
          this.around.ports.remove(port)
          this.ticket.stops()
        })
      )
    })
  }

  private onEvent(event: SenderEvent, machine: FileSender): Effect.Effect<void> | undefined {
    const { ticket } = this
    const nick = this.around.nickOf(ticket.facts.peer) ?? ticket.facts.nick
    if (this.untold !== undefined) {
      machine.abort(this.untold)
      this.untold = undefined
      return undefined
    }
    switch (event._tag) {
      case "Accepted":
        ticket.flows(machine)
        ticket.enter("accepted")
        return undefined
      case "Paused":
        ticket.tell()
        return undefined
      case "Complete":
        return this.end("done")
      case "Declined":
        return this.end("declined", Words.declined(nick, event.reason))
      case "Cancelled":
        return this.end("cancelled", Words.cancelled(nick))
      case "Failed":
        if (event.reason === "Busy") return undefined
        return this.end("failed", this.problem ?? Words.failed(nick, event.reason, event.by))
    }
  }

  private end(how: "done" | "declined" | "cancelled" | "failed", message?: string): Effect.Effect<void> {
    this.ticket.enter(how, message)
    return this.passing ? Effect.void : (this.around.vault()?.forget(this.ticket.facts.id) ?? Effect.void)
  }

  /** Writes it down for the next process. A disk that does not take it costs no more than that. */
  private get keep(): Effect.Effect<void> {
    const { content, found, ticket } = this
    const vault = this.passing || ticket.ended ? undefined : this.around.vault()
    if (content === undefined || vault === undefined) return Effect.void
    const { peer, skipped } = ticket.facts
    const { root, ...offer } = content.offer
    return Effect.ignore(
      vault.keep({
        head: {
          version: 1,
          direction: "out",
          peer,
          nick: this.around.nickOf(peer) ?? ticket.facts.nick,
          offer: { ...offer, root: Base64Url.encode(root) },
          paused: ticket.paused,
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

import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { Content } from "../../core/files/Content.js"
import type { EndReason } from "../../core/files/EndReason.js"
import { FileSender } from "../../core/files/FileSender.js"
import * as Manifest from "../../core/files/Manifest.js"
import type { AbortReason, Place, SenderEvent } from "../../core/files/TransferIo.js"
import { FilesError as Failure, type FilesError, type Found, MAX_NAMED, type Source } from "../../services/Files.js"
import { inSlices, othersRun } from "../InSlices.js"
import * as Changes from "./Changes.js"
import * as EndReasons from "./EndReasons.js"
import type { PeerStream } from "./PeerStreams.js"
import * as Several from "./Several.js"
import { AGAIN_AFTER, drive, giveUp, scan } from "./StreamDriver.js"
import { factsOf, type TransferContext } from "./TransferContext.js"
import { type OutgoingHead, offerOf, offerRecord } from "./TransferRecord.js"
import type { End, TransferStatus } from "./TransferStatus.js"

/**
 * Something of ours on its way to a peer, from the first reading until both sides know the end. `run` is its whole
 * life: it prepares the content, offers it over each connection that both sides want, and sends what is missing over
 * there.
 */
export class Outgoing {
  content: Content | undefined
  fiber: Fiber.RuntimeFiber<void> | undefined
  #current: { readonly stream: PeerStream; readonly machine: FileSender } | undefined
  /** Whether the other side may know of it. */
  #offered = false
  #problem: FilesError | undefined
  /** All its bytes, where they are few: they are not read again then, and what was offered is what is sent. */
  #held: Uint8Array | undefined
  /** Why we ended it, if we did: what the other side is told when it asks. */
  #reason: AbortReason | undefined
  /** Ends what this one takes the place of: once it is offered, so that the other side sees it before that end. */
  replacing: Effect.Effect<void> = Effect.void

  constructor(
    private readonly context: TransferContext,
    readonly status: TransferStatus,
    public found: Found,
    /** A file of ours that ends with the process: nothing to be gone on with after a restart. */
    readonly passing: boolean
  ) {
    if (!passing) status.path = found.path
  }

  /** What an earlier process was sending. */
  static restore(context: TransferContext, head: OutgoingHead, tail: Uint8Array): Outgoing {
    const { entries, path, skipped, sources } = head
    const offer = offerOf(head)
    const found: Found = {
      path,
      ...(sources && { sources }),
      kind: offer.kind,
      name: offer.name,
      entries: entries.map(([path, size, mtimeMs, executable, folder]) => ({
        path,
        size,
        mtimeMs,
        executable,
        ...(folder === true && { folder })
      })),
      skipped,
      left: []
    }
    const facts = factsOf(offer, "out", head.peer, head.nick, found)
    const restored = new Outgoing(context, context.status(facts, "offered"), found, false)
    restored.content = {
      offer,
      entries: found.entries,
      leaves: tail
    }
    restored.#offered = true
    if (head.paused) restored.status.pause(true)
    return restored
  }

  readonly run: Effect.Effect<void> = Effect.gen(this, function* () {
    if (this.content === undefined) yield* this.#prepare
    else yield* this.#checkUnchanged
    const source = yield* this.context.files.open(this.found)
    while (!this.status.ended) {
      const { peer } = this.status.facts
      yield* this.context.streams.untilReachable(peer)
      const stream = this.context.streams.open(peer)
      const { content } = this
      if (stream !== undefined) yield* this.#attempt(stream, source)
      // Over an unbroken connection it was refused for want of room, or for its version.
      const isOther = content !== this.content
      if (!this.status.ended && stream?.broken !== true && !isOther) yield* Effect.sleep(AGAIN_AFTER)
    }
  }).pipe(
    Effect.scoped,
    Effect.catchAll((error) => this.#endOurselves("failed", reasonOf(error), error.message)),
    // What has ended is remembered for a while, its contents are not.
    Effect.ensuring(
      Effect.sync(() => {
        this.#held = undefined
        this.content = undefined
        this.found = { ...this.found, entries: [] }
      })
    )
  )

  pause(paused: boolean): Effect.Effect<void> {
    this.status.pause(paused)
    this.#current?.stream.poke()
    return this.#keep
  }

  /** For good. The other side is told now, or as soon as it is there again. */
  cancel(reason: AbortReason): Effect.Effect<void> {
    return Effect.zipRight(this.#endOurselves("cancelled", reason), this.#stop)
  }

  /** For good, and soon there is no connection any more to tell it over. */
  get leave(): Effect.Effect<void> {
    return Effect.zipRight(
      this.cancel("Cancelled"),
      Effect.sync(() => this.takeBack())
    )
  }

  /** Nothing of it is held open beyond its fiber. */
  readonly close = Effect.void

  /** Tells the other side at once, without the fiber, that nothing more will come. */
  takeBack(): void {
    if (this.#current !== undefined) giveUp(this.#current.stream, this.#current.machine, this.#reason ?? "Cancelled")
  }

  /** The other side says, without a stream of the transfer, that it is over. */
  endedByThem(reason: EndReason): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.status.ended) return Effect.void
      this.takeBack()
      return Effect.zipRight(this.#heard(reason), this.#stop)
    })
  }

  /** What to answer when the other side asks for it: `Busy` as long as it goes on. */
  get answer(): AbortReason {
    return this.status.ended ? (this.#reason ?? "Unknown") : "Busy"
  }

  /** Ends a fiber that waits for anything but the stream in use, which takes the last word. */
  get #stop(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.fiber === undefined || this.#current !== undefined ? Effect.void : Fiber.interruptFork(this.fiber)
    )
  }

  get #prepare(): Effect.Effect<void, FilesError> {
    return Effect.gen(this, function* () {
      const { context, status } = this
      // What was looked at until now may be 65,536 entries.
      yield* othersRun
      const { id, kind, name } = status.facts
      let scanned = yield* this.#scan
      for (let tries = 0; "error" in scanned; tries++) {
        if (kind === "file" || tries === MAX_DROPPED) return yield* scanned.error
        this.#drop(scanned.entry, scanned.error)
        scanned = yield* this.#scan
      }
      const { leaves } = scanned
      const { found } = this
      const { entries } = found
      this.content = leaves && (yield* inSlices(Manifest.make(context.crypto, { id, kind, name, entries, leaves })))
      if (this.content === undefined) {
        return yield* new Failure({ reason: "TooLarge", message: `${found.path} is more than can be sent at once` })
      }
      status.moved(0)
      yield* this.#keep
      status.enter("offered")
    })
  }

  /** Reads all of it once: the hashes of its chunks, or the first entry that cannot be read as it was found. */
  get #scan(): Effect.Effect<{ leaves: Uint8Array | undefined } | { entry: number; error: FilesError }, FilesError> {
    const { context, found, status } = this
    const held = status.facts.size <= MAX_HELD ? new Uint8Array(status.facts.size) : undefined
    return Effect.scoped(
      Effect.gen(this, function* () {
        const source = yield* context.files.open(found)
        const read = ({ at, file, length, offset }: Place) =>
          Effect.map(source.read(file, offset, length), (bytes) => {
            held?.set(bytes, at)
            return bytes
          })
        const scanned = yield* Effect.either(scan(context.crypto, found.entries, read, (bytes) => status.moved(bytes)))
        if (scanned._tag === "Left") return { entry: scanned.left.entry ?? 0, error: scanned.left }
        this.#held = held
        return { leaves: scanned.right.leaves }
      })
    )
  }

  /** An entry of a folder that is in use costs itself, as one does that cannot be read at all. */
  #drop(entry: number, { message, reason }: FilesError): void {
    const { found, status } = this
    const { path } = found.entries[entry]!
    const why = reason === "Changed" ? "it changes" : reason === "NotFound" ? "it was gone" : message
    const entries = found.entries.filter((_, index) => index !== entry)
    const left = [...found.left, `${path} (${why})`].slice(0, MAX_NAMED)
    this.found = { ...found, entries, skipped: found.skipped + 1, left }
    const { files, size } = status.facts
    const { skipped } = this.found
    status.facts = { ...status.facts, files: files - 1, size: size - found.entries[entry]!.size, skipped, left }
  }

  get #checkUnchanged(): Effect.Effect<void, FilesError> {
    const { found } = this
    const { path, sources = [path] } = found
    return Effect.flatMap(Several.inspect(this.context.files, sources), (now) => {
      const message = Changes.change(now, found)
      if (message !== undefined) return new Failure({ reason: "Changed", message })
      // Where its parts lie was not written down.
      this.found = now
      return Effect.void
    })
  }

  /** Offers it over one stream, and sends, until the stream or the transfer is over. */
  #attempt(stream: PeerStream, source: Source): Effect.Effect<void> {
    return Effect.suspend(() => {
      const machine = new FileSender(this.content!)
      let turns = 0
      this.#current = { stream, machine }
      this.#offered = true
      return drive(stream, machine, {
        event: (event) => this.#onEvent(event, machine),
        turn: () => {
          this.status.tick()
          turns++
          // The first of them has written the offer.
          if (turns !== 2) return undefined
          const { replacing } = this
          this.replacing = Effect.void
          return replacing
        },
        action: ({ at, file, length, offset }) =>
          (this.#held === undefined
            ? source.read(file, offset, length)
            : Effect.succeed(this.#held.slice(at, at + length))
          ).pipe(
            Effect.map((bytes) => machine.handleRead(bytes)),
            Effect.catchAll((error) =>
              Effect.sync(() => {
                this.#problem = error
                machine.handleRead(undefined, reasonOf(error))
              })
            )
          )
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            this.#current = undefined
            this.context.streams.remove(stream)
            this.status.stops()
          })
        )
      )
    })
  }

  #onEvent(event: SenderEvent, machine: FileSender): Effect.Effect<void> | undefined {
    const { status } = this
    switch (event._tag) {
      case "Accepted":
        status.flows(machine)
        status.enter("accepted")
        return undefined
      case "Paused":
        status.tell()
        return undefined
      case "Complete":
        this.#acknowledge()
        return this.#end("done")
      case "Declined":
        this.#acknowledge()
        return this.#end("declined", EndReasons.declined(this.#nick, event.reason))
      case "Cancelled":
        return this.#heard("Cancelled")
      case "Failed":
        if (event.by === "them" && event.reason === "Unsupported" && this.content?.offer.version === 2)
          return this.#offerOlder
        if (event.by === "them") return this.#heard(event.reason)
        return this.#endOurselves(
          "failed",
          event.reason === "Other" ? "Changed" : event.reason,
          this.#problem?.message ?? EndReasons.failed(this.#nick, event.reason, "us")
        )
    }
  }

  /** Before anybody here hears of the end, and may leave at once: else the other side would keep it for us. */
  #acknowledge(): void {
    this.#current?.stream.finish()
  }

  /** The other side knows only the first version of manifests: the same files without folders and times. */
  get #offerOlder(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      const older = this.content && (yield* inSlices(Manifest.older(this.context.crypto, this.content)))
      if (older === undefined) return yield* this.#heard("Unsupported")
      this.content = older
      yield* this.#keep
    })
  }

  /** The other side has ended it. */
  #heard(reason: EndReason): Effect.Effect<void> {
    switch (reason) {
      case "Busy":
        return Effect.void
      case "Cancelled":
        return this.#end("cancelled", EndReasons.cancelled(this.#nick))
      case "Declined":
        return this.#end("declined", EndReasons.declined(this.#nick, "Declined"))
      default:
        return this.#end("failed", EndReasons.failed(this.#nick, reason, "them"))
    }
  }

  /**
   * The other side knows. Not to be interrupted: whoever hears of the end may leave at once, and the next process would
   * take up again what it finds written down.
   */
  #end(how: End, message?: string): Effect.Effect<void> {
    return Effect.uninterruptible(
      Effect.suspend(() => {
        this.status.enter(how, message)
        return this.#forget
      })
    )
  }

  /** We end it: the reason is written down first, so that the other side hears of it in any case. */
  #endOurselves(how: End, reason: AbortReason, message?: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { content, context, status } = this
      const current = this.#current
      if (status.ended) return Effect.void
      const { nick, peer } = status.facts
      const telling =
        content === undefined || !this.#offered
          ? this.#forget
          : context.notices.add({ offer: content.offer, direction: "out", peer, nick, reason }, current?.stream)
      return Effect.flatMap(telling, () => {
        // While that was written down the other side may have come to an end of its own.
        if (status.ended) return context.notices.drop(status.facts.id)
        this.#reason = reason
        status.enter(how, message)
        current?.machine.abort(reason)
        current?.stream.poke()
        return Effect.void
      })
    })
  }

  get #nick(): string {
    const { nick, peer } = this.status.facts
    return this.context.nickOf(peer) ?? nick
  }

  get #forget(): Effect.Effect<void> {
    return this.passing ? Effect.void : (this.context.store()?.forget(this.status.facts.id) ?? Effect.void)
  }

  /** Writes it down for the next process. A disk that does not take it costs no more than that. */
  get #keep(): Effect.Effect<void> {
    const { content, found, status } = this
    const store = this.passing || status.ended ? undefined : this.context.store()
    if (content === undefined || store === undefined) return Effect.void
    const { peer, skipped } = status.facts
    return Effect.ignore(
      store.keep({
        head: {
          version: 1,
          direction: "out",
          peer,
          nick: this.#nick,
          offer: offerRecord(content.offer),
          paused: status.paused,
          path: found.path,
          ...(found.sources && { sources: found.sources }),
          skipped,
          entries: rowsOf(found)
        },
        tail: content.leaves
      })
    )
  }
}

/** The entries as they are written down, each when it is reached. */
function* rowsOf({ entries }: Found): Generator<OutgoingHead["entries"][number]> {
  for (const { executable, folder = false, mtimeMs, path, size } of entries)
    yield [path, size, mtimeMs, executable, folder]
}

/** Bytes of a content that are held from its first reading until it ends. */
const MAX_HELD = 1024 * 1024

/** Entries that may fail while the content is read: each of them costs a new beginning. */
const MAX_DROPPED = 16

const reasonOf = ({ reason }: FilesError): "Changed" | "Unreadable" => (reason === "Changed" ? "Changed" : "Unreadable")

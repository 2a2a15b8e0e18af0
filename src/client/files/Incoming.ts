import * as Effect from "effect/Effect"
import { ChunkBitmap } from "../../core/files/ChunkBitmap.js"
import { ChunkLayout } from "../../core/files/ChunkLayout.js"
import type { Content, Offer } from "../../core/files/Content.js"
import type { EndReason } from "../../core/files/EndReason.js"
import type { FileReceiver } from "../../core/files/FileReceiver.js"
import * as Manifest from "../../core/files/Manifest.js"
import type { AbortReason, Place as Portion, ReceiverEvent, Save } from "../../core/files/TransferIo.js"
import { ResetCode } from "../../protocol/FileRecord.js"
import type { FilesError } from "../../services/Files.js"
import { inSlices } from "../InSlices.js"
import * as EndReasons from "./EndReasons.js"
import type { PeerStream } from "./PeerStreams.js"
import * as Sink from "./Sink.js"
import { giveUp, scan } from "./StreamDriver.js"
import type { TransferContext } from "./TransferContext.js"
import { type IncomingHead, offerRecord } from "./TransferRecord.js"
import type { End, TransferStatus } from "./TransferStatus.js"

/** Something that a peer offers us, and what is there of it. It outlives the connections that it comes over. */
export class Incoming {
  /** Once it is known what is to come, and what of that is there. */
  #known: { readonly content: Content; readonly have: ChunkBitmap } | undefined
  #sink: Sink.Sink | undefined
  /** Where it goes on disk, for the next process. */
  #place: Sink.Place | undefined
  #contents: Uint8Array = NONE
  /** What an earlier process left is still being looked through. */
  #busy = false
  /** What takes its place once that is done. */
  #successor: Incoming | undefined
  #serving: Serving | undefined
  /** The latest stream that it is offered over, while the fiber that serves an earlier one has not let go. */
  #next: Serving | undefined
  #held = false
  /** Why we ended it, if we did: what the sender is told when it offers it again. */
  #reason: AbortReason | undefined
  readonly #idle = Effect.unsafeMakeLatch(true)
  /** That it was accepted, and where it goes: before that nothing is put there which nobody would know of. */
  readonly #written = Effect.unsafeMakeLatch(true)

  constructor(
    private readonly context: TransferContext,
    readonly status: TransferStatus,
    readonly offer: Offer
  ) {}

  /** Whether its bytes may flow as soon as there is room for one more. */
  get wantsRoom(): boolean {
    return this.status.phase === "accepted" && !this.#busy
  }

  accept(sink: Sink.Sink, place?: Sink.Place): Effect.Effect<void> {
    this.#sink = sink
    this.#place = place
    this.status.enter("accepted")
    this.poke()
    return Effect.suspend(() => {
      this.#written.unsafeClose()
      return Effect.ensuring(this.#keep("accepted"), this.#written.open)
    })
  }

  /** Before it was accepted. */
  get decline(): Effect.Effect<void> {
    return this.#endOurselves("declined", "Declined")
  }

  pause(paused: boolean): Effect.Effect<void> {
    this.status.pause(paused)
    this.poke()
    return this.status.phase === "accepted" ? this.#keep("accepted") : Effect.void
  }

  /** For good. */
  cancel(reason: AbortReason): Effect.Effect<void> {
    return this.#endOurselves("cancelled", reason)
  }

  /** For good, and soon there is no connection any more to tell it over. */
  get leave(): Effect.Effect<void> {
    return Effect.flatMap(this.cancel("Cancelled"), () => {
      const serving = this.#serving
      if (serving !== undefined) giveUp(serving.stream, serving.machine, "Cancelled")
      return Effect.void
    })
  }

  /** Whether its sender has not come with it over the connection that there is now. */
  get isForlorn(): boolean {
    return !this.status.ended && !this.#held
  }

  /** Whether it ends with the process: nothing on disk is to be gone on with. */
  get passing(): boolean {
    return this.status.phase === "accepted" && this.#place === undefined
  }

  /**
   * The same thing is offered anew, by a sender who does not come with the `earlier` offer any more: what was decided
   * on that one, and what is there of it, counts for this one.
   */
  takeOver(earlier: Incoming): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (earlier.#busy) {
        earlier.#successor = this
        return Effect.void
      }
      const { status } = earlier
      const [contents, known, place, sink] = [earlier.#contents, earlier.#known, earlier.#place, earlier.#sink]
      if (status.ended) return Effect.void
      const over = earlier.#end("cancelled", "it is offered anew")
      if (this.status.phase !== "offered" || sink === undefined || place === undefined) return over
      earlier.#sink = undefined
      this.#known = known
      this.#contents = contents
      if (status.paused) this.status.pause(true)
      return Effect.zipRight(this.accept(sink, place), over)
    })
  }

  /** The other side says, without a stream of the transfer, that it is over. */
  endedByThem(reason: EndReason): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.status.ended) return Effect.void
      const serving = this.#serving
      if (serving !== undefined) giveUp(serving.stream, serving.machine, "Busy")
      return this.#heard(reason)
    })
  }

  get #nick(): string {
    const { nick, peer } = this.status.facts
    return this.context.nickOf(peer) ?? nick
  }

  poke(): void {
    this.#serving?.stream.poke()
  }

  /**
   * Serves it over this stream from now on, once the fiber that served an earlier one has let go: until then it gets no
   * answer. Whoever opens many has the latest served, and nothing of the others.
   */
  attach(serving: Serving): void {
    for (const earlier of [this.#serving, this.#next]) if (earlier !== undefined) supersede(earlier)
    if (this.#held) this.#next = serving
    else {
      this.#held = true
      this.#serving = serving
      this.#idle.unsafeClose()
    }
  }

  /** Waits, when it is over, until the sender has heard so or cannot be told. */
  get told(): Effect.Effect<void> {
    return Effect.suspend(() => (this.status.ended ? this.#idle.await : Effect.void))
  }

  /** The stream is over. */
  detach(stream: PeerStream): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#next?.stream === stream) this.#next = undefined
      if (this.#serving?.stream !== stream) return Effect.void
      this.#serving = undefined
      this.status.stops()
      const after = this.status.ended ? this.#clear : Effect.void
      // The sender has ended the stream after our last word, so it knows.
      const knows = this.status.phase === "done" && stream.ended
      return Effect.zipRight(after, knows ? this.#forget : Effect.void).pipe(
        Effect.ensuring(Effect.sync(() => this.#handOver()))
      )
    })
  }

  #handOver(): void {
    this.#serving = this.#next
    this.#next = undefined
    this.#held = this.#serving !== undefined
    if (this.#held) this.poke()
    else this.#idle.unsafeOpen()
  }

  /**
   * Answers the offer of a new stream; `false` when the answer must wait. `room` takes a place among those that flow.
   */
  answer(machine: FileReceiver, room: () => boolean): boolean {
    if (this.#serving?.machine !== machine) return false
    switch (this.status.phase) {
      case "preparing":
      case "offered":
        return false
      case "declined":
        machine.decline("Declined")
        return true
      case "cancelled":
      case "failed":
        machine.abort(this.#reason ?? "Unknown")
        return true
      case "done":
        machine.stored()
        return true
      case "accepted":
      case "finishing":
        if (this.#busy || !room()) return false
        machine.accept(this.#known)
        this.status.flows(machine)
        return true
    }
  }

  onEvent(event: ReceiverEvent, machine: FileReceiver): Effect.Effect<void> | undefined {
    const { status } = this
    switch (event._tag) {
      case "Offered":
      case "Asked":
      case "Told":
        return undefined
      case "Contents":
        return this.#begin(event.content, event.bytes, machine)
      case "Complete":
        return this.#store(machine)
      case "Paused":
        status.tell()
        return undefined
      case "Cancelled":
        return this.#heard("Cancelled")
      case "Failed":
        if (event.by === "them") return this.#heard(event.reason)
        return this.#endOurselves(
          "failed",
          event.reason === "Other" ? "Violation" : event.reason,
          EndReasons.failed(this.#nick, event.reason, "us")
        )
    }
  }

  /** The sender has ended it. */
  #heard(reason: EndReason): Effect.Effect<void> {
    // An offer that could not be served over this stream comes again.
    if (reason === "Busy") return Effect.void
    return reason === "Cancelled"
      ? this.#end("cancelled", EndReasons.cancelled(this.#nick))
      : this.#end("failed", EndReasons.failed(this.#nick, reason, "them"))
  }

  save({ bytes, file, offset }: Save, machine: FileReceiver): Effect.Effect<void> {
    return this.#sink!.save(file, offset, bytes).pipe(
      Effect.tap(() => machine.handleSaved()),
      Effect.catchAll((error) => this.#broken(error))
    )
  }

  /** Goes on with what an earlier process had accepted: looks at what is there. */
  restore(head: IncomingHead, tail: Uint8Array): Effect.Effect<void> {
    const { directory, folds, token } = head
    this.#busy = true
    this.#contents = tail
    this.#place = { directory, folds, token }
    if (head.paused) this.status.pause(true)
    return Effect.gen(this, function* () {
      const sink = yield* Sink.onDisk(this.context.files, { directory, folds, token })
      this.#sink = sink
      const content =
        tail.length === 0 ? undefined : yield* inSlices(Manifest.decode(this.context.crypto, this.offer, tail))
      if (content === undefined) return
      const fresh = yield* sink.begin(content, head.stage === "storing")
      if (fresh && head.stage === "storing") {
        if (sink.stored === undefined) yield* sink.drop("it has its name already")
        this.status.path = sink.stored
        this.status.enter("done")
        return yield* this.#keep("stored")
      }
      this.#known = { content, have: yield* this.#look(sink, content, fresh) }
    }).pipe(
      Effect.catchAll((error) => this.#broken(error)),
      Effect.ensuring(
        Effect.suspend(() => {
          this.#busy = false
          this.poke()
          // It may have come to its end while it was looked through.
          if (this.status.ended && this.status.phase !== "done") return this.#clear
          return this.#successor?.takeOver(this) ?? Effect.void
        })
      )
    )
  }

  /** Which chunks are there, by their hashes. */
  #look(sink: Sink.Sink, content: Content, fresh: boolean): Effect.Effect<ChunkBitmap, FilesError> {
    if (fresh) return Effect.succeed(new ChunkBitmap(new ChunkLayout(content.entries).chunks))
    // Of one that has come to its end meanwhile nothing matters any more.
    const read = (place: Portion) =>
      Effect.suspend(() => (this.status.ended ? Effect.succeed(undefined) : sink.read(place)))
    return scan(this.context.crypto, content.entries, read, () => {}).pipe(
      Effect.map((found) => {
        const have = found.matching(content.leaves)
        this.status.moved(new ChunkLayout(content.entries).bytesOf(have))
        return have
      })
    )
  }

  #begin(content: Content, bytes: Uint8Array, machine: FileReceiver): Effect.Effect<void> {
    this.#contents = bytes
    return Effect.gen(this, function* () {
      yield* this.#written.await
      const sink = this.#sink
      // It may have come to its end meanwhile.
      if (sink === undefined || this.status.ended) return
      yield* sink.begin(content)
      const { have } = machine
      if (have !== undefined) this.#known = { content, have }
      this.status.renamed = (content.renamed ?? 0) + sink.renamed
      // Of what comes in one piece all is soon there, or comes again.
      if (this.offer.size > SMALL) yield* this.#keep("accepted")
    }).pipe(Effect.catchAll((error) => this.#broken(error)))
  }

  /** Once it has begun it is finished, so that what is written down is what has happened. */
  #store(machine: FileReceiver): Effect.Effect<void> {
    const { status } = this
    return Effect.gen(this, function* () {
      if (status.ended) return
      status.enter("finishing")
      yield* this.#keep("storing")
      status.path = yield* this.#sink!.complete
      status.enter("done")
      machine.stored()
      yield* this.#keep("stored")
    }).pipe(
      Effect.catchAll((error) => this.#broken(error)),
      this.#place === undefined ? (storing) => storing : Effect.uninterruptible
    )
  }

  /** The disk does not do what it should. */
  #broken({ message, reason }: FilesError): Effect.Effect<void> {
    return this.#endOurselves("failed", reason === "Full" ? "Full" : "Storage", message)
  }

  /** We end it: the reason is written down first, so that the sender hears of it in any case. */
  #endOurselves(how: End, reason: AbortReason, message?: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { context, offer, status } = this
      const serving = this.#serving
      if (status.ended) return Effect.void
      const { nick, peer } = status.facts
      return Effect.flatMap(
        context.notices.add({ offer, direction: "in", peer, nick, reason }, serving?.stream),
        () => {
          // While that was written down the sender may have come to an end of its own.
          if (status.ended) return context.notices.drop(offer.id)
          this.#reason = reason
          status.enter(how, message)
          if (how !== "declined") serving?.machine.abort(reason)
          this.poke()
          return this.#serving === undefined ? this.#clear : Effect.void
        }
      )
    })
  }

  /** The sender knows. Not to be interrupted, as whoever hears of the end may leave at once. */
  #end(how: End, message?: string): Effect.Effect<void> {
    this.status.enter(how, message)
    this.poke()
    return Effect.uninterruptible(
      Effect.zipRight(this.#forget, this.#serving === undefined ? this.#clear : Effect.void)
    )
  }

  /** Removes what has arrived of a transfer that ended otherwise than it should. */
  get #clear(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const sink = this.#sink
      if (this.#busy) return Effect.void
      this.#sink = undefined
      this.#known = undefined
      this.#contents = NONE
      if (sink === undefined || this.status.phase === "done") return Effect.void
      return sink.drop(this.status.message ?? `it was ${this.status.phase}`)
    })
  }

  /** Lets go of the disk; what is there stays for the next process. */
  get close(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { phase } = this.status
      const isWaste = this.status.ended && phase !== "done"
      return (isWaste ? this.#sink?.drop(`it was ${phase}`) : this.#sink?.close) ?? Effect.void
    })
  }

  get #forget(): Effect.Effect<void> {
    return this.#place === undefined ? Effect.void : (this.context.store()?.forget(this.offer.id) ?? Effect.void)
  }

  /**
   * Writes down how far it has come. A disk that does not take it costs no more than having to begin again after a
   * restart.
   */
  #keep(stage: IncomingHead["stage"]): Effect.Effect<void> {
    const { offer, status } = this
    const place = this.#place
    const store = this.context.store()
    if (place === undefined || store === undefined) return Effect.void
    const { peer } = status.facts
    const head = {
      version: 1,
      direction: "in",
      peer,
      nick: this.#nick,
      offer: offerRecord(offer),
      paused: status.paused,
      stage,
      ...place
    } as const
    return Effect.ignore(store.keep({ head, tail: stage === "stored" ? NONE : this.#contents }))
  }
}

/** A stream that a transfer comes over, and its machine. */
export interface Serving {
  readonly stream: PeerStream
  readonly machine: FileReceiver
}

const supersede = ({ machine, stream }: Serving): void => {
  giveUp(stream, machine, "Busy")
  // One that has said its last word has no reset of its own.
  stream.reset(ResetCode.busy)
}

const NONE = new Uint8Array(0)
/** Bytes of a transfer of which nothing is written down between the yes and its end: each writing takes two flushes. */
const SMALL = 256 * 1024

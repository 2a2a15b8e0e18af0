import * as Effect from "effect/Effect"
import { type Offer, type TransferId, transferIdBytes } from "../../core/files/Content.js"
import { codeOf, type EndReason } from "../../core/files/EndReason.js"
import type { AbortReason } from "../../core/files/TransferIo.js"
import type { PeerId } from "../../domain/PeerId.js"
import { encode, ResetCode } from "../../protocol/FileRecord.js"
import type { PeerStream, PeerStreams } from "./PeerStreams.js"
import { AGAIN_AFTER, LAST_WORD } from "./StreamDriver.js"
import { type EndedHead, offerOf, offerRecord } from "./TransferRecord.js"
import type { TransferStore } from "./TransferStore.js"

/** A transfer that is over on our side. */
export interface End {
  readonly offer: Offer
  readonly direction: "in" | "out"
  readonly peer: PeerId
  readonly nick: string
  readonly reason: AbortReason
}

/**
 * The ends that the other side may not know of. Each is written down in the place of its transfer before it is told,
 * and told until that is confirmed: with the RESET of the stream that the transfer had, else with an END over the next
 * connection that both want, also by a later process. Whoever asks for such a transfer, or offers it again, gets the
 * reason, too.
 */
export class EndNotices {
  readonly #notices = new Map<TransferId, End>()
  readonly #waiting = new Set<() => void>()

  constructor(
    private readonly streams: PeerStreams,
    private readonly store: () => TransferStore | undefined,
    private readonly start: (effect: Effect.Effect<void>) => void
  ) {}

  /** `via` is the stream whose last word it will be. After success it survives a crash, as far as the disk takes it. */
  add(end: End, via?: PeerStream): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { id } = end.offer
      if (this.#notices.has(id)) return Effect.void
      const oldest = this.#notices.size < MAX_NOTICES ? undefined : this.#notices.keys().next().value
      this.#notices.set(id, end)
      const store = this.store()
      return Effect.zipRight(
        oldest === undefined ? Effect.void : this.drop(oldest),
        store === undefined ? Effect.void : Effect.ignore(store.keep({ head: headOf(end), tail: NONE }))
      ).pipe(Effect.zipRight(Effect.sync(() => this.start(this.#tell(end, via)))))
    })
  }

  /** Goes on with what an earlier process could not tell. */
  restore(head: EndedHead): void {
    if (this.#notices.size >= MAX_NOTICES) return
    const { direction, ended, nick, peer } = head
    const offer = offerOf(head)
    const end: End = { offer, direction, peer, nick, reason: ended }
    this.#notices.set(offer.id, end)
    this.start(this.#tell(end, undefined))
  }

  /** Why a transfer with this peer is over; `undefined` when that is not known here, or known over there. */
  reasonOf(peer: PeerId, id: TransferId): AbortReason | undefined {
    const end = this.#notices.get(id)
    return end?.peer === peer ? end.reason : undefined
  }

  /** The other side knows, or it is no use to tell it. */
  drop(id: TransferId): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#notices.delete(id)) return Effect.void
      return Effect.zipRight(
        this.store()?.forget(id) ?? Effect.void,
        Effect.sync(() => this.lookAgain())
      )
    })
  }

  /** Waits until there is nothing left that could be told now: to this peer, or to any. */
  told(peer?: PeerId): Effect.Effect<void> {
    return Effect.async((resume) => {
      const look = () => {
        for (const end of this.#notices.values())
          if ((peer ?? end.peer) === end.peer && this.streams.isReachable(end.peer)) return
        this.#waiting.delete(look)
        resume(Effect.void)
      }
      this.#waiting.add(look)
      look()
      return Effect.sync(() => this.#waiting.delete(look))
    })
  }

  /** Somebody has become unreachable, or knows. */
  lookAgain(): void {
    for (const look of [...this.#waiting]) look()
  }

  #tell(end: End, via: PeerStream | undefined): Effect.Effect<void> {
    const { id } = end.offer
    return Effect.gen(this, function* () {
      if (via !== undefined && (yield* via.settled) === "told") return yield* this.drop(id)
      while (this.#notices.get(id) === end) {
        yield* this.streams.untilReachable(end.peer)
        const stream = this.streams.open(end.peer)
        if (stream !== undefined && (yield* this.#say(end, stream))) return yield* this.drop(id)
        if (stream?.broken !== true) yield* Effect.sleep(AGAIN_AFTER)
      }
    })
  }

  /** Says it over a stream of its own; whether the other side has taken it. */
  #say({ offer, reason }: End, stream: PeerStream): Effect.Effect<boolean> {
    const bytes = encode({ _tag: "End", id: transferIdBytes(offer.id), code: codeOf(reason) })
    return Effect.gen(this, function* () {
      if (bytes !== undefined) stream.write(bytes)
      stream.finish()
      yield* Effect.timeoutOption(stream.untilAnswered, LAST_WORD)
      if (!stream.over) stream.reset(ResetCode.busy)
      // A version that does not know the record refuses it, and will not be told better a second time.
      return stream.ended || (stream.resetBy !== undefined && stream.resetBy !== NO_ROOM)
    }).pipe(Effect.ensuring(Effect.sync(() => this.streams.remove(stream))))
  }
}

/**
 * Asks whether a transfer that the other side began is still one of theirs; why it is over, and `undefined` when it is
 * not, or when nothing can be learnt now.
 */
export const ask = (streams: PeerStreams, peer: PeerId, id: TransferId): Effect.Effect<EndReason | undefined> =>
  Effect.suspend(() => {
    const stream = streams.open(peer)
    const bytes = encode({ _tag: "Ask", id: transferIdBytes(id) })
    if (stream === undefined || bytes === undefined) return Effect.succeed(undefined)
    stream.write(bytes)
    return Effect.timeoutOption(stream.untilAnswered, LAST_WORD).pipe(
      Effect.map(() => {
        if (!stream.over) stream.reset(ResetCode.busy)
        return ANSWERS.get(stream.resetBy ?? NO_ROOM)
      }),
      Effect.ensuring(Effect.sync(() => streams.remove(stream)))
    )
  })

const headOf = ({ direction, nick, offer, peer, reason }: End): EndedHead => ({
  version: 1,
  direction,
  peer,
  nick,
  offer: offerRecord(offer),
  paused: false,
  ended: reason
})

/** Answers that mean an end: neither "still mine" (`busy`) nor that the question was not understood (`violation`). */
const ANSWERS: ReadonlyMap<number, EndReason> = new Map(
  (
    ["Cancelled", "TimedOut", "Declined", "Changed", "Unreadable", "Storage", "Full", "Unknown", "Corrupt"] as const
  ).map((reason) => [codeOf(reason), reason])
)

const NONE = new Uint8Array(0)
/** The transport's own: it had no room for one more stream. */
const NO_ROOM = 1
/** Ends that wait to be told, 200 bytes each; beyond it the oldest is given up, as nobody may ever come for it. */
const MAX_NOTICES = 256

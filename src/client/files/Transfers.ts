import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { Closed } from "../../core/client/ClientError.js"
import type { Conversation, Conversations } from "../../core/client/Conversations.js"
import { failed } from "../../core/client/ErrorTexts.js"
import type { Relayed } from "../../core/client/Relayed.js"
import { type Offer, TRANSFER_ID_BYTES, type TransferId, transferIdOf } from "../../core/files/Content.js"
import type { EndReason } from "../../core/files/EndReason.js"
import { FileReceiver } from "../../core/files/FileReceiver.js"
import type { AbortReason } from "../../core/files/TransferIo.js"
import type { PeerEvent } from "../../core/peer/PeerEvent.js"
import type { Crypto } from "../../domain/Crypto.js"
import * as Fingerprint from "../../domain/Fingerprint.js"
import { identityKeyOf, type PeerId } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { Files } from "../../services/Files.js"
import type { Time } from "../../services/Time.js"
import type { PeerDriver } from "../Driver.js"
import type { EventQueue } from "../EventQueue.js"
import { ActiveSlots } from "./ActiveSlots.js"
import type { FilesApi } from "./Api.js"
import { ask, EndNotices } from "./EndNotices.js"
import * as FilesCalls from "./FilesCalls.js"
import { Incoming } from "./Incoming.js"
import { Outgoing } from "./Outgoing.js"
import type { PeerStream } from "./PeerStreams.js"
import { PeerStreams } from "./PeerStreams.js"
import { drive, giveUp } from "./StreamDriver.js"
import { factsOf, type TransferContext } from "./TransferContext.js"
import { offerOf, type TransferRecord } from "./TransferRecord.js"
import { type Facts, type Phase, TransferStatus } from "./TransferStatus.js"
import type { TransferStore } from "./TransferStore.js"
import { TransferTable } from "./TransferTable.js"

/**
 * The file transfers of one client: what the user asks for, what peers offer, and a fiber for each that has something
 * to do.
 */
export interface Transfers {
  readonly api: FilesApi
  /** Everything that the peer machine reports passes here. */
  readonly handle: (event: PeerEvent) => void
  /** Goes on with what an earlier process left; gives the peers to ask for. */
  readonly restore: () => ReadonlyArray<{ readonly peer: PeerId; readonly nick: string }>
  /** The conversation ends for good: everything with this peer is cancelled, and it is told as far as it is there. */
  readonly leave: (peer: PeerId) => Effect.Effect<void>
  /** Takes back what does not outlive the process, and waits until the peers that are there know of all ends here. */
  readonly told: Effect.Effect<void>
  /** The client leaves: what does not outlive it is taken back. */
  readonly shut: () => void
}

/** Closing the scope ends all fibers; what is on disk stays for the next process. */
export const make = (options: {
  readonly crypto: Crypto
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly time: Time
  readonly conversations: Conversations
  readonly events: EventQueue
  readonly peers: PeerDriver
  /** Fails when the client leaves. */
  readonly leaving: Deferred.Deferred<never, Closed>
  readonly store: () => TransferStore | undefined
  /** How files go to and from this peer, where that is over the relay. */
  readonly relayedTo: (peer: PeerId) => Relayed | undefined
  /** Where accepted files go when nothing else is said. */
  readonly downloads: string
  /** Which transfers of an earlier process are gone on with by themselves; all when left out. */
  readonly resume?: ResumePolicy | undefined
  /** Whether this peer's offers are accepted without asking. */
  readonly isWelcome: (conversation: Conversation) => boolean
}): Effect.Effect<Transfers, never, Files | Scope.Scope> =>
  Effect.gen(function* () {
    const { conversations, crypto, entropy, events, time } = options
    const files = yield* Files
    const fork = yield* FiberSet.makeRuntime<never, void, never>()
    const table = new TransferTable()
    const slots = new ActiveSlots()
    const nickOf = (peer: PeerId) => conversations.get(peer)?.nick
    const start = (effect: Effect.Effect<void>) => fork(effect, { immediate: false })
    /** What an earlier process left and this one does not go on with by itself. */
    const dormant = new Map<TransferId, TransferRecord>()
    let isLeaving = false
    const asking = new Set<PeerId>()
    const streams: PeerStreams = new PeerStreams(options.peers, {
      opened: (stream) => start(serve(stream)),
      reachable: (peer) => start(Effect.delay(askFor(peer), ASK_AFTER))
    })
    const notices = new EndNotices(streams, options.store, start)
    const context: TransferContext = {
      crypto,
      files,
      streams,
      notices,
      store: options.store,
      nickOf,
      newId: () => transferIdOf(entropy.bytes(TRANSFER_ID_BYTES)),
      draw: (bytes) => Bytes.toHex(entropy.bytes(bytes)),
      status: (facts: Facts, phase: Phase) =>
        new TransferStatus(facts, phase, {
          now: time.monotonic,
          nickOf,
          fingerprintOf: (peer) => Fingerprint.of(crypto, identityKeyOf(peer)),
          relayedTo: options.relayedTo,
          tell: (transfer) => events.offer({ _tag: "Transfer", transfer })
        })
    }

    const run = (outgoing: Outgoing, after: Effect.Effect<void> = Effect.void) => {
      table.add(outgoing)
      outgoing.status.tell()
      outgoing.fiber = start(Effect.ensuring(outgoing.run, after))
    }

    /** Lets whoever waits for a place among those that flow look again. */
    const moveUp = (peer: PeerId) => {
      for (const incoming of table.incoming(peer)) if (incoming.wantsRoom) incoming.poke()
    }

    /** The transfer that a peer offers; `undefined` when it may not. */
    const meet = (peer: PeerId, offer: Offer): Incoming | AbortReason => {
      const known = table.get(offer.id)
      if (known !== undefined) {
        const isTheirs = known instanceof Incoming && known.status.facts.peer === peer
        return isTheirs && isSame(known.offer, offer) ? known : "Busy"
      }
      const over = notices.reasonOf(peer, offer.id)
      if (over !== undefined) return over
      const conversation = conversations.get(peer)
      if (conversation === undefined || dormant.has(offer.id) || !table.hasRoom(peer, "in")) return "Busy"
      const earlier = table.incoming(peer).find((one) => one.isForlorn && isSame(one.offer, offer))
      const incoming = new Incoming(
        context,
        context.status(factsOf(offer, "in", peer, conversation.nick), "offered"),
        offer
      )
      table.add(incoming)
      incoming.status.tell()
      if (earlier !== undefined) start(incoming.takeOver(earlier))
      else if (options.isWelcome(conversation)) start(welcome(incoming))
      // Its sender has begun anew: the time to learn what has become of the others.
      start(Effect.delay(askFor(peer), ASK_AFTER))
      return incoming
    }

    /** What to answer when a peer asks for a transfer of ours: `Busy` as long as it may go on. */
    const whatOf = (peer: PeerId, id: TransferId): AbortReason => {
      const known = table.get(id)
      if (known instanceof Outgoing && known.status.facts.peer === peer) return known.answer
      if (dormant.get(id)?.head.peer === peer) return "Busy"
      // What is being prepared may be the same content, whose receiver then goes on with what it has.
      return notices.reasonOf(peer, id) ?? (calls.isPreparing(peer) ? "Busy" : "Unknown")
    }

    /** A peer says that a transfer is over, ours or theirs. */
    const told = (peer: PeerId, id: TransferId, reason: EndReason): Effect.Effect<void> => {
      const known = table.get(id)
      if (known?.status.facts.peer === peer) return known.endedByThem(reason)
      if (dormant.get(id)?.head.peer !== peer) return Effect.void
      dormant.delete(id)
      return options.store()?.forget(id) ?? Effect.void
    }

    /** Asks a peer for what it had offered and does not come with; one round at a time. */
    const askFor = (peer: PeerId): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (asking.has(peer)) return Effect.void
        asking.add(peer)
        return Effect.forEach(
          table.incoming(peer).filter(({ isForlorn }) => isForlorn),
          (incoming) =>
            Effect.flatMap(ask(streams, peer, incoming.offer.id), (reason) =>
              reason === undefined || !incoming.isForlorn ? Effect.void : incoming.endedByThem(reason)
            ),
          { discard: true }
        ).pipe(Effect.ensuring(Effect.sync(() => asking.delete(peer))))
      })

    /** Serves a stream that a peer has begun, as long as it lives. */
    const serve = (stream: PeerStream): Effect.Effect<void> =>
      Effect.suspend(() => {
        const machine = new FileReceiver(crypto)
        let incoming: Incoming | undefined
        let answered = false
        start(
          Effect.delay(
            Effect.sync(() => machine.isUnnamed && giveUp(stream, machine, "TimedOut")),
            FIRST_WORD
          )
        )
        return drive(stream, machine, {
          event: (event) => {
            switch (event._tag) {
              case "Offered": {
                const met = meet(stream.peer, event.offer)
                if (typeof met === "string") machine.abort(met)
                else {
                  incoming = met
                  incoming.attach({ stream, machine })
                }
                return undefined
              }
              case "Asked":
                machine.abort(whatOf(stream.peer, event.id))
                return undefined
              case "Told":
                return told(stream.peer, event.id, event.reason)
              default:
                return incoming?.onEvent(event, machine)
            }
          },
          turn: () => {
            if (incoming === undefined) return undefined
            incoming.status.tick()
            if (!answered) answered = incoming.answer(machine, () => slots.take(stream))
            return undefined
          },
          action: (save) => incoming!.save(save, machine)
        }).pipe(
          Effect.ensuring(
            Effect.suspend(() => {
              streams.remove(stream)
              return incoming?.detach(stream) ?? Effect.void
            })
          ),
          Effect.ensuring(
            Effect.sync(() => {
              if (incoming === undefined) return
              slots.leave(stream)
              moveUp(stream.peer)
            })
          )
        )
      })

    /** Accepts an offer by rule. When that fails, the user is asked after all. */
    const welcome = (incoming: Incoming): Effect.Effect<void> =>
      calls.acceptInto(incoming, options.downloads).pipe(
        Effect.catchAll((error) =>
          Effect.sync(() => {
            const { nick } = incoming.status.snapshot()
            if (!incoming.status.ended) events.offer(failed(error, nick))
          })
        )
      )

    const calls = FilesCalls.make({
      context,
      conversations,
      dormant,
      isLeaving: () => isLeaving,
      downloads: options.downloads,
      leaving: options.leaving,
      table,
      run
    })

    const revive = (record: TransferRecord): TransferStatus | undefined => {
      const { head, tail } = record
      if ("ended" in head) {
        notices.restore(head)
        return undefined
      }
      const resume = options.resume ?? "all"
      if (resume === "none" || (resume === "incoming" && head.direction === "out")) {
        if (!("stage" in head) || head.stage !== "stored") {
          dormant.set(head.offer.id, record)
          return undefined
        }
      }
      if (head.direction === "out") {
        const sending = Outgoing.restore(context, head, tail)
        run(sending)
        return sending.status
      }
      const offer = offerOf(head)
      const incoming = new Incoming(
        context,
        context.status(factsOf(offer, "in", head.peer, head.nick), head.stage === "stored" ? "done" : "accepted"),
        offer
      )
      table.add(incoming)
      // It was told by the process that stored it; only its sender may still ask.
      if (head.stage === "stored") return incoming.status
      const restoring = incoming.restore(head, tail)
      incoming.status.tell()
      start(restoring)
      return incoming.status
    }

    yield* Effect.addFinalizer(() => Effect.forEach(table.all(), ({ close }) => close, { discard: true }))

    return {
      api: calls.api,
      handle: (event) => {
        streams.handle(event)
        if (event._tag === "Disconnected") notices.lookAgain()
      },
      restore: () =>
        (options.store()?.left ?? []).flatMap((record) => {
          if (table.get(record.head.offer.id) !== undefined) return []
          const status = revive(record)
          return status === undefined || status.ended ? [] : [status.facts]
        }),
      leave: (peer) =>
        Effect.forEach(table.all(peer), (transfer) => (transfer.status.ended ? Effect.void : transfer.leave), {
          discard: true
        }).pipe(
          // One packet may be lost, and after a goodbye nothing is sent again.
          Effect.zipRight(Effect.timeoutOption(notices.told(peer), LEAVING)),
          Effect.zipRight(
            Effect.sync(() => {
              streams.lose(peer)
              notices.lookAgain()
            })
          )
        ),
      told: Effect.suspend(() => {
        isLeaving = true
        return Effect.forEach(
          table.all(),
          (transfer) => {
            if (transfer.passing && !transfer.status.ended) return transfer.cancel("Cancelled")
            return transfer instanceof Incoming ? transfer.told : Effect.void
          },
          { discard: true }
        )
      }).pipe(Effect.zipRight(notices.told())),
      shut: () => {
        for (const transfer of table.all()) if (transfer instanceof Outgoing && transfer.passing) transfer.takeBack()
      }
    }
  })

/** From the first byte of a stream to its offer: round trips of the slowest path, with losses. */
const FIRST_WORD = "10 seconds"
/** Milliseconds that a sender has to come with its offers before it is asked for them. */
const ASK_AFTER = 1_000
/** What is left to be said to somebody we leave: some round trips, lost ones among them. */
const LEAVING = "1 second"

/** What of an earlier process is gone on with: all of it; what was arriving; nothing but what is asked for. */
export type ResumePolicy = "all" | "incoming" | "none"

/**
 * What the user decided on is what may come: the root says nothing of the name, and binds the rest only once its
 * contents are here.
 */
const isSame = (one: Offer, other: Offer): boolean =>
  one.kind === other.kind &&
  one.name === other.name &&
  one.size === other.size &&
  one.files === other.files &&
  one.version === other.version &&
  one.folders === other.folders &&
  one.executables === other.executables &&
  one.risks === other.risks &&
  Bytes.equal(one.root, other.root)

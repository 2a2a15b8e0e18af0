import type * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import type * as Scope from "effect/Scope"
import type { ClientError } from "../../core/client/ClientError.js"
import type { Conversation, Conversations } from "../../core/client/Conversations.js"
import { type Offer, TRANSFER_ID_BYTES, transferIdOf } from "../../core/files/Content.js"
import { FileReceiver } from "../../core/files/FileReceiver.js"
import { HASH_BYTES } from "../../core/files/HashTree.js"
import type { PeerEvent } from "../../core/peer/PeerEvent.js"
import * as Base64Url from "../../domain/Base64Url.js"
import type { Crypto } from "../../domain/Crypto.js"
import type { PeerId } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { Files } from "../../services/Files.js"
import type { Time } from "../../services/Time.js"
import type { PeerDriver } from "../Driver.js"
import type { EventQueue } from "../EventQueue.js"
import { ActiveSlots } from "./ActiveSlots.js"
import type { FilesApi } from "./Api.js"
import * as FilesCalls from "./FilesCalls.js"
import { Incoming } from "./Incoming.js"
import { Outgoing } from "./Outgoing.js"
import type { PeerStream } from "./PeerStreams.js"
import { PeerStreams } from "./PeerStreams.js"
import { drive } from "./StreamDriver.js"
import { factsOf, type TransferContext } from "./TransferContext.js"
import type { TransferRecord } from "./TransferRecord.js"
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
  /** Waits until the senders of what has ended here have been told. */
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
  readonly leaving: Deferred.Deferred<never, ClientError>
  readonly store: () => TransferStore | undefined
  /** Where accepted files go when nothing else is said. */
  readonly downloads: string
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
    const streams = new PeerStreams(options.peers, (stream) => start(serve(stream)))
    const context: TransferContext = {
      crypto,
      files,
      streams,
      store: options.store,
      nickOf,
      newId: () => transferIdOf(entropy.bytes(TRANSFER_ID_BYTES)),
      draw: (bytes) => Bytes.toHex(entropy.bytes(bytes)),
      status: (facts: Facts, phase: Phase) =>
        new TransferStatus(facts, phase, {
          now: time.monotonic,
          nickOf,
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
    const meet = (peer: PeerId, offer: Offer): Incoming | undefined => {
      const known = table.get(offer.id)
      if (known !== undefined) {
        const isTheirs = known instanceof Incoming && known.status.facts.peer === peer
        return isTheirs && isSame(known.offer, offer) ? known : undefined
      }
      const conversation = conversations.get(peer)
      if (conversation === undefined || !table.hasRoom(peer, "in")) return undefined
      const incoming = new Incoming(
        context,
        context.status(factsOf(offer, "in", peer, conversation.nick), "offered"),
        offer
      )
      table.add(incoming)
      incoming.status.tell()
      if (options.isWelcome(conversation)) start(welcome(incoming))
      return incoming
    }

    /** Serves a stream that a peer has begun, as long as it lives. */
    const serve = (stream: PeerStream): Effect.Effect<void> =>
      Effect.suspend(() => {
        const machine = new FileReceiver(crypto)
        let incoming: Incoming | undefined
        let answered = false
        return drive(stream, machine, {
          event: (event) => {
            if (event._tag !== "Offered") return incoming?.onEvent(event, machine)
            incoming = meet(stream.peer, event.offer)
            if (incoming === undefined) machine.abort("Busy")
            else incoming.attach({ stream, machine })
            return undefined
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
        Effect.catchAll(({ code, message }) =>
          Effect.sync(() => {
            const { nick } = incoming.status.snapshot()
            if (!incoming.status.ended) events.offer({ _tag: "Failed", code, message, nick })
          })
        )
      )

    const calls = FilesCalls.make({
      context,
      conversations,
      downloads: options.downloads,
      leaving: options.leaving,
      table,
      run
    })

    const revive = (record: TransferRecord): TransferStatus => {
      const { head, tail } = record
      if (head.direction === "out") {
        const sending = Outgoing.restore(context, head, tail)
        run(sending)
        return sending.status
      }
      const offer: Offer = { ...head.offer, root: Base64Url.decode(head.offer.root) ?? new Uint8Array(HASH_BYTES) }
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
      handle: (event) => streams.handle(event),
      restore: () =>
        (options.store()?.left ?? []).flatMap((record) => {
          if (table.get(record.head.offer.id) !== undefined) return []
          const { ended, facts } = revive(record)
          return ended ? [] : [facts]
        }),
      leave: (peer) =>
        Effect.forEach(table.all(peer), (transfer) => (transfer.status.ended ? Effect.void : transfer.leave), {
          discard: true
        }).pipe(Effect.zipRight(Effect.sync(() => streams.lose(peer)))),
      told: Effect.suspend(() =>
        Effect.forEach(table.all(), (transfer) => (transfer instanceof Incoming ? transfer.told : Effect.void), {
          discard: true
        })
      ),
      shut: () => {
        for (const transfer of table.all()) if (transfer instanceof Outgoing && transfer.passing) transfer.takeBack()
      }
    }
  })

/**
 * What the user decided on is what may come: the root says nothing of the name, and binds the rest only once its
 * contents are here.
 */
const isSame = (one: Offer, other: Offer): boolean =>
  one.kind === other.kind &&
  one.name === other.name &&
  one.size === other.size &&
  one.files === other.files &&
  Bytes.equal(one.root, other.root)

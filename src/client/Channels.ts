import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import type { QueryError, SendError } from "../core/client/ClientError.js"
import type { ClientMachine } from "../core/client/ClientMachine.js"
import type { Conversation } from "../core/client/Conversations.js"
import { eventsUnread } from "../core/client/ErrorTexts.js"
import type { Wanted } from "../core/client/Introducer.js"
import { type KeyInfo, keyInfoOf } from "../core/client/KeyInfo.js"
import type { PeerInfo } from "../core/client/PeerInfo.js"
import type { PeerStatus } from "../core/peer/PeerStatus.js"
import type { MessageId } from "../domain/MessageId.js"
import type { PeerId } from "../domain/PeerId.js"
import type { Shell } from "./Shell.js"

/**
 * Law 2 as a type: a channel that the other side opened has no `send` until we ask back with `accept`.
 *
 * @since 0.1.0
 */
export type Channel = InvitedChannel | OpenChannel

interface ChannelBase {
  /** As it was when the channel was asked for; the fingerprint is computed from the key. */
  readonly peer: PeerInfo & KeyInfo
  readonly status: Effect.Effect<PeerStatus | undefined>
  readonly close: Effect.Effect<void>
}

/**
 * A conversation that the other side has asked for: nothing can be sent until we accept.
 *
 * @since 0.1.0
 */
export interface InvitedChannel extends ChannelBase {
  readonly _tag: "Invited"
  /** Asks back: `query` of this peer. */
  readonly accept: Effect.Effect<OpenChannel, QueryError>
}

/**
 * A conversation that we have asked for: texts may be sent at once.
 *
 * @since 0.1.0
 */
export interface OpenChannel extends ChannelBase {
  readonly _tag: "Open"
  /** Accepts the message for delivery, in order; `Delivered` follows when the other application has shown it. */
  readonly send: (text: string) => Effect.Effect<MessageId, SendError>
}

/** The conversations of one client as channels: what the user does in each. */
export class Channels {
  readonly #shell: Shell
  /** Whom our user is leaving at this moment, and what waits for the end of that. */
  readonly #leaving = new Map<PeerId, Effect.Effect<void>>()

  constructor(shell: Shell) {
    this.#shell = shell
  }

  of(conversation: Conversation): Channel {
    if (conversation.asked) return this.#open(conversation)
    const { nick, peer } = conversation
    return { _tag: "Invited", ...this.#base(conversation), accept: this.query(nick, { expected: peer }) }
  }

  /** Asks for a peer. */
  query(nick: string, wanted?: Wanted): Effect.Effect<OpenChannel, QueryError> {
    const { driver } = this.#shell
    const asked = driver.ask((machine, now) => machine.query(nick, now, wanted))
    return Effect.suspend(() => {
      const peer = driver.machine.conversations.byNick(nick)?.peer
      // Otherwise the answer would be the conversation that is about to end.
      const leaving = peer === undefined ? undefined : this.#leaving.get(peer)
      return leaving === undefined ? asked : Effect.zipRight(leaving, asked)
    }).pipe(Effect.map((conversation) => this.#open(conversation)))
  }

  /** Accepts a message; where there is a journal, it survives the end of the process by then. */
  send(conversation: Conversation, text: string): Effect.Effect<MessageId, SendError> {
    const { driver, events } = this.#shell
    return Effect.suspend((): Effect.Effect<MessageId, SendError> => {
      if (events.full && conversation.asked && !driver.machine.hasLeft) return eventsUnread()
      const sent = driver.note((machine, now) => machine.send(conversation, text, now))
      return typeof sent === "string" ? this.#recorded(sent) : Effect.fail(sent)
    })
  }

  /**
   * `send` of many, in order; waits for room where they are more than the outbox takes. They leave slice by slice, so
   * that the peer has something to do while more are taken.
   */
  sendAll(conversation: Conversation, texts: Iterable<string>): Effect.Effect<ReadonlyArray<MessageId>, SendError> {
    const { driver } = this.#shell
    return Effect.suspend(() => {
      const ids: Array<MessageId> = []
      const rest = texts[Symbol.iterator]()
      let next = rest.next()
      const takeSlice = (machine: ClientMachine, now: number): "More" | "Full" | "Done" | SendError => {
        for (let taken = 0; next.done !== true; next = rest.next(), taken++) {
          if (taken === A_SLICE) return machine.hasRoom(conversation) ? "More" : "Full"
          const sent = machine.send(conversation, next.value, now)
          if (typeof sent !== "string") return sent
          ids.push(sent)
        }
        return "Done"
      }
      const go: Effect.Effect<ReadonlyArray<MessageId>, SendError> = Effect.suspend(
        (): Effect.Effect<ReadonlyArray<MessageId>, SendError> => {
          let taken = driver.note(takeSlice)
          while (taken === "More") {
            driver.settle()
            taken = driver.note(takeSlice)
          }
          if (taken === "Done") return this.#recorded(ids)
          if (taken !== "Full" && taken._tag !== "OutboxFull") return Effect.fail(taken)
          const room = driver.ask((machine, now) => machine.room(conversation, now))
          return Effect.zipRight(room, go)
        }
      )
      return go
    })
  }

  #recorded<A>(sent: A): Effect.Effect<A> {
    const recorded = this.#shell.keeper.profile?.journal?.recorded()
    return recorded === undefined ? Effect.succeed(sent) : Effect.as(recorded, sent)
  }

  /** Ends a conversation. From the call on nothing is said in it, also while its transfers are taken back. */
  leave(conversation: Conversation): Effect.Effect<void> {
    const { driver, flushed, transfers } = this.#shell
    // Once it has begun it comes to its end, whatever interrupts it: others may wait for that.
    return Effect.uninterruptibleMask((restore) => {
      const { peer } = conversation
      const before = this.#leaving.get(peer)
      if (before !== undefined) return restore(before)
      const left = Deferred.unsafeMake<void>(FiberId.none)
      this.#leaving.set(peer, Deferred.await(left))
      conversation.asked = false
      const end = Effect.sync(() => {
        driver.drive((machine, now) => machine.leave(conversation, now))
        this.#leaving.delete(peer)
        Deferred.unsafeDone(left, Effect.void)
      })
      return Effect.ensuring(restore(transfers.leave(peer)), end)
    }).pipe(Effect.zipRight(flushed))
  }

  /** Gives up what an earlier process left for a peer that was not introduced to this one. */
  dropPending(nick: string): Effect.Effect<void> {
    const { driver, transfers } = this.#shell
    return Effect.suspend(() => {
      const peer = driver.drive((machine, now) => machine.dropPending(nick, now))
      return peer === undefined ? Effect.void : transfers.leave(peer)
    }).pipe(Effect.zipRight(this.#shell.flushed))
  }

  #open(conversation: Conversation): OpenChannel {
    return { _tag: "Open", ...this.#base(conversation), send: (text) => this.send(conversation, text) }
  }

  #base(conversation: Conversation): ChannelBase {
    const { address, nick, peer } = conversation
    return {
      peer: { nick, address, ...keyInfoOf(this.#shell.driver.machine.contacts, conversation) },
      status: Effect.sync(() => this.#shell.driver.machine.peers?.status(peer)),
      close: this.leave(conversation)
    }
  }
}

/** Messages that leave together, and after which it is looked whether there is room for more: a few full packets. */
const A_SLICE = 256

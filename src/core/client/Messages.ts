import type { MessageId } from "../../domain/MessageId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import { MAX_OUTBOX } from "../peer/chat/Conversation.js"
import type { ClientContext } from "./ClientContext.js"
import type { Closed, SendError } from "./ClientError.js"
import type { Conversation } from "./Conversations.js"
import { notConnected, ofSendRefusal } from "./ErrorTexts.js"
import type { Ticket, UnreadMessage } from "./Output.js"
import type { Reintroduction } from "./Reintroduction.js"

/** The texts that go to peers and come from them, and those who wait for some to be delivered. */
export class Messages {
  /** Calls that wait for everything to be delivered. */
  readonly #deliveries = new Set<Ticket<void, Closed>>()
  /** Those that wait for room for more messages. */
  readonly #rooms = new Map<Ticket<void, Closed>, Conversation>()

  constructor(
    private readonly client: ClientContext,
    private readonly reintroduction: Reintroduction
  ) {}

  /** Accepts a message for delivery, in order, to somebody whom we have asked for: its id, or why not. */
  send(conversation: Conversation, text: string, now: number): MessageId | SendError {
    const { clock, output, own, peers } = this.client
    const { nick, peer } = conversation
    if (!conversation.asked || peers === undefined) return notConnected(nick)
    if (conversation.held !== undefined) return conversation.held
    if (own.profile?.journal?.accepts(peer, Bytes.textLength(text)) === false)
      return ofSendRefusal({ _tag: "OutboxFull" }, nick)
    const writtenAt = clock.at(now)
    const sent = peers.send(peer, text, now, writtenAt)
    if (typeof sent !== "string") return ofSendRefusal(sent, nick)
    if (output.remembers)
      output.remember({ _tag: "Keep", peer, entry: { _tag: "Sent", id: sent, at: writtenAt, nick, text } })
    // Writing to somebody who has hung up is a new start of ours.
    if (conversation.departed) this.reintroduction.add(peer)
    return sent
  }

  /** The application has shown this message: its sender is told, and may send more. */
  shown(message: UnreadMessage, now: number): void {
    const { clock, output, peers } = this.client
    const { id, peer } = message
    if (output.remembers) this.#keep(message, clock.at(now))
    peers?.delivered(peer, id, now)
  }

  #keep(message: UnreadMessage, at: number): void {
    const { output } = this.client
    const { group, id, nick, peer, text, writtenAt } = message
    // No spread literals for the usual message: they would cost as much as all else that is done with it.
    if (message.isNotice !== true && group === undefined && writtenAt !== undefined)
      output.remember({ _tag: "Keep", peer, entry: { _tag: "Received", id, at, nick, text, writtenAt } })
    else if (message.isNotice !== true) {
      const said = { nick, text, ...(writtenAt !== undefined && { writtenAt }), ...(group && { group: group.name }) }
      output.remember({ _tag: "Keep", peer: group?.id ?? peer, entry: { _tag: "Received", id, at, ...said } })
    }
  }

  /**
   * Whether more should be said now to somebody who hears us: enough is under way to keep the link busy otherwise.
   * Whoever is away is written to until the outbox is full.
   */
  hasRoom({ connected, peer }: Conversation): boolean {
    return (this.client.peers?.undelivered(peer) ?? 0) < (connected ? MAX_UNDER_WAY : MAX_OUTBOX)
  }

  /** Answers when there is room for some messages more, or for none ever. */
  awaitRoom(ticket: Ticket<void, Closed>, conversation: Conversation): void {
    this.#rooms.set(ticket, conversation)
  }

  /** Answers when peers have everything that are connected, or about to be. */
  awaitDelivery(ticket: Ticket<void, Closed>): void {
    this.#deliveries.add(ticket)
  }

  cancel(ticket: Ticket<void, Closed>): void {
    this.#deliveries.delete(ticket)
    this.#rooms.delete(ticket)
  }

  /** Answers those for whom it is so now. */
  settle(): void {
    for (const [ticket, conversation] of this.#rooms) {
      if (!this.#isRoomy(conversation)) continue
      this.#rooms.delete(ticket)
      this.client.output.answer(ticket, undefined)
    }
    if (this.#deliveries.size === 0 || !this.#isDelivered()) return
    for (const ticket of this.#deliveries) this.client.output.answer(ticket, undefined)
    this.#deliveries.clear()
  }

  /** In messages, in bytes, and in the journal: whoever is told so writes at once, and would only be refused again. */
  #isRoomy({ connected, peer }: Conversation): boolean {
    const { own, peers } = this.client
    if (peers === undefined) return true
    if (peers.undelivered(peer) > (connected ? MAX_UNDER_WAY - A_LOAD : MAX_OUTBOX / 2)) return false
    return peers.isRoomy(peer) && own.profile?.journal?.accepts(peer, MAX_MESSAGE) !== false
  }

  #isDelivered(): boolean {
    return this.client.conversations.all().every(({ connected, peer, trying }) => {
      const undelivered = connected || trying ? this.client.peers?.status(peer)?.undelivered : 0
      return undelivered === undefined || undelivered === 0
    })
  }
}

/** Messages to one peer that are not delivered yet, beyond which more of them make nothing faster. */
const MAX_UNDER_WAY = 4_096
/**
 * Of those, how many are to be free before more are taken: enough that a call costs little of each, and few enough that
 * the peer has something to do meanwhile. With half of them the two took turns in waiting for each other.
 */
const A_LOAD = 512

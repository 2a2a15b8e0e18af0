import * as Nickname from "../../domain/Nickname.js"
import { type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"
import type { ClientContext } from "./ClientContext.js"
import {
  type Busy,
  failed,
  noSuchPeer,
  notConnected,
  notTaken,
  ofRefusal,
  pinsFull,
  type QueryError,
  type TrustError,
  unreachable,
  yourself
} from "./ClientError.js"
import type { Conversation } from "./Conversations.js"
import { type ChangedKey, judge, type OfferedIntroduction, type Vouched } from "./Introductions.js"
import type { Ticket } from "./Output.js"
import type { Pin } from "./Pins.js"
import type { QueryPurpose } from "./Purpose.js"
import type { Answer } from "./Rendezvous.js"

/**
 * Turns introductions into conversations: ours (`ask`, consent on our side) and those that others ask for (`incoming`).
 * Each takes effect before the next message of the server is looked at.
 */
export class Introducer {
  /** What `trust` can accept, by nickname key; at most `MAX_CHANGED`, the oldest goes first. */
  readonly #changed = new Map<string, ChangedKey>()

  constructor(private readonly client: ClientContext) {}

  /**
   * Queries a peer and gives our consent. `expected` is the identity that must answer to the nickname, where we mean
   * somebody in particular.
   */
  ask(nick: string, expected: PeerId | undefined, ticket: Ticket<Conversation, QueryError>, now: number): void {
    const { conversations, output, rendezvous } = this.client
    const offline = conversations.byNick(nick)
    if (!rendezvous.ready && offline !== undefined && (expected ?? offline.peer) === offline.peer)
      output.answer(ticket, this.consent(offline, now))
    else rendezvous.query(nick, { _tag: "Query", nick, expected, ticket, conversation: undefined }, now)
  }

  /** What has become of a query of ours, made for a call of the user or to find a lost peer again. */
  handleAnswer(purpose: QueryPurpose, answer: Answer, isWanted: boolean, now: number): QueryOutcome {
    const { expected, nick } = purpose
    if (answer._tag === "Unanswered")
      return { _tag: "Failed", error: unreachable("the server cannot be reached now; ask again later") }
    if (!isWanted) return { _tag: "Failed", error: notConnected(nick) }
    if (answer._tag === "Refused") {
      const error = ofRefusal(answer.refusal)
      return answer.refusal._tag === "RateLimited"
        ? { _tag: "RateLimited", error, retryAfterMs: answer.refusal.retryAfterMs }
        : { _tag: "Failed", error }
    }
    if (answer._tag !== "Introduced")
      return { _tag: "Failed", error: noSuchPeer(answer._tag === "Nobody" ? answer.message : `${nick} is not here`) }
    const vouched = this.#vouch(answer.introduction, now)
    if (!("peer" in vouched)) return vouched
    if (expected !== undefined && vouched.peer !== expected)
      return { _tag: "Failed", error: noSuchPeer(`${nick} is somebody else now; query ${nick} to talk to them`) }
    const conversation = this.consent(this.client.conversations.introduce(vouched), now)
    return "peer" in conversation ? { _tag: "Opened", conversation } : { _tag: "Failed", error: conversation }
  }

  /** Somebody asked for us. Of somebody who is blocked nothing is heard, and nothing is checked. */
  incoming(offered: OfferedIntroduction, now: number): void {
    const { conversations, output, peers } = this.client
    if (this.#isBlocked(offered)) return
    const vouched = this.#vouch(offered, now)
    if (!("peer" in vouched)) {
      output.tell(failed(vouched.error, offered.nick))
      return
    }
    const taken = peers?.admit(vouched.introduction, now) ?? "Taken"
    if (taken !== "Taken") {
      output.tell(failed(notTaken(taken, offered.nick), offered.nick))
      return
    }
    const conversation = conversations.introduce(vouched)
    const isNews = !conversation.asked && !conversation.connected
    const { fingerprint, known, nick } = vouched
    if (isNews) output.tell({ _tag: "Incoming", nick, fingerprint, known })
  }

  /** Accepts the refused key of a nickname; the refusal, if there is nothing to accept or no room for it. */
  trust(nick: string, now: number): TrustError | undefined {
    const key = Nickname.key(nick)
    const changed = this.#changed.get(key)
    if (changed === undefined) return noSuchPeer(`no changed key of ${nick} was refused: nothing to trust`)
    const full = this.#pin(changed)
    if (full !== undefined) return full
    this.#changed.delete(key)
    const { conversations, output } = this.client
    const former = conversations.byNick(nick)
    if (former !== undefined && former.peer !== changed.identity) {
      const dropped = this.close(former, now)
      if (dropped > 0) {
        const what = dropped === 1 ? "1 message was" : `${dropped} messages were`
        const message = `${what} dropped: written to the former key of ${nick}, and never delivered`
        output.tell({ _tag: "Failed", code: "Undelivered", message, nick })
      }
    }
    return undefined
  }

  /** Gives our consent: the handshake starts, and text may flow. Or why not; then nothing is changed. */
  consent(conversation: Conversation, now: number): Conversation | QueryError {
    const { conversations, peers } = this.client
    const taken = peers?.invite(conversation.introduction, now) ?? "Taken"
    if (taken !== "Taken") {
      if (!conversation.asked && peers?.status(conversation.peer) === undefined) conversations.remove(conversation)
      return notTaken(taken, conversation.nick)
    }
    conversation.asked = true
    conversation.trying = !conversation.connected
    conversation.departed = false
    this.pinIfProven(conversation)
    return conversation
  }

  /** Says goodbye and forgets: how many messages were dropped undelivered. */
  close(conversation: Conversation, now: number): number {
    const { conversations, peers } = this.client
    const dropped = peers?.dropOutbox(conversation.peer, now) ?? []
    peers?.close(conversation.peer, now)
    conversations.remove(conversation)
    return dropped.length
  }

  /** Pins the peer if both conditions hold: we asked for it, and it has proven its key in a handshake. */
  pinIfProven(conversation: Conversation): void {
    if (!conversation.asked || !conversation.connected) return
    const { fingerprint, nick, peer: identity } = conversation
    if (this.#pins().get(Nickname.key(nick)) !== undefined) return
    const full = this.#pin({ nick, identity, fingerprint })
    if (full !== undefined) this.client.output.tell(failed(full, nick))
  }

  #isBlocked({ record }: OfferedIntroduction): boolean {
    const claimed = PeerRecord.decode(Bytes.fromBase64Url(record ?? "") ?? new Uint8Array())
    return claimed !== undefined && this.client.peers?.isBlocked(peerIdOf(claimed.identity)) === true
  }

  #vouch(offered: OfferedIntroduction, now: number): Vouched | Rejected {
    const { clock, crypto, own } = this.client
    const verdict = judge(offered, crypto, this.#pins(), clock.earliest(now))
    switch (verdict._tag) {
      case "Refused":
        return { _tag: "Failed", error: verdict.error }
      case "Changed":
        this.#rememberChanged(verdict.changed)
        return { _tag: "Changed", error: verdict.changed.error }
      case "Vouched":
        return verdict.vouched.peer === own.peer
          ? { _tag: "Failed", error: yourself(verdict.vouched.nick) }
          : this.#prepare(offered, verdict.vouched, now)
    }
  }

  #rememberChanged(changed: ChangedKey): void {
    const key = Nickname.key(changed.nick)
    this.#changed.delete(key)
    for (const oldest of this.#changed.keys()) {
      if (this.#changed.size < MAX_CHANGED) break
      this.#changed.delete(oldest)
    }
    this.#changed.set(key, changed)
  }

  /** What has to be in place before the peer machine sends its first packet. */
  #prepare({ relay }: OfferedIntroduction, vouched: Vouched, now: number): Vouched {
    const { peers, policies, transport } = this.client
    if (relay !== undefined) transport.remember(vouched.introduction.channel, relay.token)
    const policy = policies.of(vouched.nick)
    if (policy !== undefined) peers?.setPolicy(vouched.peer, policy, now)
    return vouched
  }

  #pin({ fingerprint, identity, nick }: Omit<Pin, "firstSeen">): Busy | undefined {
    const { output, wallNow } = this.client
    if (!this.#pins().set(Nickname.key(nick), { nick, identity, fingerprint, firstSeen: wallNow() }))
      return pinsFull(nick)
    output.wish({ _tag: "KeepProfile" })
    return undefined
  }

  /** Introductions come only to registered clients, and those have a profile. */
  #pins() {
    return this.client.own.profile!.pins
  }
}

/** What has become of a query. */
export type QueryOutcome =
  | { readonly _tag: "Opened"; readonly conversation: Conversation }
  | { readonly _tag: "RateLimited"; readonly error: QueryError; readonly retryAfterMs: number }
  | Rejected

type Rejected =
  /** Only the pin speaks against it: what `trust` would accept. */
  { readonly _tag: "Changed"; readonly error: QueryError } | { readonly _tag: "Failed"; readonly error: QueryError }

/** Refused keys that wait for `trust`: a person decides about one at a time; a rogue server could send any number. */
const MAX_CHANGED = 256

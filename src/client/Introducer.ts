import { ClientError, notConnected, ofRefusal, unreachable } from "../core/client/ClientError.js"
import type { Conversation, Conversations } from "../core/client/Conversations.js"
import { type ChangedKey, judge, type Vouched } from "../core/client/Introductions.js"
import type { PathPolicies } from "../core/client/PathPolicies.js"
import { MAX_PINS, type Pin } from "../core/client/Pins.js"
import type { Crypto } from "../domain/Crypto.js"
import * as Nickname from "../domain/Nickname.js"
import { type PeerId, peerIdOf } from "../domain/PeerId.js"
import type * as Control from "../protocol/Control.js"
import type * as Time from "../services/Time.js"
import type { EventQueue } from "./EventQueue.js"
import type { PeerLink } from "./PeerLink.js"
import type { Self } from "./Self.js"
import type { ServerLink } from "./ServerLink.js"

/**
 * Turns introductions into conversations: ours (`ask`, consent on our side) and those that others ask for (`incoming`).
 * Everything is synchronous, so that an introduction takes effect before the next message of the server is looked at.
 */
export class Introducer {
  /** What `trust` can accept, by nickname key; at most `MAX_CHANGED`, the oldest goes first. */
  private readonly changed = new Map<string, ChangedKey>()

  constructor(
    private readonly crypto: Crypto,
    private readonly time: Time.Time,
    private readonly self: Self,
    private readonly conversations: Conversations,
    private readonly events: EventQueue,
    private readonly peers: PeerLink,
    private readonly server: ServerLink,
    private readonly policies: PathPolicies,
    /** The pins have changed. */
    private readonly save: () => void
  ) {}

  /**
   * Queries a peer and gives our consent. `expected` is the identity that must answer to the nickname, where we mean
   * somebody in particular. `done` is called once.
   */
  ask(nick: string, expected: PeerId | undefined, done: (result: Conversation | ClientError) => void): void {
    const offline = this.conversations.byNick(nick)
    if (!this.server.up() && offline !== undefined && (expected ?? offline.peer) === offline.peer) {
      done(this.consent(offline))
      return
    }
    this.query(nick, expected, () => true, done)
  }

  /** Queries a peer whom we asked before. If we have left it by the time of the answer, that stays so. */
  askAgain(conversation: Conversation, done: (result: Conversation | ClientError) => void): void {
    const { nick, peer } = conversation
    this.query(nick, peer, () => conversation.asked && this.conversations.get(peer) === conversation, done)
  }

  /** Queries a peer that messages of an earlier process wait for, as long as `isWanted`. */
  resume(
    nick: string,
    peer: PeerId,
    isWanted: () => boolean,
    done: (result: Conversation | ClientError) => void
  ): void {
    this.query(nick, peer, isWanted, done)
  }

  private query(
    nick: string,
    expected: PeerId | undefined,
    isWanted: () => boolean,
    done: (result: Conversation | ClientError) => void
  ): void {
    this.server.request({ _tag: "Query", nick }, (reply) => {
      if (reply === undefined) return done(unreachable("the server cannot be reached now; ask again later"))
      if (!isWanted()) return done(notConnected(nick))
      if (reply._tag !== "Peer") return done(ofRefusal(reply as Control.Refusal))
      const vouched = this.vouch(reply)
      if (vouched instanceof ClientError) return done(vouched)
      if (expected !== undefined && vouched.peer !== expected)
        return done(
          new ClientError({
            code: "NoSuchPeer",
            message: `${nick} is somebody else now; query ${nick} to talk to them`
          })
        )
      const conversation = this.open(vouched)
      done(conversation === undefined ? tooMany() : this.consent(conversation))
    })
  }

  /** Somebody asked for us. */
  incoming(message: typeof Control.Incoming.Type): void {
    const vouched = this.vouch(message)
    if (vouched instanceof ClientError) {
      this.fail(vouched, message.nick)
      return
    }
    const conversation = this.open(vouched)
    if (conversation === undefined) {
      this.fail(tooMany(), message.nick)
      return
    }
    const isNews = !conversation.asked && !conversation.connected
    this.peers.drive((peers, now) => peers.admit(vouched.introduction, now))
    if (isNews) {
      const { fingerprint, known, nick } = vouched
      this.events.offer({ _tag: "Incoming", nick, fingerprint, known })
    }
  }

  /** Accepts the refused key of a nickname; the refusal, if there is nothing to accept or no room for it. */
  trust(nick: string): ClientError | undefined {
    const key = Nickname.key(nick)
    const changed = this.changed.get(key)
    if (changed === undefined)
      return new ClientError({ code: "NoSuchPeer", message: `no changed key of ${nick} was refused: nothing to trust` })
    const full = this.pin(changed)
    if (full !== undefined) return full
    this.changed.delete(key)
    const former = this.conversations.byNick(nick)
    if (former !== undefined && former.peer !== changed.identity) {
      const dropped = this.close(former)
      if (dropped > 0) {
        const what = dropped === 1 ? "1 message was" : `${dropped} messages were`
        const message = `${what} dropped: written to the former key of ${nick}, and never delivered`
        this.events.offer({ _tag: "Failed", code: "Undelivered", message, nick })
      }
    }
    return undefined
  }

  /** Says goodbye and forgets: how many messages were dropped undelivered. */
  close(conversation: Conversation): number {
    const dropped = this.peers.drive((peers, now) => {
      const ids = peers.dropOutbox(conversation.peer, now)
      peers.close(conversation.peer, now)
      return ids.length
    })
    this.conversations.remove(conversation)
    return dropped ?? 0
  }

  /** Pins the peer if both conditions hold: we asked for it, and it has proven its key in a handshake. */
  pinIfProven(conversation: Conversation): void {
    if (!conversation.asked || !conversation.connected) return
    if (this.pins().get(Nickname.key(conversation.nick)) !== undefined) return
    const { fingerprint, nick, peer: identity } = conversation
    const full = this.pin({ nick, identity, fingerprint })
    if (full !== undefined) this.fail(full, nick)
  }

  private consent(conversation: Conversation): Conversation {
    conversation.asked = true
    conversation.trying = !conversation.connected
    conversation.departed = false
    this.peers.drive((peers, now) => peers.invite(conversation.introduction, now))
    this.pinIfProven(conversation)
    return conversation
  }

  private vouch(message: typeof Control.Peer.Type | typeof Control.Incoming.Type): Vouched | ClientError {
    const verdict = judge(message, this.crypto, this.pins(), this.time.wall())
    switch (verdict._tag) {
      case "Refused":
        return verdict.error
      case "Changed": {
        const key = Nickname.key(verdict.changed.nick)
        this.changed.delete(key)
        for (const oldest of this.changed.keys()) {
          if (this.changed.size < MAX_CHANGED) break
          this.changed.delete(oldest)
        }
        this.changed.set(key, verdict.changed)
        return verdict.changed.error
      }
      case "Vouched":
        return verdict.vouched.peer === this.ownId()
          ? new ClientError({ code: "Yourself", message: `${verdict.vouched.nick} is you` })
          : this.welcome(message, verdict.vouched)
    }
  }

  /** What has to be in place before the peer machine sends its first packet. */
  private welcome(message: typeof Control.Peer.Type | typeof Control.Incoming.Type, vouched: Vouched): Vouched {
    const { relay } = message
    if (relay !== undefined) this.peers.outside((outside) => outside.remember(message.channel, relay.token))
    const policy = this.policies.of(vouched.nick)
    if (policy !== undefined) this.peers.drive((peers, now) => peers.setPolicy(vouched.peer, policy, now))
    return vouched
  }

  private open(vouched: Vouched): Conversation | undefined {
    const opened = this.conversations.introduce(vouched)
    const evicted = opened?.evicted
    if (evicted !== undefined) this.peers.drive((peers, now) => peers.close(evicted.peer, now))
    return opened?.conversation
  }

  private pin(entry: Omit<Pin, "firstSeen">): ClientError | undefined {
    const { fingerprint, identity, nick } = entry
    const pinned = this.pins().set(Nickname.key(nick), { nick, identity, fingerprint, firstSeen: this.time.wall() })
    if (pinned) {
      this.save()
      return undefined
    }
    return new ClientError({
      code: "Busy",
      message: `the key of ${nick} cannot be remembered: known-peers.json holds ${MAX_PINS} already; remove some`
    })
  }

  private fail({ code, message }: ClientError, peer: string): void {
    this.events.offer({ _tag: "Failed", code, message, nick: peer })
  }

  /** Introductions come only to registered clients, and those have a profile. */
  private pins() {
    return this.self.profile!.pins
  }

  private ownId(): PeerId {
    return peerIdOf(this.self.profile!.identity.signKeys.publicKey)
  }
}

/** Refused keys that wait for `trust`: a person decides about one at a time; a rogue server could send any number. */
const MAX_CHANGED = 256

const tooMany = (): ClientError =>
  new ClientError({ code: "Busy", message: "too many conversations are open; leave one first" })

import * as Schema from "effect/Schema"
import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import * as PairNumber from "../../domain/PairNumber.js"
import type { PeerId } from "../../domain/PeerId.js"
import { nameUnits, Slice, type Sliced, sorted } from "../support/Slices.js"
import type { ClientContext } from "./ClientContext.js"
import type { ContactError } from "./ClientError.js"
import type { Contact, Contacts } from "./Contacts.js"
import type { Conversation } from "./Conversations.js"
import { contactsFull, noSuchKey, notRegistered, stranger, yourself } from "./ErrorTexts.js"
import type { Introducer } from "./Introducer.js"
import { keyFields, keyInfoOf } from "./KeyInfo.js"
import type { ListedPeer, PeerInfo } from "./PeerInfo.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * Somebody's key, and what our user knows of them. Times are ms since 1970 UTC.
 *
 * @since 0.1.0
 */
export const PersonKey = Schema.Struct({
  /** What they are called in a conversation that is open, or else were called last. */
  nick: Schema.String,
  ...keyFields,
  verifiedAt: optional(Schema.Number),
  lastTalked: optional(Schema.Number),
  /** Our user wants to hear nothing of them. */
  blocked: Schema.Boolean,
  /** For both to compare: 60 digits, the same on both sides. Not in lists, nor for one's own key. */
  pairNumber: optional(Schema.String)
})
/** @since 0.1.0 */
export type PersonKey = typeof PersonKey.Type

/**
 * The people our user knows: whose key it is, whether it was compared with them, who is to be heard. Whom a nickname
 * means is who we talk to under it, or else who was known under it; a whole fingerprint means its key.
 */
export class People {
  constructor(
    private readonly client: ClientContext,
    private readonly introducer: Introducer,
    /** Gives up what an earlier process left for a peer. */
    private readonly drop: (peer: PeerId) => void
  ) {}

  /** Whom this means, if it is anybody we know or talk to. */
  peerOf(who: string): PeerId | undefined {
    return this.#find(who)?.peer
  }

  /** Everybody we know, by nickname. */
  all(): Sliced<ReadonlyArray<PersonKey>> | ContactError {
    const contacts = this.#contacts
    return contacts === undefined ? notRegistered() : this.#described(contacts)
  }

  /** The key of somebody, or our own. */
  key(nick: string | undefined): PersonKey | ContactError {
    const { crypto, own } = this.client
    if (own.profile === undefined || own.peer === undefined) return notRegistered()
    if (nick === undefined || own.registration?.nick === nick) {
      const fingerprint = own.fingerprintOf(own.profile)
      return { nick: own.registration?.nick ?? own.wanted?.text ?? "", fingerprint, trust: "verified", blocked: false }
    }
    const who = this.#find(nick)
    if (who === undefined) return stranger(nick)
    return { ...this.#describe(own.profile.contacts, who), pairNumber: PairNumber.of(crypto, own.peer, who.peer) }
  }

  /** `mark` of all of them. */
  *marked(listed: ReadonlyArray<PeerInfo>): Sliced<ReadonlyArray<ListedPeer>> {
    const slice = new Slice()
    const marked: Array<ListedPeer> = []
    for (const one of listed) {
      if (slice.spend(MARKED + nameUnits(one.nick))) yield
      marked.push(this.mark(one))
    }
    return marked
  }

  /** What the server claims of somebody, marked where we know better. It is never a reason to trust a key. */
  mark(listed: PeerInfo): ListedPeer {
    const contacts = this.#contacts
    const { fingerprint, nick } = listed
    if (contacts === undefined || nick === this.client.own.registration?.nick) return listed
    const live = this.client.conversations.byNick(nick)
    const known = contacts.owner(nick)?.fingerprint ?? live?.fingerprint
    const contact = fingerprint === "" ? undefined : contacts.byFingerprint(fingerprint)
    const isElsewhere = contact !== undefined && contact.fingerprint !== known
    const isBlocked = contact?.blockedAt !== undefined || contacts.isBlockedKey(fingerprint)
    return {
      ...listed,
      ...(known === undefined || known === fingerprint ? {} : { differsFrom: known }),
      ...(isElsewhere ? { knownAs: contact.names[0] ?? contact.nick } : {}),
      ...(isBlocked ? { blocked: true } : {})
    }
  }

  /**
   * Our user has compared the key with its owner. `digits`, where given, are those that they compared: the first five
   * or more of the fingerprint, or the whole number of the pair.
   */
  verify(nick: string, digits: string | undefined, now: number): ContactError | undefined {
    const { clock, crypto, own } = this.client
    const who = this.#known(nick)
    if ("_tag" in who) return who
    const wanted = digits === undefined ? "" : Fingerprint.digitsOf(digits)
    if (wanted === undefined) return noSuchKey("give the digits that you compared: five of the fingerprint at least")
    const pair = wanted.length === PAIR_DIGITS ? PairNumber.of(crypto, own.peer!, who.peer).replaceAll(" ", "") : ""
    if (!Fingerprint.beginsWith(who.fingerprint, wanted) && wanted !== pair)
      return noSuchKey(`the key of ${nick} is ${who.fingerprint}, which is not what you compared: nothing was verified`)
    if (this.#meet(who, now) === undefined) return contactsFull(nick)
    if (this.#contacts?.owner(who.nick) === undefined) this.#contacts?.name(who.peer, who.nick)
    this.#change(who.peer, { verifiedAt: clock.at(now) })
    return undefined
  }

  unverify(nick: string): ContactError | undefined {
    const who = this.#known(nick)
    if ("_tag" in who) return who
    this.#change(who.peer, { verifiedAt: undefined })
    return undefined
  }

  /** Nothing more is heard of somebody, who is told nothing of it. Our consent ends, what waits for them is dropped. */
  block(who: string, now: number): ContactError | undefined {
    const { clock, output } = this.client
    if (this.#contacts === undefined) return notRegistered()
    const found = this.#find(who)
    const fingerprint = Fingerprint.parse(who)
    if (found === undefined && fingerprint !== undefined) {
      if (!this.#contacts.blockKey(fingerprint)) return contactsFull(who)
      output.wish({ _tag: "KeepProfile" })
      return undefined
    }
    if (found === undefined) return stranger(who)
    if (found.peer === this.client.own.peer) return yourself(who)
    if (this.#meet(found, now) === undefined) return contactsFull(who)
    this.#change(found.peer, { blockedAt: clock.at(now), consented: false })
    this.#silence(found.peer, now)
    return undefined
  }

  /** Takes `block` and `ignore` back. */
  unblock(who: string): ContactError | undefined {
    if (this.#contacts === undefined) return notRegistered()
    const fingerprint = Fingerprint.parse(who)
    if (fingerprint !== undefined && this.#contacts.unblockKey(fingerprint)) {
      this.client.output.wish({ _tag: "KeepProfile" })
      return undefined
    }
    const found = this.#find(who)
    if (found === undefined) return stranger(who)
    this.client.ignored.delete(found.peer)
    this.client.peers?.unblock(found.peer)
    this.#change(found.peer, { blockedAt: undefined })
    return undefined
  }

  /** Like `block`, for as long as this client runs. */
  ignore(who: string, now: number): ContactError | undefined {
    const found = this.#known(who)
    if ("_tag" in found) return found
    this.client.ignored.add(found.peer)
    for (const oldest of this.client.ignored) {
      if (this.client.ignored.size <= MAX_IGNORED) break
      this.client.ignored.delete(oldest)
      this.client.peers?.unblock(oldest)
    }
    this.#silence(found.peer, now)
    return undefined
  }

  /** Forgets somebody: their key is nobody's we know, their nicknames are free, and they are blocked no longer. */
  forget(who: string, now: number): ContactError | undefined {
    const found = this.#known(who)
    if ("_tag" in found) return found
    const conversation = this.client.conversations.get(found.peer)
    if (conversation !== undefined) {
      this.introducer.close(conversation, now)
      conversation.asked = false
    }
    this.#forgetPending(found.peer)
    this.client.ignored.delete(found.peer)
    this.client.peers?.unblock(found.peer)
    this.#contacts!.forget(found.peer)
    this.client.output.wish({ _tag: "KeepProfile" })
    return undefined
  }

  /** Ends one conversation: says goodbye, withdraws our consent, drops what was not delivered. */
  leave(conversation: Conversation, now: number): void {
    const { conversations, pending } = this.client
    if (conversations.get(conversation.peer) === conversation) this.introducer.close(conversation, now)
    conversation.asked = false
    this.#withdraw(conversation.peer)
    pending.forget(conversation.peer)
  }

  /**
   * Gives up what an earlier process left for a peer that was not introduced to this one, our consent too: who it is,
   * if anybody.
   */
  dropPending(nick: string, now: number): PeerId | undefined {
    const { peers, pending } = this.client
    const known = this.#contacts?.owner(nick)
    if (known !== undefined) this.#withdraw(known.identity)
    const peer = pending.byNick(nick)
    if (peer === undefined) return undefined
    pending.forget(peer)
    peers?.dropOutbox(peer, now)
    this.drop(peer)
    return peer
  }

  get #contacts(): Contacts | undefined {
    return this.client.own.profile?.contacts
  }

  /** The conversation goes, and what waits for them. */
  #silence(peer: PeerId, now: number): void {
    const { conversations, peers } = this.client
    const conversation = conversations.get(peer)
    if (conversation !== undefined) conversations.remove(conversation)
    if (conversation !== undefined) conversation.asked = false
    peers?.dropOutbox(peer, now)
    peers?.block(peer, now)
    this.#forgetPending(peer)
  }

  #forgetPending(peer: PeerId): void {
    this.client.own.profile?.groups.withdraw(peer)
    if (!this.client.pending.all().includes(peer)) return
    this.client.pending.forget(peer)
    this.drop(peer)
  }

  /** Consent is not remembered any longer. */
  #withdraw(peer: PeerId): void {
    this.client.own.profile?.groups.withdraw(peer)
    if (this.#contacts?.get(peer)?.consented === true) this.#change(peer, { consented: false })
  }

  #known(who: string): Somebody | ContactError {
    if (this.#contacts === undefined) return notRegistered()
    const found = this.#find(who)
    if (found === undefined) return stranger(who)
    return found.peer === this.client.own.peer ? yourself(who) : found
  }

  #find(who: string): Somebody | undefined {
    const { conversations } = this.client
    const fingerprint = Fingerprint.parse(who)
    const live = fingerprint === undefined ? conversations.byNick(who) : conversations.byFingerprint(fingerprint)
    if (live !== undefined) return live
    const contact = fingerprint === undefined ? this.#called(who) : this.#contacts?.byFingerprint(fingerprint)
    return contact && { nick: contact.nick, peer: contact.identity, fingerprint: contact.fingerprint }
  }

  /** Who owns the nickname, or was called so last. */
  #called(nick: string): Contact | undefined {
    const key = Nickname.key(nick)
    return this.#contacts?.owner(nick) ?? this.#contacts?.all().find((one) => Nickname.key(one.nick) === key)
  }

  #meet({ fingerprint, nick, peer }: Somebody, now: number): Contact | undefined {
    return this.#contacts?.meet({ peer, fingerprint, nick, now: this.client.clock.at(now) })
  }

  #change(peer: PeerId, change: Parameters<Contacts["update"]>[1]): void {
    this.#contacts?.update(peer, change)
    this.client.output.wish({ _tag: "KeepProfile" })
  }

  *#described(contacts: Contacts): Sliced<ReadonlyArray<PersonKey>> {
    const slice = new Slice()
    const all: Array<{ readonly key: string; readonly person: PersonKey }> = []
    for (const contact of contacts.all()) {
      if (slice.spend(DESCRIBED + nameUnits(contact.nick))) yield
      const person = this.#describe(contacts, { ...contact, peer: contact.identity })
      all.push({ key: Nickname.key(person.nick), person })
    }
    const ordered = yield* sorted(all, (one, other) => (one.key < other.key ? -1 : 1), 1, slice)
    return ordered.map(({ person }) => person)
  }

  #describe(contacts: Contacts, who: Somebody): PersonKey {
    const contact = contacts.get(who.peer)
    const { lastTalked, verifiedAt } = contact ?? {}
    return {
      nick: who.nick,
      ...keyInfoOf(contacts, who),
      ...(verifiedAt === undefined ? {} : { verifiedAt }),
      ...(lastTalked === undefined ? {} : { lastTalked }),
      blocked: contacts.isBlocked(who.peer, who.fingerprint) || this.client.ignored.has(who.peer)
    }
  }
}

interface Somebody {
  readonly nick: string
  readonly peer: PeerId
  readonly fingerprint: Fingerprint.Fingerprint
}

const PAIR_DIGITS = 60
/** Units of work (core/support/Slices) besides those of the nickname: of one on a list, and of one whom we know. */
const MARKED = 2
const DESCRIBED = 4
/** As many as there are conversations. */
const MAX_IGNORED = 1_024

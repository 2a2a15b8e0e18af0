import * as Fingerprint from "../../domain/Fingerprint.js"
import * as Nickname from "../../domain/Nickname.js"
import { identityKeyOf, type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import * as PeerRecord from "../../protocol/PeerRecord.js"
import { labelOf } from "../lan/Neighbourhood.js"
import type { PathInfo } from "../peer/Route.js"
import { CallLog, type News } from "./CallLog.js"
import type { ClientContext } from "./ClientContext.js"
import type { QueryError, TrustError } from "./ClientError.js"
import type { Contact } from "./Contacts.js"
import type { Conversation } from "./Conversations.js"
import {
  blocked,
  contactsFull,
  failed,
  noSuchKey,
  noSuchPeer,
  notConnected,
  notRegistered,
  notTaken,
  ofRefusal,
  protocol,
  stranger,
  undecided,
  unexpectedKey,
  unreachable,
  yourself
} from "./ErrorTexts.js"
import { GivenKeys } from "./GivenKeys.js"
import { judge, type OfferedIntroduction, type Verdict, type Vouched } from "./Introductions.js"
import type { Owner } from "./KeyChange.js"
import { keyInfoOf } from "./KeyInfo.js"
import { KeyOffers } from "./KeyOffers.js"
import type { Ticket } from "./Output.js"
import type { QueryPurpose } from "./Purpose.js"
import type { Answer } from "./Rendezvous.js"
import { named } from "./Why.js"

export interface IntroducerOptions {
  /** Whose calls are told, and whose handshakes are answered: `known` are those whom our user has asked for before. */
  readonly acceptCalls: "everyone" | "known"
  /** Whose calls are answered by themselves: `known` are those whom our user has asked for, and not left since. */
  readonly answer: "nobody" | "known"
  /** Whom else this program knows, and whose nicknames are; nobody's when left out. */
  readonly given?: GivenKeys | undefined
}

/** Whom exactly a query is for. */
export interface Wanted {
  /** The identity that must answer to the nickname, where we mean somebody in particular. */
  readonly expected?: PeerId | undefined
  /** The key that our user expects. */
  readonly expect?: Fingerprint.Fingerprint | undefined
}

/**
 * Turns introductions into conversations: ours (`ask`, consent on our side) and those that others ask for (`incoming`).
 * Each takes effect before the next message of the server is looked at.
 *
 * With our consent a nickname becomes the peer's own, before anything is sent: from then on only `trust` gives it to
 * another key.
 */
export class Introducer {
  /** What `trust` can accept. */
  readonly #offers = new KeyOffers()
  readonly #calls: CallLog
  readonly #given: GivenKeys

  constructor(
    private readonly client: ClientContext,
    private readonly options: IntroducerOptions,
    /** What people know the relay by. */
    private readonly relay: { readonly name: string },
    now: number
  ) {
    this.#calls = new CallLog(now)
    this.#given = options.given ?? GivenKeys.none
  }

  /** Asks for a peer as a user may: whoever we already talk to, as we want them, is not asked for again. */
  query(nick: string, wanted: Wanted, ticket: Ticket<Conversation, QueryError>, now: number): void {
    const settled = this.#talkedTo(nick, wanted) ?? this.#unaskable(nick)
    if (settled !== undefined) this.client.output.answer(ticket, settled)
    else this.ask(nick, wanted, ticket, now)
  }

  /** Queries a peer and gives our consent. */
  ask(nick: string, wanted: Wanted, ticket: Ticket<Conversation, QueryError>, now: number): void {
    const { output, rendezvous } = this.client
    const { expect, expected } = wanted
    const offline = rendezvous.ready ? undefined : this.#unasked(nick, wanted, now)
    if (offline !== undefined) output.answer(ticket, offline)
    else rendezvous.query(nick, { _tag: "Query", nick, expect, expected, ticket, conversation: undefined }, now)
  }

  #talkedTo(nick: string, { expect, expected }: Wanted): Conversation | QueryError | undefined {
    const known = this.client.conversations.byNick(nick)
    if (known?.asked !== true || !known.connected || (expected ?? known.peer) !== known.peer) return undefined
    return this.objection(known, expect) ?? known
  }

  /** Why nobody can be asked for now, or not this one. */
  #unaskable(nick: string): QueryError | undefined {
    const { own, rendezvous } = this.client
    if (own.profile === undefined || (rendezvous.ready && own.registration === undefined)) return notRegistered()
    if (own.wanted?.key === Nickname.key(nick)) return yourself(nick)
    // The server would say that nobody has that nickname, and nobody can have it.
    return nick.startsWith("#") ? stranger(nick) : undefined
  }

  /** Asks back without a server, by the introduction that we have, where there is one. */
  #unasked(nick: string, { expect, expected }: Wanted, now: number): Conversation | QueryError | undefined {
    const conversation = this.client.conversations.byNick(nick)
    if (conversation === undefined || (expected ?? conversation.peer) !== conversation.peer) return undefined
    return this.objection(conversation, expect) ?? this.consent(conversation, now)
  }

  /** What speaks against asking for this peer, whose key is known. */
  objection(
    { fingerprint, nick, peer }: Pick<Conversation, "fingerprint" | "nick" | "peer">,
    expect: Fingerprint.Fingerprint | undefined
  ): QueryError | undefined {
    if (expect !== undefined && fingerprint !== expect) return unexpectedKey(nick, expect, fingerprint)
    if (this.#contacts.isBlocked(peer, fingerprint)) return blocked(nick)
    return this.dispute(peer, nick)
  }

  /** Why nothing may go to a peer: its key was verified, and then another one was shown. */
  dispute(peer: PeerId, nick: string) {
    const contact = this.client.own.profile?.contacts.get(peer)
    if (contact?.disputed !== true) return undefined
    const offers = contact.names.flatMap((name) => this.#offers.of(name))
    return undecided(nick, contact.fingerprint, offers.at(-1)?.fingerprint)
  }

  /** What has become of a query of ours, made for a call of the user or to find a lost peer again. */
  handleAnswer(purpose: QueryPurpose, answer: Answer, isWanted: boolean, now: number): QueryOutcome {
    const { nick } = purpose
    if (answer._tag === "Unanswered") {
      // The server went away on the way: whoever has called us is answered all the same.
      const known = purpose.ticket === undefined ? undefined : this.#unasked(nick, purpose, now)
      if (known === undefined || "_tag" in known)
        return { _tag: "Failed", error: known ?? unreachable("the server cannot be reached now; ask again later") }
      return { _tag: "Opened", conversation: known }
    }
    if (!isWanted) return { _tag: "Failed", error: notConnected(nick) }
    if (answer._tag === "Refused") {
      const error = ofRefusal(answer.refusal)
      return answer.refusal._tag === "RateLimited"
        ? { _tag: "RateLimited", error, retryAfterMs: answer.refusal.retryAfterMs }
        : { _tag: "Failed", error }
    }
    if (answer._tag !== "Introduced")
      return { _tag: "Failed", error: noSuchPeer(answer._tag === "Nobody" ? answer.message : `${nick} is not here`) }
    return this.#introduced(purpose, answer.introduction, now)
  }

  /** Somebody asked for us. Of somebody who is blocked nothing is heard, and nothing is checked. */
  incoming(offered: OfferedIntroduction, now: number): void {
    const { own, peers } = this.client
    if (this.#isBlocked(offered)) return
    const verdict = this.#judge(offered, false, now)
    if (verdict._tag === "Refused") {
      this.#complain(verdict.error, offered.nick, `nick ${Nickname.key(offered.nick)}`, now)
      return
    }
    const { fingerprint, peer } = verdict._tag === "Changed" ? verdict.offer : verdict.vouched
    if (this.#contacts.isBlocked(peer, fingerprint)) return
    if (verdict._tag === "Changed") {
      this.#contradict(verdict, now)
      this.#complain(verdict.error, offered.nick, `key ${peer}`, now)
      return
    }
    if (peer === own.peer) {
      this.#complain(yourself(offered.nick), offered.nick, `key ${peer}`, now)
      return
    }
    const pinned = this.#given.pinned(offered.nick)
    if (pinned !== undefined && pinned !== fingerprint) {
      this.#complain(unexpectedKey(offered.nick, pinned, fingerprint), offered.nick, `key ${peer}`, now)
      return
    }
    const contact = this.#contacts.get(peer)
    if (this.options.acceptCalls === "known" && contact === undefined && !this.#given.has(fingerprint)) return
    if (contact?.disputed === true) return
    this.#prepare(offered, verdict.vouched, now)
    const taken = peers?.admit(verdict.vouched.introduction, now) ?? "Taken"
    if (taken !== "Taken") {
      this.#complain(notTaken(taken, offered.nick), offered.nick, `key ${peer}`, now)
      return
    }
    const { conversation, renamed } = this.#open(verdict.vouched, false, now)
    this.#called(conversation, renamed, now)
  }

  /**
   * Decides whose a nickname is, after another key was shown under it: that of the key that `digits` name, its first
   * five digits at least. It is one of those that were shown, or the one that is known, which then stays. The refusal,
   * when they name none of them or several.
   */
  trust(nick: string, digits: string, now: number): TrustError | undefined {
    const wanted = Fingerprint.digitsOf(digits)
    if (wanted === undefined) return noSuchKey(`say which key of ${nick} you mean, by its first five digits or more`)
    const shown = this.#offers.of(nick)
    const owner = this.#ownerBeside(nick, undefined, true)
    const keeps = owner !== undefined && Fingerprint.beginsWith(owner.fingerprint, wanted)
    const matching = this.#offers.find(nick, wanted)
    if (shown.length === 0 && !(owner !== undefined && this.#contacts.get(owner.peer)?.disputed === true))
      return noSuchPeer(`no changed key of ${nick} was refused: nothing to trust`)
    if (matching.length + (keeps ? 1 : 0) !== 1) {
      const all = [...(owner === undefined ? [] : [owner]), ...shown].map(({ fingerprint }) => fingerprint)
      const fault = matching.length === 0 && !keeps ? "no key" : "more than one key"
      return noSuchKey(`${fault} of ${nick} begins with ${digits}: it was shown ${all.join(" and ")}`)
    }
    const [chosen] = matching
    if (chosen === undefined) this.#keep(owner!, now)
    else if (this.#contacts.meet({ ...chosen, now: this.client.clock.at(now) }) === undefined) return contactsFull(nick)
    else this.#give(nick, chosen.peer, owner, now)
    if (owner !== undefined) this.#contacts.update(owner.peer, { chosenAt: undefined })
    this.#contacts.update((chosen ?? owner!).peer, { chosenAt: this.client.clock.at(now) })
    this.#offers.clear(nick)
    this.client.output.wish({ _tag: "KeepProfile" })
    return undefined
  }

  /**
   * Gives our consent: the nickname becomes theirs, the handshake starts, and text may flow. Or why not; then nothing
   * is changed.
   */
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
    this.#own(conversation, now)
    this.#break(conversation)
    this.proven(conversation, now)
    return conversation
  }

  /** Tells of a connection, unless it is that of somebody whose call was not told. */
  tellConnected(conversation: Conversation, path: PathInfo): void {
    if (conversation.quiet) return
    const { nick } = conversation
    const key = keyInfoOf(this.#contacts, conversation)
    this.client.output.tell({ _tag: "Connected", nick, ...key, path: named(path, this.relay.name) })
  }

  /** Says goodbye and forgets: how many messages were dropped undelivered. */
  close(conversation: Conversation, now: number): number {
    const { conversations, peers } = this.client
    const dropped = peers?.dropOutbox(conversation.peer, now) ?? []
    peers?.close(conversation.peer, now)
    conversations.remove(conversation)
    return dropped.length
  }

  /** Notes that we talk to this peer, if we asked for it and it has proven its key in a handshake. */
  proven({ asked, connected, peer }: Conversation, now: number): void {
    const { clock, output } = this.client
    const lastTalked = this.#contacts.get(peer)?.lastTalked
    const wall = clock.at(now)
    // One from the future was noted by a clock that was wrong.
    if (!asked || !connected || (lastTalked !== undefined && Math.abs(wall - lastTalked) < TALK_GRAIN)) return
    this.#contacts.update(peer, { lastTalked: wall })
    output.wish({ _tag: "KeepProfile" })
  }

  #introduced(purpose: QueryPurpose, offered: OfferedIntroduction, now: number): QueryOutcome {
    const { expect, expected, nick, ticket } = purpose
    const verdict = this.#judge(offered, ticket !== undefined, now)
    if (verdict._tag === "Refused") return { _tag: "Failed", error: verdict.error }
    const { fingerprint, peer } = verdict._tag === "Changed" ? verdict.offer : verdict.vouched
    if (peer !== expected && !isCalled(nick, { fingerprint, nick: offered.nick }))
      return { _tag: "Failed", error: protocol(`the server answered for ${nick} with ${offered.nick}`) }
    for (const due of [expect, this.#given.pinned(offered.nick)])
      if (due !== undefined && fingerprint !== due)
        return { _tag: "Failed", error: unexpectedKey(nick, due, fingerprint) }
    if (verdict._tag === "Changed")
      return { _tag: "Changed", error: verdict.error, isNews: this.#contradict(verdict, now) }
    if (peer === this.client.own.peer) return { _tag: "Failed", error: yourself(nick) }
    if (expected !== undefined && peer !== expected)
      return { _tag: "Failed", error: noSuchPeer(`${nick} is somebody else now; query ${nick} to talk to them`) }
    const objection = this.objection(verdict.vouched, expect)
    if (objection !== undefined) return { _tag: "Failed", error: objection }
    this.#prepare(offered, verdict.vouched, now)
    const { conversation: opened, renamed } = this.#open(verdict.vouched, ticket !== undefined, now)
    if (renamed !== undefined) this.#tellRenamed(opened, renamed)
    const conversation = this.consent(opened, now)
    return "peer" in conversation ? { _tag: "Opened", conversation } : { _tag: "Failed", error: conversation }
  }

  /** `isOurs`: our user has asked for it, and whom they mean may be somebody who called. */
  #judge(offered: OfferedIntroduction, isOurs: boolean, now: number): Verdict {
    const { clock, crypto } = this.client
    const knowledge = {
      ownerBeside: (nick: string, peer: PeerId) => this.#ownerBeside(nick, peer, isOurs),
      newest: (peer: PeerId) => this.#contacts.get(peer)?.record
    }
    return judge(offered, crypto, knowledge, clock.earliest(now))
  }

  /** Whose this nickname is, unless it is `peer`'s. */
  #ownerBeside(nick: string, peer: PeerId | undefined, isOurs: boolean): Owner | undefined {
    const { conversations, crypto, pending } = this.client
    const contact = this.#contacts.owner(nick)
    if (contact !== undefined) return contact.identity === peer ? undefined : ownerOf(contact, nick)
    const live = conversations.byNick(nick)
    if (live !== undefined && live.peer !== peer && (live.asked || isOurs)) return { ...live, verified: false }
    const waiting = isOurs && live === undefined ? pending.byNick(nick) : undefined
    if (waiting !== undefined && waiting !== peer) {
      const fingerprint = Fingerprint.of(crypto, identityKeyOf(waiting))
      return { nick, peer: waiting, fingerprint, verified: false }
    }
    const lookalike = this.#contacts.ownerOfLookalike(nick)
    if (lookalike === undefined || lookalike.identity === peer) return undefined
    return { ...ownerOf(lookalike), verified: false }
  }

  /** Another key was shown under a nickname that has an owner; whether it is the first time. */
  #contradict({ offer, owner }: Verdict & { readonly _tag: "Changed" }, now: number): boolean {
    const { conversations, output, peers } = this.client
    // `verified` is of the very nickname: whoever looks like somebody is refused, and stops nothing.
    if (owner.verified && this.#contacts.get(owner.peer)?.disputed !== true) {
      this.#contacts.update(owner.peer, { disputed: true })
      output.wish({ _tag: "KeepProfile" })
      peers?.close(owner.peer, now)
      const conversation = conversations.get(owner.peer)
      if (conversation !== undefined)
        conversation.held = undecided(conversation.nick, owner.fingerprint, offer.fingerprint)
    }
    return this.#offers.add(offer)
  }

  /** The key that is known stays; what was held back goes on. */
  #keep({ peer }: Owner, now: number): void {
    this.#contacts.update(peer, { disputed: false })
    const conversation = this.client.conversations.get(peer)
    if (conversation !== undefined) conversation.held = undefined
    const resumed = conversation?.asked === true ? this.consent(conversation, now) : undefined
    if (resumed !== undefined && !("peer" in resumed)) this.client.output.tell(failed(resumed, conversation!.nick))
  }

  /** The nickname belongs to another key from now on. */
  #give(nick: string, peer: PeerId, owner: Owner | undefined, now: number): void {
    const { conversations, output } = this.client
    if (owner !== undefined) this.#contacts.update(owner.peer, { disputed: false })
    this.#contacts.name(peer, nick)
    if (owner !== undefined) this.client.own.profile?.groups.withdraw(owner.peer)
    const former = conversations.byNick(nick)
    if (former === undefined || former.peer === peer) return
    const dropped = this.close(former, now)
    if (dropped === 0) return
    const what = dropped === 1 ? "1 message was" : `${dropped} messages were`
    const message = `${what} dropped: written to the former key of ${nick}, and never delivered`
    output.tell({ _tag: "Failed", code: "Undelivered", message, nick })
  }

  /** What has to be in place before the peer machine sends its first packet. */
  #prepare({ relay }: OfferedIntroduction, { introduction, nick, peer }: Vouched, now: number): void {
    const { peers, policies, transport } = this.client
    if (relay !== undefined)
      transport.remember(introduction.channel, relay, (channel) => peers?.knows(channel) === true, now)
    const policy = policies.ofAny([nick, ...(this.#contacts.get(peer)?.names ?? [])])
    if (policy !== undefined) peers?.setPolicy(peer, policy, now)
  }

  #open(vouched: Vouched, isAsked: boolean, now: number): { conversation: Conversation; renamed: string | undefined } {
    const { clock, conversations, peers } = this.client
    const { introduction, nick, peer } = vouched
    const { conversation, displaced, renamed } = conversations.introduce(vouched, isAsked)
    if (displaced !== undefined) peers?.close(displaced.peer, now)
    const { sequence } = introduction.record
    if (sequence > (this.#contacts.get(peer)?.record?.sequence ?? -1))
      this.#contacts.update(peer, { record: { sequence, nick, until: clock.at(now) + RECORD_LIFE } })
    return { conversation, renamed }
  }

  /** Answers or tells the call of somebody who was introduced, if it is news and there is room for it. */
  #called(conversation: Conversation, renamed: string | undefined, now: number): void {
    const { asked, called, connected, peer } = conversation
    const contact = this.#contacts.get(peer)
    // Under a nickname that is not theirs yet, people are asked for by our user or not at all.
    const isTheirs = this.#contacts.owner(called)?.identity === peer
    const isKnown = (isTheirs && contact?.consented === true) || this.#given.has(conversation.fingerprint)
    const answers = this.options.answer === "known" && isKnown && !asked
    if (asked) {
      if (renamed !== undefined) this.#tellRenamed(conversation, renamed)
      return
    }
    const isStanding = now < conversation.toldUntil || connected
    if (isStanding) this.#calls.repeat(`key ${peer}`)
    if (!isStanding || renamed !== undefined || answers) {
      const who = { isStranger: contact === undefined, isRefused: false }
      const news = this.#calls.note(`key ${peer}`, who, now)
      if (news !== undefined && renamed !== undefined && !conversation.quiet) this.#tellRenamed(conversation, renamed)
      if (news !== undefined) this.#tellCall(conversation, news, answers, now)
      else if (!connected) conversation.quiet = true
    }
    if (answers) this.consent(conversation, now)
  }

  #tellRenamed({ called, fingerprint }: Conversation, from: string): void {
    this.client.output.tell({ _tag: "Renamed", from, to: called, fingerprint })
  }

  #isBlocked({ record }: OfferedIntroduction): boolean {
    const claimed = PeerRecord.decode(Bytes.fromBase64Url(record ?? "") ?? new Uint8Array())
    return claimed !== undefined && this.client.peers?.isBlocked(peerIdOf(claimed.identity)) === true
  }

  /** The nickname that our user asked for belongs to this key from now on. */
  #own({ called, fingerprint, introduction, nick, peer }: Conversation, now: number): void {
    const { clock, output } = this.client
    const before = this.#contacts.revision
    if (this.#contacts.meet({ peer, fingerprint, nick, now: clock.at(now) }) === undefined) {
      output.tell(failed(contactsFull(nick), nick))
      return
    }
    if (this.#ownerBeside(nick, peer, false) === undefined) this.#contacts.name(peer, nick)
    const { record } = this.#contacts.get(peer)!
    const { sequence } = introduction.record
    this.#contacts.update(peer, {
      consented: true,
      ...(record === undefined ? { record: { sequence, nick: called, until: clock.at(now) + RECORD_LIFE } } : {})
    })
    if (this.#contacts.revision !== before) output.wish({ _tag: "KeepProfile" })
  }

  /** A stranger whose call was one too many has been asked for: what was not told of the connection is told now. */
  #break(conversation: Conversation): void {
    const path = conversation.quiet ? this.client.peers?.status(conversation.peer)?.path : undefined
    conversation.quiet = false
    if (path !== undefined && conversation.connected) this.tellConnected(conversation, path)
  }

  #tellCall(conversation: Conversation, { calls, hidden }: News, answered: boolean, now: number): void {
    conversation.toldUntil = now + STANDING
    conversation.quiet = false
    const { nick, peer } = conversation
    const known = this.#contacts.owner(nick)?.identity === peer
    const key = keyInfoOf(this.#contacts, conversation)
    this.client.output.tell({ _tag: "Incoming", nick, ...key, known, calls, hidden, answered })
  }

  /** Tells why somebody who called was refused, as seldom as any other call of strangers. */
  #complain(error: QueryError, nick: string, caller: string, now: number): void {
    if (this.#calls.note(caller, { isStranger: true, isRefused: true }, now) !== undefined)
      this.client.output.tell(failed(error, nick))
  }

  /** Introductions come only to registered clients, and those have a profile. */
  get #contacts() {
    return this.client.own.profile!.contacts
  }
}

/** What has become of a query. */
export type QueryOutcome =
  | { readonly _tag: "Opened"; readonly conversation: Conversation }
  | { readonly _tag: "RateLimited"; readonly error: QueryError; readonly retryAfterMs: number }
  /** Only what we know of the nickname speaks against it: what `trust` would accept. `isNews`: for the first time. */
  | { readonly _tag: "Changed"; readonly error: QueryError; readonly isNews: boolean }
  | { readonly _tag: "Failed"; readonly error: QueryError }

const ownerOf = (contact: Contact, nick = contact.nick): Owner => ({
  nick,
  peer: contact.identity,
  fingerprint: contact.fingerprint,
  verified: contact.verifiedAt !== undefined
})

/** Whether somebody is whom we asked for: by the nickname, or by what the local network's list shows for it. */
const isCalled = (asked: string, found: { readonly fingerprint: string; readonly nick: string }): boolean =>
  Nickname.key(found.nick) === Nickname.key(asked) || Nickname.key(labelOf(found)) === Nickname.key(asked)

/** ms for which a call that was told still stands: another one says nothing new. */
const STANDING = 5 * 60_000
/** ms between two notes of when we last talked to somebody: nobody wants it exactly, and each writes a file. */
const TALK_GRAIN = 10 * 60_000
/** ms for which a record is good, as `OwnRecord` signs them: an older one has expired by then. */
const RECORD_LIFE = 30 * 86_400_000

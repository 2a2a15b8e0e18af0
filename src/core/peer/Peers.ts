import type { ChannelId } from "../../domain/ChannelId.js"
import { type Endpoint, format, MAX_CANDIDATES } from "../../domain/Endpoint.js"
import { MESSAGE_ID_BYTES, type MessageId, messageIdBytes } from "../../domain/MessageId.js"
import { type PeerId, peerIdOf } from "../../domain/PeerId.js"
import * as Networks from "../nat/Networks.js"
import { Fifo } from "../support/Fifo.js"
import type { Rate } from "../support/TokenBucket.js"
import { Arrivals, type IndexEntry } from "./Arrivals.js"
import { Association } from "./Association.js"
import type { AssociationContext } from "./AssociationContext.js"
import { Absence } from "./chat/Absence.js"
import type { Conversation, SendRefusal } from "./chat/Conversation.js"
import { OwnNetworks } from "./chat/OwnNetworks.js"
import { HandshakeGate } from "./handshake/HandshakeGate.js"
import type { Introduction } from "./Introduction.js"
import type { JournalEntry } from "./Journal.js"
import { IndexTable } from "./keys/IndexTable.js"
import { PacketMemory } from "./PacketMemory.js"
import type { PeerEvent } from "./PeerEvent.js"
import type { Consent, PeerStatus } from "./PeerStatus.js"
import type { PeersOptions } from "./PeersOptions.js"
import { MAX_PEERS, MAX_REMEMBERED, MAX_STRANGERS, type NotIntroduced, PeerTable } from "./PeerTable.js"
import { PortSearches } from "./PortSearches.js"
import { AddressBudget } from "./path/AddressBudget.js"
import { Policies } from "./path/Policies.js"
import type { Policy } from "./path/Policy.js"
import type { PeerReport } from "./path/Report.js"
import type { Route, Transmit } from "./Route.js"
import { Bbr } from "./recovery/Bbr.js"
import { ReceiveBudget } from "./stream/ReceiveBudget.js"
import type { StreamId, StreamRefusal } from "./stream/StreamId.js"
import type { Streams } from "./stream/Streams.js"
import { Turns } from "./Turns.js"

/**
 * All peer links of one client: what the user wants of each, and what each has to tell. `Arrivals` finds out which peer
 * a packet is from, and `Turns` has the peers take turns in sending. What happens between us and one peer is decided in
 * its `Association`. Memory depends on the peers that the server introduced, of whom `PeerTable` bounds the number, and
 * never on what others send.
 *
 * The machine is synchronous, never throws and reads no clock: `now` is always monotonic ms. What comes in is given to
 * `handleDatagram`, `handleTimeout`, `written` and `flushed`; what the user wants, to methods of their own.
 * After every call its driver drains `pollTransmit`, `pollEvent` and `pollJournal`, and sets its alarm to
 * `pollTimeout`.
 */
export class Peers {
  readonly #options: PeersOptions
  readonly #context: AssociationContext
  readonly #known: PeerTable
  readonly #indexes: IndexTable<IndexEntry>
  #record: Uint8Array = new Uint8Array(0)
  #candidates: ReadonlyArray<Endpoint> = []
  readonly #policies = new Policies((peer) => this.#known.get(peer) !== undefined, MAX_POLICIES)
  readonly #blocked = new Set<PeerId>()
  readonly #absence = new Absence()
  readonly #networks = new OwnNetworks()
  #relayRate: Rate | undefined
  readonly #events = new Fifo<PeerEvent>()
  readonly #journal = new Fifo<JournalEntry>()
  readonly #turns: Turns
  readonly #arrivals: Arrivals
  readonly searches: PortSearches
  /** To be released when what `pollTransmit` gave has been sent. */
  readonly memory = new PacketMemory()

  constructor(options: PeersOptions) {
    this.#options = options
    const budget = options.budget ?? new AddressBudget()
    this.#turns = new Turns(budget, options.now)
    this.#indexes = new IndexTable(options.entropy)
    this.#known = new PeerTable(options.identity.publicKey, {
      make: (peer) => this.#associate(peer),
      letGo: (stranger) => this.#letGo(stranger, this.#turns.now),
      forgotten: (association) => this.#turns.forget(association)
    })
    const touch = (association: Association, now: number) => this.#touch(association, now)
    this.#arrivals = new Arrivals(this.#known, this.#indexes, touch)
    const guesses = options.portGuessing === true
    this.searches = new PortSearches(this.#known, this.#networks, guesses, touch)
    this.#context = {
      crypto: options.crypto,
      entropy: options.entropy,
      staticKeys: options.identity.staticKeys,
      startedAt: options.now,
      record: () => this.#record,
      candidates: (peer) => (this.#policies.of(peer) === "relay-only" ? [] : this.#candidates),
      policy: (peer) => this.#policies.of(peer),
      nat: () => Networks.oneWord(this.#networks.value),
      guesses,
      emit: (event) => void this.#events.push(event),
      journal: options.past && {
        past: options.past,
        write: (entry) => void this.#journal.push(entry)
      },
      transmit: (transmit) => this.#turns.send(transmit),
      indexes: this.#indexes,
      gate: new HandshakeGate(options.crypto, options.entropy, options.now),
      memory: this.memory,
      receiving: new ReceiveBudget(),
      budget,
      absence: this.#absence,
      networks: this.#networks,
      relayRate: () => this.#relayRate,
      congestion: options.congestion ?? (() => new Bbr(options.entropy.bytes(1)[0]!))
    }
  }

  /** What the server says that its relay takes of us on each channel introduced from now on, if it says so. */
  setRelayRate(rate: Rate | undefined): void {
    this.#relayRate = rate
  }

  /** Our own record (signed bytes) and candidates, for handshakes and CANDIDATES frames from now on. */
  setLocal(record: Uint8Array, candidates: ReadonlyArray<Endpoint>, now: number): void {
    const before = this.#candidates.map(format).join()
    this.#record = record
    this.#candidates = candidates.slice(0, MAX_CANDIDATES)
    if (before === this.#candidates.map(format).join()) return
    for (const association of this.#known.all) {
      association.candidatesChanged(now)
      this.#touch(association, now)
    }
  }

  /**
   * We asked for this peer: this gives our consent, so messages may be sent, and begins a handshake. To be called again
   * with each fresh introduction of the peer, as after a restart of either side or of the server. Strangers never leave
   * it without room.
   */
  invite(introduction: Introduction, now: number): Introduced {
    const opened = this.#introduce(introduction, true, now)
    if (typeof opened === "string") return opened
    opened.association.invite(opened.introduction, now)
    this.#touch(opened.association, now)
    return "Taken"
  }

  /**
   * The peer asked for us: from now on its handshakes are answered, it has the credit of an inviter, and packets of
   * ours open our NAT's filter for it. As long as we have not asked for it, it is a stranger: it may have to make room
   * for another one, and is let go when it has said nothing for `STRANGER_STAYS` (`LetGo`).
   */
  admit(introduction: Introduction, now: number): Introduced {
    const opened = this.#introduce(introduction, false, now)
    if (typeof opened === "string") return opened
    opened.association.admit(opened.introduction, now)
    this.#touch(opened.association, now)
    return "Taken"
  }

  /**
   * From now on this peer hears nothing of us, not even a goodbye, and no packet of it costs more than a look-up. What
   * we have with it ends (`LetGo`); messages of ours wait until they are dropped. The caller bounds how many are
   * blocked.
   */
  block(peer: PeerId, now: number): void {
    this.#blocked.add(peer)
    const association = this.#known.get(peer)
    if (association === undefined) return
    this.#known.forgetChannels(association)
    association.close(now, true)
    this.#events.push({ _tag: "LetGo", peer })
    this.#touch(association, now)
  }

  /** Whether packets on this channel mean anything to us. */
  knows(channel: ChannelId): boolean {
    return this.#known.on(channel) !== undefined
  }

  isBlocked(peer: PeerId): boolean {
    return this.#blocked.has(peer)
  }

  /** The peer may be introduced again. */
  unblock(peer: PeerId): void {
    this.#blocked.delete(peer)
  }

  /**
   * Accepts a message into the outbox, in order; it leaves as soon as a connection and credit allow. `writtenAt`, ms
   * since 1970 UTC, goes with it, where there is one.
   */
  send(peer: PeerId, text: string, now: number, writtenAt?: number): MessageId | SendRefusal {
    const association = this.#known.get(peer)
    if (association === undefined) return { _tag: "NotConsented" }
    const result = association.conversation.send(text, this.#options.entropy.bytes(MESSAGE_ID_BYTES), writtenAt)
    this.#touch(association, now)
    return result
  }

  /**
   * Accepts a message to one member of a group, under an id that it has in common with those to the others. `group` is
   * the body of its GROUP. The peer may be one that our user has asked for and that was not introduced yet: the message
   * then waits for `invite`.
   */
  sendToMember(peer: PeerId, { group, id, text, writtenAt }: ToMember, now: number): MessageId | SendRefusal {
    const association = this.#blocked.has(peer) ? undefined : this.#known.expect(peer)
    if (association === undefined) return { _tag: "NotConsented" }
    const result = association.conversation.send(text, messageIdBytes(id), writtenAt, group)
    this.#touch(association, now)
    return result
  }

  /** Whether this message of ours waits to be delivered to this peer. */
  holds(peer: PeerId, id: MessageId): boolean {
    return this.#known.get(peer)?.conversation.holds(id) === true
  }

  /** Messages of ours that wait to be delivered to this peer. */
  undelivered(peer: PeerId): number {
    return this.#known.get(peer)?.conversation.undelivered ?? 0
  }

  /** Whether the bytes of those take less than half of the room for them. */
  isRoomy(peer: PeerId): boolean {
    return this.#known.get(peer)?.conversation.isRoomy ?? true
  }

  /** Whether the program of a connected peer knows groups; `undefined` while it is not connected. */
  knowsGroups(peer: PeerId): boolean | undefined {
    return this.#known.get(peer)?.connection?.chat.knowsGroups
  }

  /**
   * The application has shown this message: confirms it to the sender, and lets the sender send more; with a journal,
   * as soon as that is written.
   */
  delivered(peer: PeerId, id: MessageId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    association.conversation.shown(id)
    this.#afterShown(association, now)
  }

  /**
   * A person has read this message and all before it: tells the sender, once it is delivered and we have asked for
   * them.
   */
  read(peer: PeerId, id: MessageId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    association.conversation.read(id)
    this.#touch(association, now)
  }

  /**
   * Our user is away, and says this about it, of which 256 bytes go out; or is there again (`undefined`). All who are
   * connected are told, and whoever will be, also those we have not asked for: a caller is to know.
   */
  setAway(text: string | undefined, now: number): void {
    this.#absence.set(text)
    for (const association of this.#known.all) this.#touch(association, now)
  }

  /** Gives up what was not delivered; the ids that were dropped, oldest first. */
  dropOutbox(peer: PeerId, now: number): ReadonlyArray<MessageId> {
    const association = this.#known.get(peer)
    if (association === undefined) return []
    this.#touch(association, now)
    return association.conversation.dropOutbox()
  }

  /** Says goodbye, ends the connection, and withdraws our consent. The outbox stays until it is dropped. */
  close(peer: PeerId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    this.#known.forgetChannels(association)
    association.close(now)
    this.#touch(association, now)
  }

  /** Says goodbye to all. Drain `pollTransmit` once more afterwards. */
  closeAll(now: number): void {
    for (const { peer } of this.#known.all) this.close(peer, now)
  }

  /**
   * To be called when there is reason to think that the peer's reachability has changed: its paths are probed at once
   * instead of at the next heartbeat.
   */
  nudge(peer: PeerId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    association.nudge(now)
    association.handleTimeout(now)
    this.#touch(association, now)
  }

  /**
   * Which paths may be used with this peer from now on, or with all that have no policy of their own. To be set before
   * the introduction where possible: addresses that the peer was told already cannot be taken back. The policy of a
   * peer that is not known may be forgotten when there are more than `MAX_POLICIES`.
   */
  setPolicy(peer: PeerId | undefined, policy: Policy, now: number): void {
    this.#policies.set(peer, policy)
    for (const association of this.#known.all) {
      if (peer !== undefined && association.peer !== peer) continue
      association.policyChanged(now)
      this.#touch(association, now)
    }
  }

  /** Sets what is known of our own networks: peers are told, in handshakes and when it changes. */
  setNetworks(networks: Networks.Networks, now: number): void {
    if (!this.#networks.set(networks)) return
    for (const association of this.#known.all) this.#touch(association, now)
  }

  /** All that is known of how this peer is reached now, and was reached before. */
  explain(peer: PeerId, now: number): PeerReport | undefined {
    return this.#known.get(peer)?.explain(now)
  }

  status(peer: PeerId): PeerStatus | undefined {
    const association = this.#known.get(peer)
    if (association === undefined || !isOpen(association)) return undefined
    const { connection, conversation } = association
    const mutual = connection?.chat.mutual === true
    const consent: Consent = mutual ? "mutual" : conversation.consented ? "inviting" : "invited"
    return {
      peer,
      consent,
      mutual,
      connected: connection !== undefined,
      path: connection?.paths.active?.info(),
      undelivered: conversation.undelivered
    }
  }

  /** Peers with a conversation or an open introduction. */
  peers(): ReadonlyArray<PeerId> {
    return [...this.#known.all].filter(isOpen).map((association) => association.peer)
  }

  /**
   * Begins a stream beside the conversation: bytes in order, both ways, each direction with an end of its own. Only
   * between two that have asked for each other. The peer learns of it with the first bytes. A stream lives no longer
   * than its connection.
   */
  openStream(peer: PeerId, now: number): StreamId | StreamRefusal {
    const connection = this.#known.get(peer)?.connection
    if (connection === undefined || !connection.chat.mutual) return { _tag: "NotMutual" }
    return this.#useStreams(peer, now, (streams) => streams.open())!
  }

  /**
   * Takes over `data` (at most `MAX_WRITE` bytes; it must not change any more). `true`: go on; `false`: taken, but wait
   * for `StreamWritable` before the next, or memory grows; `undefined`: the stream is gone or finished.
   */
  writeStream(peer: PeerId, stream: StreamId, data: Uint8Array, now: number): boolean | undefined {
    return this.#useStreams(peer, now, (streams) => streams.write(stream, data))
  }

  /** Ends our direction: the peer reads an end after the bytes written so far. */
  finishStream(peer: PeerId, stream: StreamId, now: number): void {
    this.#useStreams(peer, now, (streams) => streams.finish(stream))
  }

  /**
   * The next bytes in order, `"end"` once after the last, `undefined` when there is nothing now (`StreamReadable`
   * follows) or never will be. Reading is what lets the peer send more. The bytes belong to the caller.
   */
  readStream(peer: PeerId, stream: StreamId, now: number): Uint8Array | "end" | undefined {
    return this.#useStreams(peer, now, (streams) => streams.read(stream))
  }

  /**
   * Gives a stream up in both directions; what was not delivered is dropped. `code` is the application's, from 2 on.
   */
  resetStream(peer: PeerId, stream: StreamId, code: number, now: number): void {
    this.#useStreams(peer, now, (streams) => streams.reset(stream, code))
  }

  handleDatagram(from: Route, data: Uint8Array, now: number): void {
    // An application that does not drain its events is as good as a network that drops: the peer sends again.
    if (this.#events.length < MAX_EVENTS) this.#arrivals.handle(from, data, now)
  }

  handleTimeout(now: number): void {
    for (const association of this.#turns.due(now)) {
      association.handleTimeout(now)
      if (now >= association.letGoAt) this.#letGo(association, now)
      this.#touch(association, now)
    }
  }

  pollTransmit(now: number): Transmit | undefined {
    return this.#turns.pollTransmit(now)
  }

  pollTimeout(): number | undefined {
    return this.#turns.pollTimeout()
  }

  pollEvent(): PeerEvent | undefined {
    return this.#events.shift()
  }

  /** The next entry to write down; none, ever, from a machine without a journal. */
  pollJournal(): JournalEntry | undefined {
    return this.#journal.shift()
  }

  /**
   * These entries, in the order in which they were polled, would survive the end of the process, or writing them has
   * failed for good: what waited for them goes on.
   */
  written(entries: ReadonlyArray<JournalEntry>, now: number): void {
    let association: Association | undefined
    let hasShown = false
    const finish = () => {
      if (association !== undefined && hasShown) this.#afterShown(association, now)
      else if (association !== undefined) this.#touch(association, now)
    }
    for (const entry of entries) {
      if (association?.peer !== entry.peer) {
        finish()
        association = this.#known.get(entry.peer)
        hasShown = false
      }
      association?.conversation.written(entry)
      hasShown ||= entry._tag === "Shown"
    }
    finish()
  }

  /** They would survive a loss of power too, and all before them: of our messages to one peer the last is enough. */
  flushed(entries: ReadonlyArray<JournalEntry>): void {
    const told = new Set<Conversation>()
    for (const entry of entries) {
      const conversation = this.#known.get(entry.peer)?.conversation
      if (conversation === undefined) continue
      conversation.flushed(entry)
      told.add(conversation)
    }
    for (const conversation of told) conversation.tellFlushed()
  }

  #associate(peer: PeerId): Association {
    const association: Association = new Association(peer, this.#context, (index, target) =>
      this.#indexes.register(index, { association, target })
    )
    return association
  }

  #introduce(introduction: Introduction, asking: boolean, now: number) {
    this.#turns.at(now)
    if (this.#blocked.has(peerIdOf(introduction.record.identity))) return "Blocked"
    return this.#known.introduce(introduction, asking)
  }

  #letGo(stranger: Association, now: number): void {
    this.close(stranger.peer, now)
    this.#events.push({ _tag: "LetGo", peer: stranger.peer })
  }

  /** The application has shown something: the conversation may have room for more. */
  #afterShown(association: Association, now: number): void {
    association.connection?.onShown()
    association.afterChange(now)
    this.#touch(association, now)
  }

  #useStreams<A>(peer: PeerId, now: number, use: (streams: Streams) => A): A | undefined {
    const association = this.#known.get(peer)
    const streams = association?.connection?.streams
    if (association === undefined || streams === undefined) return undefined
    this.#touch(association, now)
    return use(streams)
  }

  /** The association has changed: it may have something to send, unless it was forgotten meanwhile. */
  #touch(association: Association, now: number): void {
    this.#turns.at(now)
    if (this.#known.get(association.peer) === association) this.#turns.add(association)
  }
}

/** A message to one member of a group. */
export interface ToMember {
  readonly id: MessageId
  readonly text: string
  /** ms since 1970 UTC. */
  readonly writtenAt: number
  readonly group: Uint8Array
}

/** Whether an introduction was taken, or why not. */
export type Introduced = "Taken" | "Blocked" | NotIntroduced

/** Whether the peer is of interest to the application: it is introduced, or messages wait for it. */
const isOpen = (association: Association): boolean =>
  association.introductions.size > 0 || association.conversation.undelivered > 0

/** All that can be known at once, so that whoever is known keeps its policy, and one that is introduced next. */
const MAX_POLICIES = MAX_PEERS + MAX_STRANGERS + MAX_REMEMBERED + 1
/** Events that may wait for the application before datagrams are dropped; one packet or one call may add a few more. */
const MAX_EVENTS = 16_384

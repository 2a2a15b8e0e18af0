import type { Crypto, KeyPair } from "../../domain/Crypto.js"
import { type Endpoint, format } from "../../domain/Endpoint.js"
import { MESSAGE_ID_BYTES, type MessageId } from "../../domain/MessageId.js"
import type { PeerId } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_PACKET, PacketType, readHeader } from "../../protocol/DataPacket.js"
import type { NatKind } from "../nat/NatKind.js"
import { DeadlineHeap } from "../support/DeadlineHeap.js"
import type {
  Consent,
  Introduction,
  JournalEntry,
  Past,
  PeerEvent,
  PeerStatus,
  PeersMachine,
  Route,
  SendRefusal,
  StreamId,
  StreamRefusal,
  Transmit
} from "./Api.js"
import { Association } from "./Association.js"
import type { AssociationContext } from "./AssociationContext.js"
import { peek } from "./handshake/Handshake.js"
import { IndexTable } from "./keys/IndexTable.js"
import { PacketMemory } from "./PacketMemory.js"
import { MAX_PEERS, PeerTable } from "./PeerTable.js"
import type { Policy } from "./path/Policy.js"
import type { PeerReport } from "./path/Report.js"
import { Bbr } from "./recovery/Bbr.js"
import type { CongestionController } from "./recovery/CongestionController.js"
import type { Streams } from "./stream/Streams.js"

export interface PeersOptions {
  readonly crypto: Crypto
  /** Fresh unpredictable bytes: the only randomness of the machine. */
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly identity: {
    /** Ed25519, 32 bytes. */
    readonly publicKey: Uint8Array
    /** X25519, for the handshake. */
    readonly staticKeys: KeyPair
  }
  /** Monotonic ms. */
  readonly now: number
  /** What decides how fast a path is used, made for each use of one; `Bbr` when left out. */
  readonly congestion?: () => CongestionController
  /**
   * What earlier processes left of the conversation with a peer. Present when there is a journal: `pollJournal` is to
   * be drained.
   */
  readonly past?: (peer: PeerId) => Past | undefined
}

/**
 * All peer links of one client: finds out which peer a packet is for, lets the peers take turns in sending, and
 * collects what happened. What happens between us and one peer is decided in its `Association`.
 *
 * A packet is looked up before any key is touched: DATA and HS2 by an index that we chose, HS1 by the channel that the
 * server gave to the pair. A packet that is not found, or that does not fit, leaves no trace. So memory depends on the
 * peers that the server introduced, at most `MAX_PEERS`, and never on what strangers send.
 */
export class Peers implements PeersMachine {
  readonly #context: AssociationContext
  readonly #known: PeerTable
  readonly #indexes: IndexTable
  #record: Uint8Array = new Uint8Array(0)
  #candidates: ReadonlyArray<Endpoint> = []
  #policy: Policy = "prefer-direct"
  /** Of the peers that have a policy of their own; at most `MAX_PEERS`. */
  readonly #policies = new Map<PeerId, Policy>()
  #nat: NatKind = "unknown"
  readonly #events: Array<PeerEvent> = []
  readonly #journal: Array<JournalEntry> = []
  /** Handshakes and goodbyes. */
  readonly #urgent: Array<Transmit> = []
  /** Associations that may have something to send, in the order of their turns. */
  readonly #ready = new Set<Association>()
  readonly #timeouts = new DeadlineHeap<Association>()
  #now: number

  constructor(private readonly options: PeersOptions) {
    this.#now = options.now
    this.#indexes = new IndexTable(options.entropy)
    this.#known = new PeerTable(
      options.identity.publicKey,
      (peer) => new Association(peer, this.#context),
      (association) => {
        this.close(association.peer, this.#now)
        this.#ready.delete(association)
        this.#timeouts.delete(association)
      }
    )
    this.#context = {
      crypto: options.crypto,
      entropy: options.entropy,
      staticKeys: options.identity.staticKeys,
      startedAt: options.now,
      record: () => this.#record,
      candidates: (peer) => (this.#policyOf(peer) === "relay-only" ? [] : this.#candidates),
      policy: (peer) => this.#policyOf(peer),
      nat: () => this.#nat,
      emit: (event) => {
        this.#events.push(event)
      },
      journal: options.past && {
        past: options.past,
        write: (entry) => {
          this.#journal.push(entry)
        }
      },
      transmit: (transmit) => {
        this.#urgent.push(transmit)
        if (this.#urgent.length > MAX_URGENT) this.#urgent.shift()
      },
      indexes: this.#indexes,
      memory: new PacketMemory(),
      congestion: options.congestion ?? (() => new Bbr(options.entropy.bytes(1)[0]!))
    }
  }

  setLocal(record: Uint8Array, candidates: ReadonlyArray<Endpoint>, now: number): void {
    const before = this.#candidates.map(format).join()
    this.#record = record
    this.#candidates = candidates.slice(0, MAX_OWN_CANDIDATES)
    if (before === this.#candidates.map(format).join()) return
    for (const association of this.#known.all) {
      association.candidatesChanged(now)
      this.#touch(association, now)
    }
  }

  invite(introduction: Introduction, now: number): void {
    const opened = this.#known.introduce(introduction)
    if (opened === undefined) return
    opened.association.invite(opened.introduction, now)
    this.#touch(opened.association, now)
  }

  admit(introduction: Introduction, now: number): void {
    const opened = this.#known.introduce(introduction)
    if (opened === undefined) return
    opened.association.admit(opened.introduction, now)
    this.#touch(opened.association, now)
  }

  send(peer: PeerId, text: string, now: number): MessageId | SendRefusal {
    const association = this.#known.get(peer)
    if (association === undefined) return { _tag: "NotConsented" }
    const result = association.conversation.send(text, this.options.entropy.bytes(MESSAGE_ID_BYTES))
    this.#touch(association, now)
    return result
  }

  delivered(peer: PeerId, id: MessageId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    association.conversation.shown(id)
    this.#afterShown(association, now)
  }

  read(peer: PeerId, id: MessageId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    association.conversation.read(id)
    this.#touch(association, now)
  }

  dropOutbox(peer: PeerId, now: number): ReadonlyArray<MessageId> {
    const association = this.#known.get(peer)
    if (association === undefined) return []
    this.#touch(association, now)
    return association.conversation.dropOutbox()
  }

  close(peer: PeerId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    this.#known.forgetChannels(association)
    association.close(now)
    this.#touch(association, now)
  }

  closeAll(now: number): void {
    for (const { peer } of this.#known.all) this.close(peer, now)
  }

  nudge(peer: PeerId, now: number): void {
    const association = this.#known.get(peer)
    if (association === undefined) return
    association.nudge(now)
    association.handleTimeout(now)
    this.#touch(association, now)
  }

  setPolicy(peer: PeerId | undefined, policy: Policy, now: number): boolean {
    if (peer === undefined) this.#policy = policy
    else if (this.#policies.has(peer) || this.#policies.size < MAX_PEERS) this.#policies.set(peer, policy)
    else return false
    for (const association of this.#known.all) {
      if (peer !== undefined && association.peer !== peer) continue
      association.policyChanged(now)
      this.#touch(association, now)
    }
    return true
  }

  setNat(kind: NatKind): void {
    this.#nat = kind
  }

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

  peers(): ReadonlyArray<PeerId> {
    return [...this.#known.all].filter(isOpen).map((association) => association.peer)
  }

  openStream(peer: PeerId, now: number): StreamId | StreamRefusal {
    const connection = this.#known.get(peer)?.connection
    if (connection === undefined || !connection.chat.mutual) return { _tag: "NotMutual" }
    return this.#useStreams(peer, now, (streams) => streams.open())!
  }

  writeStream(peer: PeerId, stream: StreamId, data: Uint8Array, now: number): boolean | undefined {
    return this.#useStreams(peer, now, (streams) => streams.write(stream, data))
  }

  finishStream(peer: PeerId, stream: StreamId, now: number): void {
    this.#useStreams(peer, now, (streams) => streams.finish(stream))
  }

  readStream(peer: PeerId, stream: StreamId, now: number): Uint8Array | "end" | undefined {
    return this.#useStreams(peer, now, (streams) => streams.read(stream))
  }

  resetStream(peer: PeerId, stream: StreamId, code: number, now: number): void {
    this.#useStreams(peer, now, (streams) => streams.reset(stream, code))
  }

  handleDatagram(from: Route, data: Uint8Array, now: number): void {
    // An application that does not drain its events is as good as a network that drops: the peer sends again.
    if (data.length > MAX_PACKET || this.#events.length >= MAX_EVENTS) return
    // The server carries packets only for those whom it has introduced.
    if (from._tag === "Relay" && this.#known.on(from.channel) === undefined) return
    switch (data[0]) {
      case PacketType.data:
        this.#handleData(from, data, now)
        return
      case PacketType.handshake1:
      case PacketType.handshake2:
        this.#handleHandshake(from, data, now)
    }
  }

  handleTimeout(now: number): void {
    for (const association of this.#timeouts.due(now)) {
      association.handleTimeout(now)
      this.#touch(association, now)
    }
  }

  pollTransmit(now: number): Transmit | undefined {
    const urgent = this.#urgent.shift()
    if (urgent !== undefined) return urgent
    for (const association of this.#ready) {
      const transmit = association.pollTransmit(now)
      // Whoever is alone needs no turns.
      if (transmit !== undefined && this.#ready.size === 1) return transmit
      this.#ready.delete(association)
      if (transmit !== undefined) {
        this.#ready.add(association)
        return transmit
      }
      this.#timeouts.set(association, association.timeout(now))
    }
    return undefined
  }

  pollTimeout(): number | undefined {
    if (this.#ready.size > 0 || this.#urgent.length > 0) return this.#now
    const { next } = this.#timeouts
    return next === Number.POSITIVE_INFINITY ? undefined : next
  }

  pollEvent(): PeerEvent | undefined {
    return this.#events.shift()
  }

  pollJournal(): JournalEntry | undefined {
    return this.#journal.shift()
  }

  journaled(entries: ReadonlyArray<JournalEntry>, now: number): void {
    for (const entry of entries) {
      const association = this.#known.get(entry.peer)
      if (association === undefined) continue
      association.conversation.journaled(entry)
      if (entry._tag === "Shown") this.#afterShown(association, now)
      else this.#touch(association, now)
    }
  }

  /** The conversation may have room for more. */
  #afterShown(association: Association, now: number): void {
    association.connection?.onShown()
    association.afterChange(now)
    this.#touch(association, now)
  }

  #handleData(from: Route, data: Uint8Array, now: number): void {
    const header = readHeader(data)
    const entry = header && this.#indexes.get(header.receiverIndex)
    if (header === undefined || entry?._tag !== "Epoch") return
    const { association, connection, epoch } = entry
    association.handleData(connection, epoch, header.counter, data, from, now)
    this.#touch(association, now)
  }

  #handleHandshake(from: Route, data: Uint8Array, now: number): void {
    const header = peek(data)
    if (header === undefined) return
    if (header.type === PacketType.handshake1) {
      const known = this.#known.on(Bytes.toBase64Url(header.channel))
      if (known === undefined) return
      known.association.handleHs1(known.introduction, data, from, now)
      this.#touch(known.association, now)
      return
    }
    const entry = this.#indexes.get(header.receiverIndex)
    if (entry?._tag !== "Attempt") return
    entry.association.handleHs2(entry.attempt, data, from, now)
    this.#touch(entry.association, now)
  }

  #useStreams<A>(peer: PeerId, now: number, use: (streams: Streams) => A): A | undefined {
    const association = this.#known.get(peer)
    const streams = association?.connection?.streams
    if (association === undefined || streams === undefined) return undefined
    this.#touch(association, now)
    return use(streams)
  }

  /**
   * The association has changed: it may have something to send, and its timeout is worked out anew once it has been
   * asked.
   */
  #touch(association: Association, now: number): void {
    this.#now = now
    if (this.#known.get(association.peer) === association) this.#ready.add(association)
  }

  #policyOf(peer: PeerId): Policy {
    return this.#policies.get(peer) ?? this.#policy
  }
}

/** Whether there is something to say about the peer: it is introduced, or messages wait for it. */
const isOpen = (association: Association): boolean =>
  association.introductions.size > 0 || association.conversation.undelivered > 0

/** Our own candidates, as many as a handshake carries. */
const MAX_OWN_CANDIDATES = 8
/** Packets outside connections that wait for the driver: three goodbyes to every peer. The oldest is dropped. */
const MAX_URGENT = 3 * MAX_PEERS
/** Events that wait for the application, above what one packet or one call makes of them. */
const MAX_EVENTS = 16_384

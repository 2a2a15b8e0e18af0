import type { ChannelId } from "../../domain/ChannelId.js"
import type { PeerId } from "../../domain/PeerId.js"
import * as Bytes from "../../protocol/Bytes.js"
import { PacketType } from "../../protocol/DataPacket.js"
import type { HandshakePayload } from "../../protocol/Handshake.js"
import * as NatKind from "../nat/NatKind.js"
import * as Networks from "../nat/Networks.js"
import { NEVER } from "../support/Deadline.js"
import type { AssociationContext } from "./AssociationContext.js"
import { Connection } from "./Connection.js"
import { Conversation } from "./chat/Conversation.js"
import type { Attempt, AttemptKind } from "./handshake/Attempt.js"
import { HalfOpen, isNamed } from "./handshake/HalfOpen.js"
import type { Received } from "./handshake/Handshake.js"
import { HandshakeInitiator } from "./handshake/HandshakeInitiator.js"
import { HandshakeResponder } from "./handshake/HandshakeResponder.js"
import * as Terms from "./handshake/HandshakeTerms.js"
import type { OpenIntroduction } from "./handshake/OpenIntroduction.js"
import type { Epoch } from "./keys/Epoch.js"
import type { DisconnectReason } from "./PeerEvent.js"
import { PathHistory } from "./path/PathHistory.js"
import { type Policy, permits } from "./path/Policy.js"
import { RelayAllowance } from "./path/RelayAllowance.js"
import type { PeerReport } from "./path/Report.js"
import { sharedAddress } from "./path/SharedAddress.js"
import type { Route, Transmit } from "./Route.js"

/**
 * Everything between us and one peer identity: its conversation, at most one connection in use, the connections that we
 * made by answering a handshake and that are not confirmed yet, and at most one handshake that we began.
 *
 * A handshake names the ends of the connection that its sender believes in. When both sides name the same pair, it
 * brings new keys to that connection; otherwise it makes a new one, and the conversation starts over with what was not
 * delivered. When both begin at once, the side with the lower static key stays the initiator: it does not answer the
 * other's HS1, but sends its own HS1 to the address that the other's came from, on the same channel. The other side
 * answers that one and forgets its own.
 */
export class Association {
  readonly #context: AssociationContext
  readonly #onIndex: (index: number, target: IndexTarget) => void
  readonly conversation: Conversation
  #connection: Connection | undefined
  readonly #unconfirmed = new HalfOpen()
  readonly #own: HandshakeInitiator
  readonly #responder: HandshakeResponder
  /**
   * The introduction on which we begin handshakes: that of our newest `invite`, or the one that the connection in use
   * came from.
   */
  #introduction: OpenIntroduction | undefined
  /** The introduction that the connection in use came from. */
  #connectedOn: OpenIntroduction | undefined
  /** By channel; at most `MAX_OPEN`, newest last. */
  readonly introductions = new Map<ChannelId, OpenIntroduction>()
  /** The routes of the last connection; a new handshake tries them too. */
  #lastRoutes: ReadonlyArray<Route> = []
  readonly #history = new PathHistory()
  #wasAsked = false
  #spokeAt = Number.NEGATIVE_INFINITY
  /** When the peer was introduced last as one that asked for us. */
  #calledAt = Number.NEGATIVE_INFINITY
  #peerNat: NatKind.NatKind = "unknown"

  constructor(
    readonly peer: PeerId,
    context: AssociationContext,
    /** Packets to `index`, which is ours, mean `target` from now on. */
    onIndex: (index: number, target: IndexTarget) => void
  ) {
    this.#context = context
    this.#onIndex = onIndex
    this.conversation = new Conversation(peer, context.emit, context.journal, context.absence, context.networks)
    this.#own = new HandshakeInitiator(context, this.conversation, (attempt) =>
      onIndex(attempt.index, { _tag: "Attempt", attempt })
    )
    this.#responder = new HandshakeResponder(context, this.conversation)
  }

  /** The connection that the application knows of. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  /** Whether we have not asked for the peer, and no message of ours waits for it. */
  get isStranger(): boolean {
    return !this.conversation.consented && this.conversation.undelivered === 0
  }

  /** Whether the peer may reach us. */
  get isOpen(): boolean {
    return this.introductions.size > 0
  }

  /** Whether we have asked for the peer since we know it. */
  get wasAsked(): boolean {
    return this.#wasAsked
  }

  /** When the peer was first introduced as a stranger, or last said something new. Another introduction is not news. */
  get spokeAt(): number {
    return this.#spokeAt
  }

  /** When a stranger who says nothing is let go. */
  get letGoAt(): number {
    return this.isStranger && this.isOpen ? Math.max(this.#spokeAt, this.#calledAt) + STRANGER_STAYS : NEVER
  }

  invite(introduction: OpenIntroduction, now: number): void {
    const news = !this.conversation.consented
    this.conversation.consented = true
    this.#wasAsked = true
    introduction.inviting = true
    const isFirst = this.#connection === undefined
    const waits = isFirst && this.#own.open === undefined && introduction.isCalling(this.#policy, now)
    if (!waits) introduction.stopOpening()
    this.#introduction = introduction
    for (const connection of [this.#connection, ...this.#unconfirmed.connections]) {
      if (news) connection?.chat.onConsentGiven()
      if (connection === undefined) continue
      this.#addRoutes(connection, introduction, now)
      connection.paths.probeAll(now)
    }
    if (this.#connection !== undefined && this.#connectedOn === introduction) {
      this.#learn(introduction, now)
      return
    }
    if (waits) this.#own.plan(introduction, now)
    else this.#begin(isFirst ? "first" : "rekey", introduction, now)
  }

  admit(introduction: OpenIntroduction, now: number): void {
    if (this.introductions.size === 1 && this.#introduction === undefined) this.#spokeAt = now
    this.#calledAt = now
    introduction.called(now)
    this.#introduction ??= introduction
    this.#learn(introduction, now)
    if (!introduction.inviting) introduction.startOpening(now)
  }

  /**
   * Withdraws our consent, and forgets everything but the conversation. The peer is told goodbye, unless it is to hear
   * nothing more of us (`silently`).
   */
  close(now: number, silently = false): void {
    this.conversation.consented = false
    this.#own.drop()
    this.#unconfirmed.dropAll()
    this.introductions.clear()
    this.#introduction = undefined
    if (this.#connection === undefined) return
    this.#connection.ended = "closed"
    this.#afterConnection(now, silently)
  }

  /** The peer's reachability may have changed: probes its paths, and sends an open handshake again, at once. */
  nudge(now: number): void {
    this.#connection?.paths.retry(now)
    this.#own.open?.sendNow(now)
  }

  /** Our own candidates changed: tells the peer the new ones, and probes all paths. */
  candidatesChanged(now: number): void {
    this.#connection?.paths.retry(now)
  }

  policyChanged(now: number): void {
    for (const connection of [this.#connection, ...this.#unconfirmed.connections]) {
      if (connection === undefined) continue
      connection.setPolicy(this.#policy, now)
      for (const introduction of this.introductions.values()) this.#addRoutes(connection, introduction, now)
    }
    // A handshake under way was sent to the routes that the former policy permitted, and names the addresses that it
    // let us tell: it is begun anew.
    const attempt = this.#own.open
    if (attempt !== undefined) this.#begin(attempt.kind, attempt.introduction, now)
  }

  explain(now: number): PeerReport {
    const told = this.#context.candidates(this.peer)
    const own = this.#context.networks.value
    const known = [...this.introductions.values()].flatMap(({ endpoints }) => endpoints)
    return {
      connected: this.#connection !== undefined,
      policy: this.#policy,
      relayOffered: [...this.introductions.values()].some(({ relay }) => relay),
      own,
      peer: this.conversation.peerNetworks ?? Networks.toldOf(this.#peerNat, known, own),
      known: known.length,
      sharedAddress: sharedAddress(told, this.#connection?.paths.all ?? []),
      told: told.length,
      connection: this.#connection?.explain(now),
      changes: this.#history.changes
    }
  }

  /** An HS1 that came on the channel of this introduction, and `mac2` where it showed a cookie. */
  handleHs1(
    introduction: OpenIntroduction,
    packet: Uint8Array,
    mac2: Uint8Array | undefined,
    route: Route,
    now: number
  ): void {
    if (!permits(this.#policy, route)) return
    if (this.#responder.repeat(introduction, packet, route)) {
      this.#hear(route, packet, now)
      return
    }
    if (!this.#responder.isNews(introduction, packet)) return
    this.#hear(route, packet, now)
    const attempt = this.#own.open
    const ownKey = this.#context.staticKeys.publicKey
    const leads = attempt !== undefined && Bytes.compare(ownKey, introduction.record.staticKey) < 0
    if (leads && attempt.introduction === introduction) {
      // Ours goes back to where the peer's came from, once for each: it may be an old one that somebody else sent
      // again.
      this.#context.transmit({ route, data: attempt.packetTo(this.#context.crypto, route, now) })
      return
    }
    const terms = { introduction, isStranger: this.isStranger, hs1: packet, mac2, route }
    const verdict = this.#context.gate.judge(terms, now)
    if (verdict instanceof Uint8Array) this.#context.transmit({ route, data: verdict })
    if (verdict !== "Open") return
    const received = Terms.receive(this.#context, introduction, packet, now)
    if (received === undefined) return
    if (leads) {
      // The peer may have forgotten the channel that our handshake is on. It knows the one that its own handshake came
      // on, so ours goes on there.
      this.#begin(attempt.kind, introduction, now, [route])
      return
    }
    this.#answer(introduction, packet, received, route, now)
  }

  handleHs2(attempt: Attempt, packet: Uint8Array, route: Route, now: number): void {
    if (attempt !== this.#own.open || !permits(this.#policy, route)) return
    const result = attempt.initiation.complete(packet)
    if (result === undefined) return
    const payload = result.remotePayload
    const { index, introduction, localId, rekeys } = attempt
    if (!Terms.areFrom(introduction, payload) || !Bytes.equal(payload.peerConnection, localId)) return
    introduction.learn(payload.candidates)
    this.#own.complete()
    const epoch = Terms.epochOf(this.#context, result, index, true, now)
    if (rekeys !== undefined && rekeys.ended === undefined && Bytes.equal(payload.connection, rekeys.remoteId)) {
      this.#onIndex(index, { _tag: "Epoch", connection: rekeys, epoch })
      rekeys.keys.advance(epoch, now)
      rekeys.paths.heard(route, packet.length, false, now)
      rekeys.confirm(now)
      rekeys.paths.active?.probe(now)
      this.#refresh(rekeys, payload, now)
      this.#connectedOn = introduction
      return
    }
    this.#hear(route, packet, now)
    const connection = this.#connect(epoch, localId, payload, introduction, now)
    connection.begin(route, packet.length, 0, attempt.rtt(now), now)
    this.#unconfirmed.dropAll()
    this.#use(connection, introduction, now)
  }

  handleRetry(attempt: Attempt, packet: Uint8Array, route: Route, now: number): void {
    if (attempt === this.#own.open && permits(this.#policy, route)) this.#own.retry(attempt, packet, route, now)
  }

  handleData(
    connection: Connection,
    epoch: Epoch,
    counter: number,
    packet: Uint8Array,
    route: Route,
    now: number
  ): void {
    if (!permits(this.#policy, route)) return
    const credit = this.conversation.credit.messages
    if (!connection.handlePacket(epoch, counter, packet, route, now)) return
    if (this.conversation.credit.messages < credit) this.#spokeAt = now
    if (connection === this.#connection) this.#afterConnection(now)
  }

  /**
   * To be called after anything that may have ended the connection in use. If it has ended, the application is told,
   * and a peer that went silent is looked for again.
   */
  afterChange(now: number): void {
    this.#afterConnection(now)
  }

  pollTransmit(now: number): Transmit | undefined {
    return this.#connection?.pollTransmit(now)
  }

  timeout(now: number): number {
    let timeout = Math.min(this.#own.timeout, this.#unconfirmed.timeout)
    if (this.#connection !== undefined) {
      timeout = Math.min(timeout, this.#connection.timeout(now))
      if (this.#own.open === undefined) timeout = Math.min(timeout, this.#connection.rekeyAt)
    }
    for (const introduction of this.introductions.values()) timeout = Math.min(timeout, introduction.openAt)
    return Math.min(timeout, this.letGoAt)
  }

  handleTimeout(now: number): void {
    this.#connection?.handleTimeout(now)
    this.#afterConnection(now)
    // When we answered the peer's handshake we dropped our own. The peer sent nothing on the connection that this made,
    // so we begin a handshake again.
    const expired = this.#unconfirmed.expire(now)
    const due = this.#own.takePlanned(now) ?? expired
    const isWanted = this.conversation.consented && this.#connection === undefined && this.#own.open === undefined
    if (due !== undefined && isWanted) this.#begin("first", due, now)
    const connection = this.#connection
    if (connection !== undefined && this.#own.open === undefined && now >= connection.rekeyAt) {
      const introduction = this.#connectedOn
      if (introduction !== undefined) this.#begin("rekey", introduction, now)
    }
    const givenUp = this.#own.advance(now)
    if (givenUp?.kind === "first" && this.#connection === undefined) this.#disconnected("unreachable")
    for (const introduction of this.introductions.values()) if (now >= introduction.openAt) this.#open(introduction)
  }

  /**
   * An introduction may bring new addresses of the peer: the connection in use probes them, and an open handshake is
   * sent to them.
   */
  #learn(introduction: OpenIntroduction, now: number): void {
    if (this.#connection !== undefined) this.#addRoutes(this.#connection, introduction, now)
    this.#own.learn(introduction.routes(this.#policy), now)
  }

  #addRoutes({ paths }: Connection, introduction: OpenIntroduction, now: number): void {
    paths.isHere ||= introduction.isHere
    paths.seenAt = introduction.seenAt ?? paths.seenAt
    const rate = introduction.relay ? this.#context.relayRate() : undefined
    if (rate !== undefined) introduction.allowance ??= new RelayAllowance(rate, now)
    if (introduction.allowance !== undefined) paths.limitRelay(introduction.channel, introduction.allowance)
    for (const route of introduction.routes(this.#policy)) paths.add(route, now)
  }

  #begin(
    kind: AttemptKind,
    introduction: OpenIntroduction,
    now: number,
    moreRoutes: ReadonlyArray<Route> = this.#lastRoutes
  ): void {
    // A handshake that names a connection keeps it. So an unconfirmed one is named as well: the peer may have it in use
    // already, though we have not heard so yet.
    const rekeys = this.#connection ?? this.#unconfirmed.newest
    const routes = [...introduction.routes(this.#policy), ...moreRoutes.filter((route) => permits(this.#policy, route))]
    const isElsewhere = introduction !== this.#connectedOn
    if (this.#own.begin({ kind, introduction, rekeys, routes, isElsewhere }, now)) return
    if (rekeys === undefined) this.#disconnected("unreachable")
    else rekeys.ended = "timeout"
    this.#afterConnection(now)
  }

  /** Answers an HS1 that was accepted: with new keys for the connection that it names, or with a new connection. */
  #answer(introduction: OpenIntroduction, packet: Uint8Array, received: Received, route: Route, now: number): void {
    const { payload } = received
    const known = [this.#connection, ...this.#unconfirmed.connections]
    const rekeys = known.find((connection) => connection !== undefined && isNamed(connection, payload))
    const answer = this.#responder.answer(received, rekeys, now)
    if (answer === undefined) return
    const { epoch, localId, reply } = answer
    this.#own.drop()
    introduction.learn(payload.candidates)
    introduction.stopOpening()
    this.#context.transmit({ route, data: reply.slice() })
    if (rekeys === undefined) {
      // The peer's probes come before its first packet through the relay does, and that has to come before ours.
      if (route._tag === "Relay") introduction.startOpening(now)
      const connection = this.#connect(epoch, localId, payload, introduction, now)
      connection.begin(route, packet.length, reply.length, undefined, now)
      this.#unconfirmed.add(connection, introduction, now)
      this.#responder.remember(introduction, packet, reply, connection)
      return
    }
    this.#onIndex(epoch.localIndex, { _tag: "Epoch", connection: rekeys, epoch })
    rekeys.keys.expect(epoch, now)
    this.#refresh(rekeys, payload, now)
    if (rekeys === this.#connection) this.#connectedOn = introduction
    else this.#unconfirmed.add(rekeys, introduction, now)
    this.#responder.remember(introduction, packet, reply, rekeys)
  }

  /** Makes a connection with the keys of a handshake, and registers it under its index. */
  #connect(
    epoch: Epoch,
    localId: Uint8Array,
    peerTerms: HandshakePayload,
    introduction: OpenIntroduction,
    now: number
  ): Connection {
    const connection: Connection = new Connection({
      ...this.#context,
      peer: this.peer,
      conversation: this.conversation,
      epoch,
      localId,
      remoteId: peerTerms.connection,
      peerTerms,
      consented: this.conversation.consented,
      policy: this.#policy,
      candidates: () => this.#context.candidates(this.peer),
      onPath: (change) => this.#history.add(change),
      onConfirmed: (at) => {
        const waiting = this.#unconfirmed.take(connection)
        if (waiting === undefined) return
        connection.paths.active?.rtt.guess(at - waiting.since)
        this.#use(connection, waiting.introduction, at)
      }
    })
    this.#onIndex(epoch.localIndex, { _tag: "Epoch", connection, epoch })
    this.#addRoutes(connection, introduction, now)
    this.#refresh(connection, peerTerms, now)
    return connection
  }

  /** Takes over what the payload of a handshake says of the peer: its NAT, its addresses, its consent. */
  #refresh(connection: Connection, payload: HandshakePayload, now: number): void {
    this.#peerNat = NatKind.fromFeatures(payload.features)
    for (const endpoint of payload.candidates) connection.paths.add({ _tag: "Direct", endpoint }, now, "peer")
    if (payload.consent) connection.chat.onPeerConsent()
  }

  /** Puts a connection into use, in place of the one before. */
  #use(connection: Connection, introduction: OpenIntroduction, now: number): void {
    if (this.#connection !== undefined) {
      this.#connection.ended = "replaced"
      this.#afterConnection(now)
    }
    if (this.#own.open?.introduction === introduction) this.#own.drop()
    this.#connection = connection
    this.#connectedOn = introduction
    introduction.stopOpening()
    this.#introduction ??= introduction
    this.conversation.restart()
    connection.announce()
    // A handshake that was begun before this connection existed does not name it, and would replace it: it is begun
    // anew.
    const attempt = this.#own.open
    if (attempt !== undefined && attempt.rekeys !== connection) this.#begin("rekey", attempt.introduction, now)
  }

  #afterConnection(now: number, silently = false): void {
    const connection = this.#connection
    if (connection?.ended === undefined) return
    this.#connection = undefined
    this.#lastRoutes = connection.paths.provenRoutes
    if (connection.announced) this.#history.add({ at: now, path: undefined, reason: "ended" })
    if (connection.ended === "closed" && !silently)
      for (const goodbye of connection.farewell(now)) this.#context.transmit(goodbye)
    connection.close()
    const attempt = this.#own.open?.rekeys === connection ? this.#own.open : undefined
    if (attempt !== undefined) this.#own.drop()
    if (connection.announced) this.#disconnected(connection.ended)
    const introduction = this.#introduction
    if (introduction?.inviting !== true || this.#own.open !== undefined) return
    if (connection.ended === "timeout") this.#begin("again", introduction, now)
    // Whoever left and is back was asked for anew before the goodbye came: it is no answer to that.
    if (connection.ended === "left" && attempt?.introduction === introduction && introduction !== this.#connectedOn)
      this.#begin("first", introduction, now)
  }

  /** A handshake packet that only somebody who knows the pair key can make came in on this route. */
  #hear(route: Route, packet: Uint8Array, now: number): void {
    if (route._tag === "Direct") this.#context.budget.onHeard(route.endpoint, packet.length, now)
  }

  #disconnected(reason: DisconnectReason): void {
    this.#context.emit({ _tag: "Disconnected", peer: this.peer, reason, undelivered: this.conversation.undelivered })
  }

  #open(introduction: OpenIntroduction): void {
    introduction.onOpened()
    for (const route of introduction.routes(this.#policy)) {
      if (route._tag === "Direct")
        this.#context.transmit({ route, data: Uint8Array.of(PacketType.open), standing: "named" })
    }
  }

  get #policy(): Policy {
    return this.#context.policy(this.peer)
  }
}

/**
 * ms: a stranger who is not asked back has left its message by then; whoever comes back from lunch later asks through
 * the server.
 */
export const STRANGER_STAYS = 30 * 60_000

/** What a packet to an index of ours is for. */
export type IndexTarget =
  /** The answer to a handshake that we began. */
  | { readonly _tag: "Attempt"; readonly attempt: Attempt }
  /** Data, sealed with keys of this epoch. */
  | { readonly _tag: "Epoch"; readonly connection: Connection; readonly epoch: Epoch }

import * as Bytes from "../../protocol/Bytes.js"
import { PacketType, SAFE_DATAGRAM } from "../../protocol/DataPacket.js"
import * as Frame from "../../protocol/Frame.js"
import { NEVER } from "../support/Deadline.js"
import * as Grease from "../support/Grease.js"
import type { ConnectionContext } from "./ConnectionContext.js"
import { ChatChannel } from "./chat/ChatChannel.js"
import * as Features from "./Features.js"
import type { Epoch } from "./keys/Epoch.js"
import { KeyRing } from "./keys/KeyRing.js"
import { ReplayWindow } from "./keys/ReplayWindow.js"
import { PacketBuilder } from "./PacketBuilder.js"
import type { DisconnectReason } from "./PeerEvent.js"
import type { Path } from "./path/Path.js"
import { Paths } from "./path/Paths.js"
import type { Policy } from "./path/Policy.js"
import { PortOpener } from "./path/PortOpener.js"
import type { ConnectionReport, PathReport } from "./path/Report.js"
import type { Route, Transmit } from "./Route.js"
import { AckRanges } from "./recovery/AckRanges.js"
import { LossDetector, type LossSink } from "./recovery/LossDetector.js"
import { PendingFrames } from "./recovery/PendingFrames.js"
import { RttEstimator } from "./recovery/RttEstimator.js"
import { DELIVERY, type Fates, type SentFrame, type SentTag } from "./recovery/SentFrame.js"
import { CHAT_STREAM } from "./stream/StreamId.js"
import { Streams } from "./stream/Streams.js"

/**
 * One connection between two processes: from the handshake that created it until a goodbye, silence, or a newer
 * connection. It turns frames into sealed packets and back, and gives each frame to the part that it concerns; those
 * parts make the decisions.
 *
 * The side that answered the handshake says nothing until the first authentic packet shows that the other one has the
 * keys (`confirmed`): the handshake might have been a replay. Once `ended` is set, which says why, nothing is sent or
 * accepted any more.
 */
export class Connection implements LossSink {
  readonly #context: ConnectionContext
  readonly keys: KeyRing
  readonly paths: Paths
  readonly chat: ChatChannel
  /**
   * `left`: the peer said goodbye. `timeout`: it fell silent. `closed`: we ended the connection, because the peer broke
   * the protocol or we wanted to. `replaced`: a newer connection took its place.
   */
  ended: DisconnectReason | undefined
  #violation = false
  #announced = false
  #confirmed: boolean
  readonly streams: Streams
  readonly #pending = new PendingFrames()
  readonly #replay = new ReplayWindow()
  readonly #acks = new AckRanges()
  readonly #loss: LossDetector
  readonly #packets: PacketBuilder
  readonly #opener: PortOpener
  /** The path that the loss detector measures. */
  #measured: Path | undefined

  constructor(context: ConnectionContext) {
    this.#context = context
    const { budget, candidates, conversation, emit, entropy, memory, peer, peerTerms } = context
    this.keys = new KeyRing(context.epoch, context.indexes)
    this.#confirmed = context.epoch.initiator
    const pending = this.#pending
    const jitter = () => entropy.bytes(1)[0]! / 255
    this.paths = new Paths(jitter, context.policy, context.epoch.initiator, pending, budget)
    const grease = Grease.ofConversation((length) => entropy.bytes(length))
    this.chat = new ChatChannel(conversation, emit, pending, peerTerms, context.consented, grease)
    this.streams = new Streams(peer, emit, pending, context.epoch.initiator, context.receiving)
    this.#loss = new LossDetector(this, context.congestion, new RttEstimator(), SAFE_DATAGRAM)
    this.#opener = new PortOpener(entropy.bytes)
    this.#packets = new PacketBuilder({
      acks: this.#acks,
      candidates,
      chat: this.chat,
      entropy,
      keys: this.keys,
      loss: this.#loss,
      memory,
      paths: this.paths,
      pending,
      streams: this.streams
    })
  }

  get localId(): Uint8Array {
    return this.#context.localId
  }

  get remoteId(): Uint8Array {
    return this.#context.remoteId
  }

  get announced(): boolean {
    return this.#announced
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  /**
   * Tells the application that the connection is up. From then on it is told of changes of the path, and of consent.
   */
  announce(): void {
    const path = this.paths.active
    if (this.#announced || path === undefined) return
    this.#announced = true
    this.#context.emit({ _tag: "Connected", peer: this.#context.peer, path: path.info() })
    this.chat.announce()
  }

  /**
   * The handshake is complete. Its last packet came from `route` with `bytes` bytes, `rtt` ms after the packet of ours
   * that it answers (`undefined` when that is not known), and we answered with `sent` bytes.
   */
  begin(route: Route, bytes: number, sent: number, rtt: number | undefined, now: number): void {
    this.paths.use(route, bytes, rtt, now)
    this.paths.active?.onSent(sent, now)
    this.#followPath(now)
  }

  /** Wipes the keys, and lets go of what the streams hold. */
  close(): void {
    this.keys.wipe()
    this.streams.close()
  }

  /** Whether the peer's program tries ports that it is asked to. */
  get knowsGuesses(): boolean {
    return Features.knowsGuesses(this.#context.peerTerms.features)
  }

  /** Asks the peer to try these ports of ours. */
  guess(guess: Frame.Guess): void {
    this.#pending.guess = guess
  }

  /** The peer has shown that it has this connection. */
  confirm(now: number): void {
    if (this.#confirmed) return
    this.#confirmed = true
    this.#context.onConfirmed(now)
  }

  /** When our side has to make new keys. */
  get rekeyAt(): number {
    return this.keys.rekeyAt(this.paths.activeUntil)
  }

  /** The application has shown something. */
  onShown(): void {
    this.chat.resume()
    if (this.chat.failed) this.#violated()
  }

  /** From now on only paths that this policy permits are used. */
  setPolicy(policy: Policy, now: number): void {
    this.paths.setPolicy(policy, now)
    this.#packets.forgetPaths()
    this.#followPath(now)
  }

  /** All paths, and how many packets were lost: for the user to see. */
  explain(now: number): ConnectionReport {
    const paths = this.paths.all.map(
      (path): PathReport => ({
        ...path.info(),
        source: path.source,
        active: path === this.paths.active,
        trusted: path.trusted(now),
        probes: path.probes,
        answers: path.answers,
        provenMsAgo: path.proven ? now - path.provenAt : undefined,
        sent: path.sent,
        received: path.received,
        packetBytes: path.size.current,
        narrow: path.size.isNarrow(now)
      })
    )
    return { paths, ...this.#loss.counts }
  }

  /** Handles a DATA packet that came for `epoch`; `false` when it was dropped without a trace. */
  handlePacket(epoch: Epoch, counter: number, packet: Uint8Array, route: Route, now: number): boolean {
    if (this.ended !== undefined || !this.#replay.accepts(counter)) return false
    const payload = epoch.open(counter, packet)
    if (payload === undefined) return false
    const newest = counter > this.#replay.greatest
    this.#replay.record(counter)
    this.keys.onUsed(epoch, now)
    this.confirm(now)
    this.#packets.askedAt = undefined
    const frames = Frame.decode(payload)
    if (frames === undefined) return this.#violated()
    const { eliciting, probesOnly } = classify(frames)
    const path = this.paths.heard(route, packet.length, newest && !probesOnly, now)
    if (eliciting) this.paths.onTraffic(now)
    this.#acks.onReceived(counter, eliciting, now)
    for (const frame of frames) {
      if (this.ended !== undefined) break
      if (!this.#handleFrame(frame, path, now)) return this.#violated()
    }
    this.#followPath(now)
    return true
  }

  /** The next packet to send; `undefined` when there is none now. */
  pollTransmit(now: number): Transmit | undefined {
    if (this.ended !== undefined || !this.#confirmed || !this.keys.maySeal(now)) return undefined
    return this.#packets.poll(now) ?? this.#pollOpen(now)
  }

  /** OPEN to the next port that the peer has us try, as long as nothing better than the relay is found. */
  #pollOpen(now: number): Transmit | undefined {
    if (this.paths.active?.isRelay !== true) this.#opener.stop()
    const endpoint = this.#opener.poll(now)
    if (endpoint === undefined) return undefined
    const standing = endpoint.address === this.paths.seenAt ? "guessed" : "named"
    return { route: { _tag: "Direct", endpoint }, data: Uint8Array.of(PacketType.open), standing }
  }

  /**
   * Packets that say goodbye, to be sent when we ended the connection. There are several of them because the peer does
   * not acknowledge a goodbye. Each says what has come in, too: otherwise the last thing that we were told would count
   * as lost, and be told again for as long as it takes.
   */
  farewell(now: number): ReadonlyArray<Transmit> {
    const path = this.paths.active
    const spare = this.paths.spare(now)
    if (!this.#confirmed || !this.keys.maySeal(now) || path === undefined) return []
    const bye = { _tag: "Bye", code: this.#violation ? ByeCode.violation : ByeCode.left } as const
    const ack = this.#violation ? undefined : this.#acks.all(now)
    const frames = ack === undefined ? [bye] : [ack, bye]
    return Array.from({ length: FAREWELLS }, (_, index) => {
      const way = index === 0 ? (spare ?? path) : path
      return this.#packets.unsecured(frames, way, now)
    })
  }

  /** When `handleTimeout` wants to be called, or a packet is due, as seen at `now`. */
  timeout(now: number): number {
    if (this.ended !== undefined) return NEVER
    const mute = !this.#confirmed || !this.keys.maySeal(now)
    return Math.min(
      mute ? NEVER : this.#packets.timeout(now),
      mute ? NEVER : this.paths.timeout,
      mute ? NEVER : this.#opener.timeout,
      this.keys.timeout,
      this.#deadAt
    )
  }

  handleTimeout(now: number): void {
    if (this.ended !== undefined) return
    if (now >= this.#deadAt) {
      this.ended = "timeout"
      return
    }
    this.keys.handleTimeout(now)
    const vain = this.#loss.probesInVain
    this.#loss.handleTimeout(now)
    if (!this.#confirmed) return
    const isOverdue = this.#loss.probesInVain > vain
    if (isOverdue) {
      this.paths.doubt(now, this.#loss.probesInVain)
      if (this.#loss.probesInVain > 1) this.#measured?.size.onSilence()
      this.#followSize()
    }
    const hasLapsed = this.paths.handleTimeout(now)
    const { probesInVain } = this.#loss
    if (isOverdue || hasLapsed) this.#context.emit({ _tag: "InDoubt", peer: this.#context.peer, probesInVain })
    this.#followPath(now)
  }

  get isWanted(): boolean {
    return this.#packets.isWanted
  }

  onFrameAcknowledged<Tag extends SentTag>(frame: SentFrame<Tag>): void {
    Connection.#fates[frame._tag].acknowledged(this, frame)
  }

  onFrameLost<Tag extends SentTag>(frame: SentFrame<Tag>, now: number): void {
    Connection.#fates[frame._tag].lost(this, frame, now)
  }

  onPacketAcknowledged(bytes: number): void {
    this.#measured?.size.onAcknowledged(bytes)
    this.#followSize()
  }

  onPacketLost(bytes: number, now: number): void {
    this.#measured?.size.onLost(bytes, now)
    this.#followSize()
  }

  /** `false` when the peer broke the protocol. `path` is absent when the packet came from one address too many. */
  #handleFrame(frame: Frame.Frame, path: Path | undefined, now: number): boolean {
    switch (frame._tag) {
      case "Stream":
        if (frame.stream === CHAT_STREAM) return this.chat.receive(frame.offset, frame.data)
        // Law 2, as the receiver keeps it: a peer that we have not asked for may send text within its credit, and no
        // other stream.
        return this.#context.conversation.consented && this.streams.onStream(frame.stream, frame.offset, frame.data)
      case "Ack":
        if (!this.#packets.haveSent(frame)) return false
        this.#loss.onAck(frame, now)
        return true
      case "MaxData":
        if (frame.stream === CHAT_STREAM) this.chat.stream.setLimit(frame.limit)
        else this.streams.onMaxData(frame.stream, frame.limit)
        return true
      case "Ping":
        if (path !== undefined) this.#packets.owePong(path, frame.token)
        return true
      case "Pong":
        if (path !== undefined) this.paths.onPong(path, Bytes.toHex(frame.token), now)
        return true
      case "Candidates":
        for (const endpoint of frame.endpoints) this.paths.called({ _tag: "Direct", endpoint }, now)
        return true
      case "Consent":
        this.chat.onPeerConsent()
        return true
      case "Reset":
        // As with STREAM: a peer that we have not asked for may not open a stream, and a RESET opens one in order to
        // give it up.
        return (
          frame.stream !== CHAT_STREAM &&
          this.#context.conversation.consented &&
          this.streams.onReset(frame.stream, frame.code)
        )
      case "Guess":
        if (this.#mayGuess(frame.first.address)) this.#opener.begin(frame, now)
        return true
      case "Bye":
        this.ended = "left"
        return true
    }
  }

  /** Whether ports of this address may be tried: one of those that the peer has named, where it may learn of ours. */
  #mayGuess(address: string): boolean {
    const isNamed = this.paths.routes.some((route) => route._tag === "Direct" && route.endpoint.address === address)
    return isNamed && this.#context.guesses && this.chat.mutual
  }

  /** What becomes of each kind of frame that must arrive. */
  static readonly #fates: Fates<Connection> = {
    Stream: {
      acknowledged: ({ chat, streams }, frame) => {
        if (frame.stream === CHAT_STREAM) chat.stream.onAcknowledged(frame)
        else streams.onBytesAcknowledged(frame)
      },
      lost: ({ chat, streams }, frame) => {
        if (frame.stream === CHAT_STREAM) chat.stream.onLost(frame)
        else streams.onBytesLost(frame)
      }
    },
    MaxData: {
      acknowledged: () => {},
      lost: (connection, { stream }) => {
        if (stream === CHAT_STREAM) connection.#pending.limits.add(stream)
        else connection.streams.onLimitLost(stream)
      }
    },
    Reset: {
      acknowledged: ({ streams }, { stream }) => streams.onResetAcknowledged(stream),
      lost: ({ streams }, { stream }) => streams.onResetLost(stream)
    },
    Candidates: {
      acknowledged: () => {},
      lost: (connection) => {
        connection.#pending.candidates = true
      }
    },
    Consent: {
      acknowledged: () => {},
      lost: (connection) => {
        connection.#pending.consent = true
      }
    },
    Guess: {
      acknowledged: () => {},
      lost: (connection, { guess }) => {
        connection.#pending.guess ??= guess
      }
    },
    SizeProbe: {
      acknowledged: (connection, { of, size }) => {
        of.onProbeAcknowledged(size)
        connection.#followSize()
      },
      lost: (connection, { of, size }, now) => {
        of.onProbeLost(size, now)
        connection.#followSize()
      }
    },
    Told: {
      acknowledged: (connection, { largest }) => connection.#acks.onTold(largest),
      lost: () => {}
    }
  }

  #violated(): true {
    this.ended = "closed"
    this.#violation = true
    return true
  }

  /** When the peer counts as gone: it has owed us an answer, or new keys, for `DEAD_AFTER`. */
  get #deadAt(): number {
    return Math.min(this.#packets.askedAt ?? NEVER, this.keys.refuseAt) + DEAD_AFTER
  }

  /** Measures the path that is in use, and tells the application when it is another one. */
  #followPath(now: number): void {
    const path = this.paths.active
    if (path === undefined || path === this.#measured) return
    this.#measured = path
    this.#loss.changePath(path.rtt, path.size.current)
    this.#followSize()
    const info = path.info()
    this.#context.onPath({ at: now, path: info, reason: this.paths.reason })
    if (this.#announced) this.#context.emit({ _tag: "PathChanged", peer: this.#context.peer, path: info })
  }

  /** The size of packets that the path in use carries has changed. */
  #followSize(): void {
    if (this.#measured === undefined) return
    this.#loss.packetSize = this.#measured.size.current
    this.#loss.isSizeInDoubt = this.#measured.size.isInDoubt
  }
}

/** Whether any of the frames is to be acknowledged, and whether all of them only test a path. */
const classify = (
  frames: ReadonlyArray<Frame.Frame>
): { readonly eliciting: boolean; readonly probesOnly: boolean } => {
  let eliciting = false
  let probesOnly = true
  for (const { _tag } of frames) {
    const delivery = DELIVERY[_tag]
    if (delivery !== "probe") probesOnly = false
    if (delivery === "reliable") eliciting = true
  }
  return { eliciting, probesOnly }
}

/** Why a connection was ended, in BYE. */
const ByeCode = { left: 0, violation: 1 } as const
/** ms without an answer after which the peer is gone: five heartbeats. */
export const DEAD_AFTER = 15_000
/**
 * Goodbyes, so many that a burst of loss seldom takes them all. A peer that receives none of them notices our silence
 * instead.
 */
const FAREWELLS = 3

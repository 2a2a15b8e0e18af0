import type { Endpoint } from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_FRAMES, paddedRoom, paddingFor } from "../../protocol/DataPacket.js"
import * as Frame from "../../protocol/Frame.js"
import { AckRanges } from "./AckRanges.js"
import type { DisconnectReason, PeerEvent, PeerId, Route, Transmit } from "./Api.js"
import { ChatChannel } from "./ChatChannel.js"
import type { Conversation } from "./Conversation.js"
import type { Epoch } from "./Epoch.js"
import { KeyRing } from "./KeyRing.js"
import { LossDetector, type LossSink, type SentFrame } from "./LossDetector.js"
import { NewReno } from "./NewReno.js"
import type { Path } from "./Path.js"
import type { PathChange } from "./PathHistory.js"
import { Paths } from "./Paths.js"
import type { Policy } from "./Policy.js"
import { ReplayWindow } from "./ReplayWindow.js"
import type { ConnectionReport, PathReport } from "./Report.js"
import { RttEstimator } from "./RttEstimator.js"

/**
 * One connection between two processes: from the handshake that created it until a goodbye, silence, or a newer connection. It turns
 * frames into sealed packets and back, and gives each frame to the part that it concerns; those parts make the decisions.
 *
 * The side that answered the handshake says nothing until the first authentic packet shows that the other one has the keys
 * (`confirmed`): the handshake might have been a replay. `ended` says why it is over; nothing is sent or accepted after that.
 */
export class Connection implements LossSink {
  readonly keys: KeyRing
  readonly paths: Paths
  readonly chat: ChatChannel
  /** `left` and `timeout` are the peer's doing; `closed` is ours, because it broke the protocol or we wanted it. */
  ended: DisconnectReason | undefined
  #violation = false
  #announced = false
  #confirmed: boolean
  /** The number of the next packet. It runs on over all keys, and no number is used twice. */
  #nextNumber = 0
  readonly #replay = new ReplayWindow()
  readonly #acks = new AckRanges()
  readonly #loss: LossDetector
  /** Answers owed, at most `MAX_PONGS`. */
  readonly #pongs: Array<{ readonly path: Path; readonly token: Uint8Array }> = []
  /** What is to go over the relay as well. */
  #copy: Transmit | undefined
  #candidatesDue = false
  /** The path that the loss detector measures. */
  #measured: Path | undefined
  /** When the oldest unanswered question was asked; `undefined` when the peer was heard since. */
  #askedAt: number | undefined

  constructor(private readonly context: ConnectionContext) {
    const { conversation, emit, entropy, peerTerms } = context
    this.keys = new KeyRing(context.epoch, context.release)
    this.#confirmed = context.epoch.initiator
    this.paths = new Paths(() => entropy.bytes(1)[0]! / 255, context.policy)
    this.chat = new ChatChannel(conversation, emit, peerTerms, context.consented)
    this.#loss = new LossDetector(this, () => new NewReno(), new RttEstimator())
  }

  get localId(): Uint8Array {
    return this.context.localId
  }

  get remoteId(): Uint8Array {
    return this.context.remoteId
  }

  get announced(): boolean {
    return this.#announced
  }

  get confirmed(): boolean {
    return this.#confirmed
  }

  /** Tells the application that the connection is up; from then on it hears of paths and consent. */
  announce(): void {
    const path = this.paths.active
    if (this.#announced || path === undefined) return
    this.#announced = true
    this.context.emit({ _tag: "Connected", peer: this.context.peer, path: path.info() })
    this.chat.announce()
  }

  /** The handshake came to its end: `bytes` came from `route`, `rtt` ms after ours when that is known, and `sent` went back. */
  begin(route: Route, bytes: number, sent: number, rtt: number | undefined, now: number): void {
    this.paths.use(route, bytes, rtt, now)
    this.paths.active?.onSent(sent, now)
    this.#followPath(now)
  }

  /** The application has shown something. */
  onShown(): void {
    this.chat.resume()
    if (this.chat.failed) this.#violated()
  }

  /** Only what this policy permits is used from now on. */
  setPolicy(policy: Policy, now: number): void {
    this.paths.setPolicy(policy, now)
    this.#copy = undefined
    this.#pongs.length = 0
    this.#followPath(now)
  }

  /** What the user may want to know: all paths, and how much was lost. */
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
        received: path.received
      })
    )
    return { paths, ...this.#loss.counts }
  }

  /** Handles a DATA packet that came for `epoch`; `false` when it was dropped without a trace. */
  handlePacket(epoch: Epoch, counter: number, packet: Uint8Array, route: Route, now: number): boolean {
    if (this.ended !== undefined || !this.#replay.accepts(counter)) return false
    const payload = epoch.open(counter, packet, this.context.scratch)
    if (payload === undefined) return false
    const newest = counter > this.#replay.greatest
    this.#replay.record(counter)
    this.keys.onUsed(epoch, now)
    if (!this.#confirmed) {
      this.#confirmed = true
      this.context.onConfirmed(now)
    }
    this.#askedAt = undefined
    const frames = Frame.decode(payload)
    if (frames === undefined) return this.#violated()
    const eliciting = frames.some(isEliciting)
    const path = this.paths.heard(route, packet.length, newest && !frames.every(isProbe), now)
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
    return this.#pollCopy() ?? this.#pollPong(now) ?? this.#pollProbe(now) ?? this.#pollData(now)
  }

  /** Packets that say goodbye: several, because nobody will answer. To be sent when it is us who ended the connection. */
  farewell(now: number): ReadonlyArray<Transmit> {
    const path = this.paths.active
    const spare = this.paths.spare(now)
    if (!this.#confirmed || !this.keys.maySeal(now) || path === undefined) return []
    const code = this.#violation ? ByeCode.violation : ByeCode.left
    return Array.from({ length: FAREWELLS }, (_, index) => {
      const writer = new Bytes.Writer(this.context.scratch)
      Frame.write(writer, { _tag: "Bye", code })
      return this.#seal(writer, index === 0 ? (spare ?? path) : path, now)
    })
  }

  /** When `handleTimeout` wants to be called, or a packet is due, as seen at `now`. */
  timeout(now: number): number {
    if (this.ended !== undefined) return NEVER
    const mute = !this.#confirmed || !this.keys.maySeal(now)
    const blocked = mute || this.#dataPath(now) === undefined
    return Math.min(
      blocked ? NEVER : (this.#acks.due ?? NEVER),
      blocked ? NEVER : (this.#loss.timeout ?? NEVER),
      mute ? NEVER : this.paths.timeout,
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
    if (this.#loss.probesInVain > vain) this.paths.doubt(now, this.#loss.probesInVain)
    this.paths.handleTimeout(now)
    this.#followPath(now)
  }

  onFrameAcknowledged(frame: SentFrame): void {
    if (frame._tag === "Stream") this.chat.stream.onAcknowledged(frame)
  }

  onFrameLost(frame: SentFrame): void {
    switch (frame._tag) {
      case "Stream":
        this.chat.stream.onLost(frame)
        return
      case "MaxData":
        this.chat.limitLost()
        return
      case "Consent":
        this.chat.consentLost()
        return
      case "Candidates":
        this.#candidatesDue = true
    }
  }

  /** `false` when the peer broke the protocol. `path` is absent when the packet came from one address too many. */
  #handleFrame(frame: Frame.Frame, path: Path | undefined, now: number): boolean {
    switch (frame._tag) {
      case "Stream":
        return frame.stream === CHAT_STREAM && this.chat.receive(frame.offset, frame.data)
      case "Ack":
        return this.#loss.onAck(frame, this.#nextNumber, now)
      case "MaxData":
        if (frame.stream === CHAT_STREAM) this.chat.stream.setLimit(frame.limit)
        return true
      case "Ping":
        if (path !== undefined && this.#pongs.length < MAX_PONGS) this.#pongs.push({ path, token: frame.token.slice() })
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
        return frame.stream !== CHAT_STREAM
      case "Bye":
        this.ended = "left"
        return true
    }
  }

  #violated(): true {
    this.ended = "closed"
    this.#violation = true
    return true
  }

  /** The packet that was sent last, once more and unchanged: the receiver takes whichever copy comes first. */
  #pollCopy(): Transmit | undefined {
    const copy = this.#copy
    this.#copy = undefined
    return copy
  }

  #pollPong(now: number): Transmit | undefined {
    const pong = this.#pongs.shift()
    if (pong === undefined) return undefined
    const { route } = pong.path
    const writer = new Bytes.Writer(this.context.scratch)
    Frame.write(writer, {
      _tag: "Pong",
      token: pong.token,
      observed: route._tag === "Direct" ? route.endpoint : undefined
    })
    return this.#seal(writer, pong.path, now)
  }

  #pollProbe(now: number): Transmit | undefined {
    const path = this.paths.dueProbe(now)
    if (path === undefined) return undefined
    const token = this.context.entropy.bytes(Frame.TOKEN_BYTES)
    path.onProbed(Bytes.toHex(token), now)
    if (path === this.paths.active) this.#askedAt ??= now
    const writer = new Bytes.Writer(this.context.scratch)
    Frame.write(writer, { _tag: "Ping", token })
    return this.#seal(writer, path, now)
  }

  /** Where data goes: the active path, or while that takes no more, as its address is not proven, the relay. */
  #dataPath(now: number): Path | undefined {
    const path = this.paths.active
    return path === undefined || path.allowance >= MIN_PACKET ? path : this.paths.spare(now)
  }

  /** One packet on the active path: what is owed of acknowledgement, control and stream data. */
  #pollData(now: number): Transmit | undefined {
    const path = this.#dataPath(now)
    if (path === undefined) return undefined
    if (this.paths.takeCall()) this.#candidatesDue = true
    this.chat.fill()
    const wanted =
      this.#candidatesDue || this.chat.consentDue || this.chat.limitDue !== undefined || this.chat.stream.pending
    const eliciting = wanted && this.#loss.maySend
    this.#loss.setApplicationLimited(!wanted)
    if (!eliciting && !(this.#acks.due !== undefined && this.#acks.due <= now)) return undefined

    const writer = new Bytes.Writer(this.context.scratch)
    const ack = this.#acks.take(now)
    if (ack !== undefined) Frame.write(writer, ack)
    const number = this.#nextNumber
    const frames: Array<SentFrame> = []
    if (eliciting) {
      this.paths.onSending(now)
      this.#writeControl(writer, frames)
      this.#writeStream(writer, frames, paddedRoom(path.allowance))
    }
    const transmit = this.#seal(writer, path, now)
    const spare = this.paths.spare(now)
    if (spare !== undefined && spare !== path) {
      this.#copy = { route: spare.route, data: transmit.data.slice() }
      spare.onSent(transmit.data.length, now)
    }
    if (frames.length > 0) {
      this.#loss.onSent(number, transmit.data.length, frames, now)
      this.#askedAt ??= now
    }
    return transmit
  }

  #writeControl(writer: Bytes.Writer, frames: Array<SentFrame>): void {
    if (this.chat.consentDue) {
      Frame.write(writer, { _tag: "Consent" })
      frames.push({ _tag: "Consent" })
      this.chat.consentSent()
    }
    const limit = this.chat.limitDue
    if (limit !== undefined) {
      Frame.write(writer, { _tag: "MaxData", stream: CHAT_STREAM, limit })
      frames.push({ _tag: "MaxData", stream: CHAT_STREAM })
      this.chat.limitSent()
    }
    if (this.#candidatesDue) {
      Frame.write(writer, { _tag: "Candidates", endpoints: this.context.candidates() })
      frames.push({ _tag: "Candidates" })
      this.#candidatesDue = false
    }
  }

  /** Fills up to `room` bytes of frames with stream data, and hides its length. */
  #writeStream(writer: Bytes.Writer, frames: Array<SentFrame>, room: number): void {
    const stream = this.chat.stream
    let wrote = false
    while (stream.pending) {
      const free = room - writer.offset
      const range = stream.next(free - Frame.streamOverhead(CHAT_STREAM, stream.nextOffset, MAX_FRAMES))
      if (range === undefined) break
      Frame.writeStreamHeader(writer, CHAT_STREAM, range.start, range.end - range.start)
      stream.writeTo(writer, range)
      frames.push({ _tag: "Stream", stream: CHAT_STREAM, start: range.start, end: range.end })
      wrote = true
    }
    if (wrote) Frame.writePadding(writer, paddingFor(writer.offset))
  }

  #seal(writer: Bytes.Writer, path: Path, now: number): Transmit {
    const frames = this.context.scratch.subarray(0, writer.offset)
    const data = this.keys.current.seal(this.#nextNumber++, frames)
    path.onSent(data.length, now)
    return { route: path.route, data }
  }

  /** When the peer counts as gone: it owes an answer, or new keys, for too long. */
  get #deadAt(): number {
    return Math.min(this.#askedAt ?? NEVER, this.keys.refuseAt) + DEAD_AFTER
  }

  /** Measures the path that is in use, and tells the application when it is another one. */
  #followPath(now: number): void {
    const path = this.paths.active
    if (path === undefined || path === this.#measured) return
    this.#measured = path
    this.#loss.changePath(path.rtt)
    const info = path.info()
    this.context.onPath({ at: now, path: info, reason: this.paths.reason })
    if (this.#announced) this.context.emit({ _tag: "PathChanged", peer: this.context.peer, path: info })
  }
}

export interface ConnectionContext {
  readonly peer: PeerId
  readonly conversation: Conversation
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly emit: (event: PeerEvent) => void
  /** Told when an index of ours means nothing any more. */
  readonly release: (index: number) => void
  /** Where the peer may reach us. */
  readonly candidates: () => ReadonlyArray<Endpoint>
  readonly policy: Policy
  /** Told of each change of the active path. */
  readonly onPath: (change: PathChange) => void
  /** `MAX_FRAMES` bytes or more for building and opening packets, shared because neither outlives a call. */
  readonly scratch: Uint8Array
  readonly epoch: Epoch
  /** 8 bytes each: the names that both sides give this connection. */
  readonly localId: Uint8Array
  readonly remoteId: Uint8Array
  /** From the peer's handshake: what we may send. */
  readonly peerTerms: { readonly consent: boolean; readonly creditMessages: number; readonly creditBytes: number }
  /** The first authentic packet came in, and is about to be handled. */
  readonly onConfirmed: (now: number) => void
  /** Whether our handshake said that we asked for the peer. */
  readonly consented: boolean
}

const isProbe = (frame: Frame.Frame): boolean => frame._tag === "Ping" || frame._tag === "Pong"
const isEliciting = (frame: Frame.Frame): boolean => !isProbe(frame) && frame._tag !== "Ack" && frame._tag !== "Bye"

/** Why a connection was ended, in BYE. */
const ByeCode = { left: 0, violation: 1 } as const
const NEVER = Number.POSITIVE_INFINITY
/** Chat and control. Files are to use the streams after it. */
const CHAT_STREAM = 0
/** ms without an answer after which the peer is gone: five heartbeats. */
export const DEAD_AFTER = 15_000
/** Answers that wait for their turn: all paths of a peer, twice. */
const MAX_PONGS = 16
/** One may be lost, and so may two in a burst; a peer that misses all of them notices by silence. */
const FAREWELLS = 3
/** Bytes that may still go to an unproven address: with less, not even a packet without stream data (at most 470) is sure to fit. */
const MIN_PACKET = 512

import { TAG_BYTES } from "../../domain/Crypto.js"
import type { Endpoint } from "../../domain/Endpoint.js"
import * as Bytes from "../../protocol/Bytes.js"
import { HEADER_BYTES, OVERHEAD, paddingFor } from "../../protocol/DataPacket.js"
import * as Frame from "../../protocol/Frame.js"
import { NEVER } from "../support/Deadline.js"
import type { ChatChannel } from "./chat/ChatChannel.js"
import type { KeyRing } from "./keys/KeyRing.js"
import type { PacketMemory } from "./PacketMemory.js"
import type { Path } from "./path/Path.js"
import type { Paths } from "./path/Paths.js"
import type { Transmit } from "./Route.js"
import type { AckRanges } from "./recovery/AckRanges.js"
import type { LossDetector } from "./recovery/LossDetector.js"
import { PacketNumbers } from "./recovery/PacketNumbers.js"
import type { PendingFrames } from "./recovery/PendingFrames.js"
import type { SentFrame } from "./recovery/SentFrame.js"
import { CHAT_STREAM } from "./stream/StreamId.js"
import type { Streams } from "./stream/Streams.js"

/**
 * Makes the packets of one connection: decides what goes into the next one, and seals it. First come answers to probes,
 * then probes, each on its own path. Then come, on the path for data and in this order, an acknowledgement that is
 * owed, control frames, the conversation, and the other streams; they are last so that a file never delays a message.
 *
 * A line of chat that leaves room in its packet takes the unacknowledged ones just before it along again: if one of
 * them was lost, the receiver has it without waiting until the loss is noticed.
 */
export class PacketBuilder {
  readonly #parts: PacketParts
  readonly #numbers: PacketNumbers
  /** The token of the last PING that is not answered yet, by the path that it came on. */
  readonly #pongs = new Map<Path, Uint8Array>()
  /** A copy of the last packet that is to go over the relay as well. */
  #copy: Transmit | undefined
  /** When the oldest unanswered question was asked; `undefined` when the peer was heard since. */
  askedAt: number | undefined

  constructor(parts: PacketParts) {
    this.#parts = parts
    this.#numbers = new PacketNumbers(parts.entropy.bytes)
  }

  /** Whether every packet that this acknowledges was sent. */
  haveSent(ack: Frame.Ack): boolean {
    return this.#numbers.areSent(ack)
  }

  /**
   * A PING came in on this path. Of several only the last is answered: otherwise one packet full of them would make
   * many, and send them to whichever address it says that it came from.
   */
  owePong(path: Path, token: Uint8Array): void {
    this.#pongs.set(path, token.slice())
  }

  /** Forgets the packets that were meant for paths, because some of these may not be used any more. */
  forgetPaths(): void {
    this.#copy = undefined
    this.#pongs.clear()
  }

  /** The next packet; `undefined` when there is none now. */
  poll(now: number): Transmit | undefined {
    return this.#pollCopy() ?? this.#pollPong(now) ?? this.#pollProbe(now) ?? this.#pollData(now)
  }

  /** When the next packet is due that is only waiting for its time; infinite when there is none. */
  timeout(now: number): number {
    const path = this.dataPath(now)
    if (path === undefined) return NEVER
    const { acks, loss } = this.#parts
    const nextAt = this.isWanted ? Math.max(loss.paceAt, path.readyAt(now)) : NEVER
    return Math.min(acks.due ?? NEVER, loss.timeout ?? NEVER, nextAt)
  }

  /** Whether frames that must arrive are waiting to be sent. */
  get isWanted(): boolean {
    const { chat, pending, streams } = this.#parts
    return !pending.isEmpty || chat.stream.pending || streams.isBusy
  }

  /** A packet of frames that are neither acknowledged nor sent again. */
  unsecured(frames: ReadonlyArray<Frame.Frame>, path: Path, now: number): Transmit {
    const writer = this.#begin(path.size.current)
    for (const frame of frames) Frame.write(writer, frame)
    return this.#seal(this.#numbers.take(), writer, path, now)
  }

  /**
   * The path that data takes: the active one. When its address is not proven and may be sent no more bytes for now, it
   * is the relay.
   */
  dataPath(now: number): Path | undefined {
    const { paths } = this.#parts
    const path = paths.active
    return path === undefined || paths.room(path, now) >= MIN_PACKET ? path : paths.spare(now)
  }

  /** The packet that was sent last, once more and unchanged: the receiver takes whichever copy comes first. */
  #pollCopy(): Transmit | undefined {
    const copy = this.#copy
    this.#copy = undefined
    return copy
  }

  #pollPong(now: number): Transmit | undefined {
    for (const [path, token] of this.#pongs) {
      this.#pongs.delete(path)
      const observed = path.route._tag === "Direct" ? path.route.endpoint : undefined
      const writer = this.#begin(path.size.current)
      Frame.write(writer, { _tag: "Pong", token, observed })
      // Our own probe goes along if it is due: together they are less than three times the PING that came.
      const isDue = (path.nextProbeAt ?? NEVER) <= now
      if (isDue && this.#parts.paths.mayProbe(path, now, writer.offset - HEADER_BYTES))
        Frame.write(writer, this.#probe(path, now))
      return this.#seal(this.#numbers.take(), writer, path, now)
    }
    return undefined
  }

  #pollProbe(now: number): Transmit | undefined {
    const path = this.#parts.paths.dueProbe(now)
    return path && this.unsecured([this.#probe(path, now)], path, now)
  }

  /** A PING for this path, on which it is due. */
  #probe(path: Path, now: number): Frame.Frame {
    const token = this.#parts.entropy.bytes(Frame.TOKEN_BYTES)
    path.onProbed(Bytes.toHex(token), now)
    if (path === this.#parts.paths.active) this.askedAt ??= now
    return { _tag: "Ping", token }
  }

  #pollData(now: number): Transmit | undefined {
    const { acks, chat, loss, paths } = this.#parts
    const path = this.dataPath(now)
    chat.fill()
    const wanted = this.isWanted
    if (path === undefined) {
      // What waits for the address to be proven has it probed.
      if (wanted) paths.onSending(now)
      return undefined
    }
    loss.setApplicationLimited(!wanted)
    const eliciting = wanted && path.readyAt(now) <= now && loss.maySend(now)
    if (!eliciting && !(acks.due !== undefined && acks.due <= now)) return undefined
    const probeSize = eliciting ? this.#sizeToTry(path, now) : undefined
    if (probeSize !== undefined) return this.#sizeProbe(probeSize, path, now)

    const writer = this.#begin(path.size.current)
    const ack = acks.take(now)
    if (ack !== undefined) Frame.write(writer, ack)
    const frames: Array<SentFrame> = []
    if (eliciting) {
      paths.onSending(now)
      this.#writeControl(writer, frames)
      // While copies go over the relay, packets are no larger than it takes.
      const spare = paths.spare(now)
      const most = spare?.allowance?.mayCopy(spare.size.current, now) === false ? NEVER : (spare?.size.current ?? NEVER)
      this.#writeStreams(writer, frames, Math.min(path.size.current, most, paths.room(path, now)))
      // Remembered last, and with something that must arrive alone: nothing else tells that it has.
      if (ack !== undefined && frames.length > 0) frames.push({ _tag: "Told", largest: ack.ranges[0]!.end - 1 })
    }
    return this.#sendData(writer, frames, path, now)
  }

  #sendData(writer: Bytes.Writer, frames: ReadonlyArray<SentFrame>, path: Path, now: number): Transmit {
    const number = this.#numbers.take()
    const transmit = this.#seal(number, writer, path, now)
    const spare = this.#parts.paths.spare(now)
    const bytes = transmit.data.length
    const mayCopy = spare?.allowance?.mayCopy(bytes, now) !== false
    if (spare !== undefined && spare !== path && mayCopy && bytes <= spare.size.current) {
      this.#copy = { route: spare.route, data: transmit.data.slice() }
      spare.onSent(bytes, now)
    }
    if (frames.length > 0) {
      this.#parts.loss.onSent(number, bytes, frames, now)
      this.askedAt ??= now
    }
    return transmit
  }

  /** The size of packet to try on this path now: where there is more to send than one holds, and the path is sound. */
  #sizeToTry(path: Path, now: number): number | undefined {
    const { chat, loss, paths, streams } = this.#parts
    const isWorthIt = streams.isBusy || chat.stream.unsent > path.size.current
    if (!isWorthIt || loss.probesInVain > 0 || path !== paths.active || !path.isFresh(now)) return undefined
    return path.size.probe(now)
  }

  /**
   * Makes a packet of this size whose loss does no harm: it holds a limit that the peer knows already, and padding (RFC
   * 8899 §4.1).
   */
  #sizeProbe(size: number, path: Path, now: number): Transmit {
    path.size.onProbeSent()
    const writer = this.#begin(size)
    Frame.write(writer, { _tag: "MaxData", stream: CHAT_STREAM, limit: this.#parts.chat.limit })
    Frame.writePadding(writer, size - TAG_BYTES - writer.offset)
    return this.#sendData(writer, [{ _tag: "SizeProbe", size, of: path.size }], path, now)
  }

  #writeControl(writer: Bytes.Writer, frames: Array<SentFrame>): void {
    const { candidates, chat, pending } = this.#parts
    if (pending.consent) {
      pending.consent = false
      Frame.write(writer, { _tag: "Consent" })
      frames.push({ _tag: "Consent" })
    }
    if (pending.limits.delete(CHAT_STREAM)) {
      Frame.write(writer, { _tag: "MaxData", stream: CHAT_STREAM, limit: chat.announceLimit() })
      frames.push({ _tag: "MaxData", stream: CHAT_STREAM })
    }
    if (pending.guess !== undefined) {
      const { guess } = pending
      pending.guess = undefined
      Frame.write(writer, guess)
      frames.push({ _tag: "Guess", guess })
    }
    if (pending.candidates) {
      pending.candidates = false
      Frame.write(writer, { _tag: "Candidates", endpoints: candidates() })
      frames.push({ _tag: "Candidates" })
    }
  }

  /** Fills a packet of `size` bytes with stream data, and hides how much there is. */
  #writeStreams(writer: Bytes.Writer, frames: Array<SentFrame>, size: number): void {
    const end = size - TAG_BYTES
    const wroteChat = this.#writeChat(writer, frames, end)
    const wroteData = this.#parts.streams.writeTo(writer, end, frames)
    if (wroteChat || wroteData) {
      Frame.writePadding(writer, paddingFor(writer.offset - HEADER_BYTES, size - OVERHEAD))
    }
  }

  #writeChat(writer: Bytes.Writer, frames: Array<SentFrame>, end: number): boolean {
    const { stream } = this.#parts.chat
    let wrote = false
    while (stream.pending) {
      const room = end - writer.offset
      const next = stream.next(room - Frame.streamOverhead(CHAT_STREAM, stream.nextOffset, room))
      if (next === undefined) break
      const most = Math.min(MAX_REPEATED, room - (next.end - next.start) - MAX_STREAM_OVERHEAD)
      const range = most > 0 && !stream.pending ? stream.withRecent(next, most) : next
      Frame.writeStreamHeader(writer, CHAT_STREAM, range.start, range.end - range.start)
      stream.writeTo(writer, range)
      frames.push({ _tag: "Stream", stream: CHAT_STREAM, start: range.start, end: range.end })
      wrote = true
    }
    return wrote
  }

  #begin(size: number): Bytes.Writer {
    return new Bytes.Writer(this.#parts.memory.reserve(size), HEADER_BYTES)
  }

  #seal(number: number, writer: Bytes.Writer, path: Path, now: number): Transmit {
    const data = this.#parts.memory.take(writer.offset + TAG_BYTES)
    this.#parts.keys.current.seal(number, data)
    const standing = path.standing(data.length, now)
    path.onSent(data.length, now)
    return { route: path.route, data, standing }
  }
}

export interface PacketParts {
  readonly acks: AckRanges
  /** The addresses at which the peer may reach us. */
  readonly candidates: () => ReadonlyArray<Endpoint>
  readonly chat: ChatChannel
  readonly entropy: { readonly bytes: (length: number) => Uint8Array }
  readonly keys: KeyRing
  readonly loss: LossDetector
  readonly memory: PacketMemory
  readonly paths: Paths
  readonly pending: PendingFrames
  readonly streams: Streams
}

/**
 * Bytes that may still go to an unproven address: with less, not even a packet without stream data (at most 470) is
 * sure to fit.
 */
const MIN_PACKET = 512
/** Bytes of chat that are sent once more: two or three lines of usual length. */
const MAX_REPEATED = 480
/** Bytes of the largest header of a STREAM frame of stream 0 that fits a packet. */
const MAX_STREAM_OVERHEAD = 14

import type { PeerId } from "../../../domain/PeerId.js"
import type { Writer } from "../../../protocol/Bytes.js"
import * as Frame from "../../../protocol/Frame.js"
import type { PeerEvent } from "../PeerEvent.js"
import type { PendingFrames } from "../recovery/PendingFrames.js"
import type { SentFrame } from "../recovery/SentFrame.js"
import { DataStream, FIRST_WINDOW } from "./DataStream.js"
import type { ReceiveBudget } from "./ReceiveBudget.js"
import { CHAT_STREAM, type StreamId, type StreamRefusal } from "./StreamId.js"

/**
 * The streams from 1 on of one connection, for large things beside the conversation. The side that began the
 * connection's first handshake opens the odd ones and the other side the even ones, each in ascending order. Both sides
 * may write to each. They exist only between two that have asked for each other.
 *
 * Sending takes turns: a packet of one stream, then one of the next. Receiving is bounded three times: each stream by
 * the limit that its sender was told, all of them together by `TOTAL_WINDOW`, which their limits share, and those of
 * all connections by `ReceiveBudget`. Sending is
 * bounded by the bytes that the streams keep until they are acknowledged: beyond that `write` tells the caller to wait.
 */
export class Streams {
  readonly #peer: PeerId
  readonly #emit: (event: PeerEvent) => void
  readonly #pending: PendingFrames
  readonly #streams = new Map<StreamId, DataStream>()
  /** The streams that have bytes or their end to send, in the order of their turns. */
  readonly #turns = new Set<DataStream>()
  /** The codes of streams that were given up, until the peer has acknowledged the RESET; at most `MAX_RESETS`. */
  readonly #resets = new Map<StreamId, number>()
  #nextOwn: StreamId
  #nextTheirs: StreamId
  #kept = 0
  #granted = 0
  /** Streams of the peer. */
  #theirs = 0
  readonly #budget: ReceiveBudget

  constructor(
    peer: PeerId,
    emit: (event: PeerEvent) => void,
    pending: PendingFrames,
    /** Whether our side began the handshake that made the connection. */
    initiator: boolean,
    /** Shared by all connections of a client. */
    budget: ReceiveBudget
  ) {
    this.#budget = budget
    this.#peer = peer
    this.#emit = emit
    this.#pending = pending
    this.#nextOwn = initiator ? 1 : 2
    this.#nextTheirs = initiator ? 2 : 1
  }

  /** Whether a stream has data to send; only such a load is worth larger packets. */
  get isBusy(): boolean {
    return this.#turns.size > 0
  }

  open(): StreamId | StreamRefusal {
    let own = 0
    for (const id of this.#streams.keys()) if (id % 2 === this.#nextOwn % 2) own++
    if (own >= MAX_STREAMS || this.#resets.size >= MAX_RESETS) return { _tag: "TooManyStreams" }
    const id = this.#nextOwn
    this.#nextOwn += 2
    this.#add(id)
    return id
  }

  /**
   * Takes over `data`. `true`: more may follow at once. `false`: `StreamWritable` tells when to go on. `undefined` when
   * the stream is gone.
   */
  write(id: StreamId, data: Uint8Array): boolean | undefined {
    const stream = this.#streams.get(id)
    if (stream === undefined || stream.sending.isFinished) return undefined
    this.#change(stream, () => stream.sending.write(data))
    this.#turns.add(stream)
    if (stream.sending.kept < STREAM_KEEPS && this.#kept < TOTAL_KEEPS) return true
    stream.block()
    return false
  }

  finish(id: StreamId): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    stream.sending.finish()
    this.#turns.add(stream)
  }

  /** The next bytes in order, `"end"` once after the last, `undefined` when there is nothing now. */
  read(id: StreamId): Uint8Array | "end" | undefined {
    const stream = this.#streams.get(id)
    if (stream === undefined) return undefined
    const bytes = this.#change(stream, () => stream.read())
    if (bytes instanceof Uint8Array) this.#grant(stream)
    this.#forgetIfOver(stream)
    return bytes
  }

  /** Gives up a stream in both directions. */
  reset(id: StreamId, code: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    this.#forget(stream)
    this.#giveUp(id, code)
  }

  /** The connection is over: its streams count no more. */
  close(): void {
    for (const stream of this.#streams.values()) this.#release(stream)
    this.#streams.clear()
    this.#turns.clear()
  }

  /** Handles a STREAM frame; `false` when the peer broke the protocol. */
  onStream(id: StreamId, offset: number, data: Uint8Array): boolean {
    if (!this.#meet(id)) return false
    const stream = this.#streams.get(id)
    if (stream === undefined) return true
    const wasReadable = stream.isReadable
    const before = stream.charge
    const isRight = stream.receive(offset, data)
    this.#budget.charge(stream.charge - before)
    if (!isRight) return false
    if (this.#budget.isOver && !stream.isRaised) {
      this.reset(id, REFUSED)
      this.#emit({ _tag: "StreamReset", peer: this.#peer, stream: id, code: REFUSED })
      return true
    }
    if (!wasReadable && stream.isReadable) this.#emit({ _tag: "StreamReadable", peer: this.#peer, stream: id })
    return true
  }

  onMaxData(id: StreamId, limit: number): void {
    const stream = this.#streams.get(id)
    if (stream === undefined) return
    stream.sending.setLimit(limit)
    this.#queue(stream)
  }

  /** Handles a RESET frame; `false` when the peer broke the protocol. */
  onReset(id: StreamId, code: number): boolean {
    if (!this.#meet(id)) return false
    const stream = this.#streams.get(id)
    if (stream === undefined) return true
    this.#forget(stream)
    this.#emit({ _tag: "StreamReset", peer: this.#peer, stream: id, code })
    return true
  }

  onBytesAcknowledged(frame: SentFrame<"Stream">): void {
    const stream = this.#streams.get(frame.stream)
    if (stream === undefined) return
    this.#change(stream, () => stream.sending.onAcknowledged(frame))
    this.#wake(stream)
    this.#forgetIfOver(stream)
  }

  onBytesLost(frame: SentFrame<"Stream">): void {
    const stream = this.#streams.get(frame.stream)
    if (stream === undefined) return
    stream.sending.onLost(frame)
    this.#queue(stream)
  }

  onLimitLost(id: StreamId): void {
    if (this.#streams.get(id)?.needsLimit === true) this.#pending.limits.add(id)
  }

  onResetAcknowledged(id: StreamId): void {
    if (this.#resets.delete(id)) this.#emit({ _tag: "StreamResetConfirmed", peer: this.#peer, stream: id })
    this.#pending.resets.delete(id)
  }

  onResetLost(id: StreamId): void {
    if (this.#resets.has(id)) this.#pending.resets.add(id)
  }

  /**
   * Writes the frames that are due, up to the offset `end` of the packet, and notes them in `frames`. Gives whether
   * bytes or an end of a stream are among them: such packets are padded, so that they all look alike.
   */
  writeTo(writer: Writer, end: number, frames: Array<SentFrame>): boolean {
    this.#writeResets(writer, end, frames)
    this.#writeLimits(writer, end, frames)
    let wrote = false
    while (this.#turns.size > 0 && end - writer.offset > SMALL_FRAME) {
      const stream = this.#nextTurn()
      if (writeStream(stream, writer, end, frames)) wrote = true
      this.#queue(stream)
    }
    return wrote
  }

  #writeResets(writer: Writer, end: number, frames: Array<SentFrame>): void {
    for (const stream of this.#pending.resets) {
      if (end - writer.offset < SMALL_FRAME) return
      this.#pending.resets.delete(stream)
      Frame.write(writer, { _tag: "Reset", stream, code: this.#resets.get(stream)! })
      frames.push({ _tag: "Reset", stream })
    }
  }

  #writeLimits(writer: Writer, end: number, frames: Array<SentFrame>): void {
    for (const stream of this.#pending.limits) {
      if (stream === CHAT_STREAM) continue
      if (end - writer.offset < SMALL_FRAME) return
      this.#pending.limits.delete(stream)
      Frame.write(writer, { _tag: "MaxData", stream, limit: this.#streams.get(stream)!.announceLimit() })
      frames.push({ _tag: "MaxData", stream })
    }
  }

  #giveUp(id: StreamId, code: number): void {
    this.#resets.set(id, code)
    this.#pending.resets.add(id)
  }

  #nextTurn(): DataStream {
    for (const stream of this.#turns) {
      this.#turns.delete(stream)
      return stream
    }
    throw new Error("asked for a turn when there is none")
  }

  /** Puts the stream at the end of the turns if it has something to send, and takes it out otherwise. */
  #queue(stream: DataStream): void {
    if (stream.sending.pending) this.#turns.add(stream)
    else this.#turns.delete(stream)
  }

  /**
   * Opens the streams of the peer up to `id`, if they are not open yet; `false` when the peer cannot have opened a
   * stream of this id.
   */
  #meet(id: StreamId): boolean {
    if (id % 2 === this.#nextOwn % 2) return id < this.#nextOwn
    if (id < this.#nextTheirs) return true
    if (id >= this.#nextTheirs + 2 * MAX_STREAMS) return false
    for (; this.#nextTheirs <= id; this.#nextTheirs += 2) {
      // A peer that opens new streams in place of those that we gave up has received our RESETs, and acknowledges them.
      // One that does not acknowledge them breaks the protocol.
      if (this.#resets.size >= MAX_RESETS) return false
      // An honest peer exceeds its own bound only while it does not know yet that some of the streams are over.
      if (this.#streams.size < 2 * MAX_STREAMS && this.#budget.hasRoom(this.#theirs)) {
        this.#add(this.#nextTheirs)
        this.#emit({ _tag: "StreamOpened", peer: this.#peer, stream: this.#nextTheirs })
      } else this.#giveUp(this.#nextTheirs, REFUSED)
    }
    return true
  }

  #add(id: StreamId): void {
    const stream = new DataStream(id)
    this.#streams.set(id, stream)
    this.#granted += stream.granted
    if (this.#isTheirs(id)) this.#countTheirs(1)
  }

  #isTheirs(id: StreamId): boolean {
    return id % 2 !== this.#nextOwn % 2
  }

  #countTheirs(change: number): void {
    this.#theirs += change
    this.#budget.countTheirs(change)
  }

  /** Raises the limit of the stream's sender, by the stream's share of what all streams together may have. */
  #grant(stream: DataStream): void {
    const most = Math.min(STREAM_WINDOW, Math.floor(TOTAL_WINDOW / this.#streams.size), this.#budget.share)
    const share = Math.max(FIRST_WINDOW, most)
    const left = stream.granted + Math.min(TOTAL_WINDOW - this.#granted, this.#budget.left)
    // Each stream gets `FIRST_WINDOW` at least: with nothing granted nothing would come to be read, and only reading
    // grants more.
    const isNews = this.#change(stream, () => stream.grant(Math.max(FIRST_WINDOW, Math.min(share, left))))
    if (isNews) this.#pending.limits.add(stream.id)
  }

  /** Changes a stream by `act`, and keeps `#kept`, `#granted` and the budget, sums over all streams, right. */
  #change<A>(stream: DataStream, act: () => A): A {
    this.#kept -= stream.sending.kept
    this.#granted -= stream.granted
    const { charge, isRaised } = stream
    const result = act()
    this.#kept += stream.sending.kept
    this.#granted += stream.granted
    this.#budget.charge(stream.charge - charge)
    if (!isRaised && stream.isRaised) this.#budget.countRaised(1)
    return result
  }

  /**
   * Tells a writer that waits that there is room again. It waits until there is a good part of it, so that it is not
   * woken for every packet.
   */
  #wake(stream: DataStream): void {
    if (this.#kept >= TOTAL_KEEPS) return
    if (stream.sending.kept <= WAKE_AT && stream.unblock()) {
      this.#emit({ _tag: "StreamWritable", peer: this.#peer, stream: stream.id })
    }
  }

  #forgetIfOver(stream: DataStream): void {
    if (stream.isOver) this.#forget(stream)
  }

  #forget(stream: DataStream): void {
    this.#streams.delete(stream.id)
    this.#release(stream)
    this.#turns.delete(stream)
    this.#pending.limits.delete(stream.id)
    this.#kept -= stream.sending.kept
    this.#granted -= stream.granted
    if (this.#kept >= TOTAL_KEEPS / 2) return
    for (const other of this.#streams.values()) this.#wake(other)
  }

  #release(stream: DataStream): void {
    this.#budget.charge(-stream.charge)
    if (stream.isRaised) this.#budget.countRaised(-1)
    if (this.#isTheirs(stream.id)) this.#countTheirs(-1)
  }
}

/** Writes one portion of the stream, or its end; `false` when there was neither. */
const writeStream = (stream: DataStream, writer: Writer, end: number, frames: Array<SentFrame>): boolean => {
  const { id, sending } = stream
  const room = end - writer.offset
  const range = sending.next(room - Frame.streamOverhead(id, sending.nextOffset, room))
  if (range === undefined) return false
  Frame.writeStreamHeader(writer, id, range.start, range.end - range.start)
  sending.writeTo(writer, range)
  frames.push({ _tag: "Stream", stream: id, start: range.start, end: range.end })
  return true
}

/** Streams that each side may have open: more files at once than a user follows. */
export const MAX_STREAMS = 64
/** Streams given up whose RESET is not acknowledged yet. */
const MAX_RESETS = 4 * MAX_STREAMS
/**
 * Bytes that a stream keeps until they are acknowledged: 40 MB/s over 100 ms, twice, as a loss holds up what comes
 * after it.
 */
const STREAM_KEEPS = 8 * 1024 * 1024
/** Bytes kept at which a writer that waits is woken: early enough that the path is not left without. */
const WAKE_AT = STREAM_KEEPS - 1024 * 1024
/** The same as `STREAM_KEEPS` for all streams of a connection. */
const TOTAL_KEEPS = 16 * 1024 * 1024
/** Bytes that a sender may have under way, or waiting for a slow reader: as much as it keeps. */
const STREAM_WINDOW = 8 * 1024 * 1024
/**
 * Bytes for all streams of a connection: the most memory that a peer can make us use, `FIRST_WINDOW` for each stream
 * aside.
 */
const TOTAL_WINDOW = 16 * 1024 * 1024
/** Bytes that any frame but a useful STREAM fits in: a type and two numbers. */
const SMALL_FRAME = 24
/** The code of a RESET for a stream too many. */
export const REFUSED = 1

import * as Endpoint from "../domain/Endpoint.js"
import { Reader, varintLength, type Writer } from "./Bytes.js"

/**
 * The frames inside a DATA packet (docs/protocol.md §3): eleven and no more. Integers are the variable-length ones of
 * RFC 9000 §16 unless said otherwise.
 */
export type Frame =
  /** Asks for a `Pong` on the same path. `token` is 8 bytes. */
  | { readonly _tag: "Ping"; readonly token: Uint8Array }
  /** Proves a path. `observed` is where the PING came from; absent when it came through a relay. */
  | { readonly _tag: "Pong"; readonly token: Uint8Array; readonly observed: Endpoint.Endpoint | undefined }
  | Ack
  | { readonly _tag: "Stream"; readonly stream: number; readonly offset: number; readonly data: Uint8Array }
  /** The sender of `stream` may send the bytes before offset `limit`. */
  | { readonly _tag: "MaxData"; readonly stream: number; readonly limit: number }
  /** Where the sender may be reached from now on; at most `Endpoint.MAX_CANDIDATES`. */
  | { readonly _tag: "Candidates"; readonly endpoints: ReadonlyArray<Endpoint.Endpoint> }
  /** The sender has asked for the receiver, whose text may now flow. */
  | { readonly _tag: "Consent" }
  /** The sender gives up `stream`. */
  | { readonly _tag: "Reset"; readonly stream: number; readonly code: number }
  /** The sender ends the connection and has forgotten its keys. */
  | { readonly _tag: "Bye"; readonly code: number }
  | Guess

/**
 * The sender has opened its NAT for the receiver at ports that it does not know itself, of `first.address`: `ports`
 * ports, beginning with `first.port`, each `stride` after the one before. It asks for OPEN at `count` of them.
 */
export interface Guess {
  readonly _tag: "Guess"
  readonly first: Endpoint.Endpoint
  readonly stride: number
  readonly ports: number
  readonly count: number
}

/**
 * Packet numbers received. `ranges` are half-open and go down from the largest; at most `MAX_ACK_RANGES`, at least one.
 */
export interface Ack {
  readonly _tag: "Ack"
  readonly ranges: ReadonlyArray<{ readonly start: number; readonly end: number }>
  /** ms between the arrival of the largest and this acknowledgement. */
  readonly delay: number
}

export const TOKEN_BYTES = 8
/** Ranges in one ACK: 31 holes are more than a window of packets has, in at most 260 bytes of usual size. */
export const MAX_ACK_RANGES = 32

const Type = {
  pad: 0,
  ping: 1,
  pong: 2,
  ack: 3,
  stream: 4,
  maxData: 5,
  candidates: 6,
  consent: 7,
  reset: 8,
  bye: 9,
  guess: 10
} as const

/** The unit of `Ack.delay` on the wire in ms: 8 µs, the default of RFC 9000 §18.2. */
const DELAY_UNIT = 0.008

/** Bytes in front of the data of a STREAM frame. */
export const streamOverhead = (stream: number, offset: number, length: number): number =>
  1 + varintLength(stream) + varintLength(offset) + varintLength(length)

/** The type, stream, offset and length of a STREAM frame; exactly `length` bytes of data follow. */
export const writeStreamHeader = (writer: Writer, stream: number, offset: number, length: number): void => {
  writer.u8(Type.stream)
  writer.varint(stream)
  writer.varint(offset)
  writer.varint(length)
}

/** `length` bytes that mean nothing. */
export const writePadding = (writer: Writer, length: number): void => {
  for (let left = length; left > 0; left -= PADDING.length) writer.bytes(PADDING.subarray(0, left))
}

export const write = (writer: Writer, frame: Frame): void => {
  switch (frame._tag) {
    case "Ping":
      writer.u8(Type.ping)
      writer.bytes(frame.token)
      return
    case "Pong":
      writer.u8(Type.pong)
      writer.bytes(frame.token)
      writeEndpoint(writer, frame.observed)
      return
    case "Ack":
      writeAck(writer, frame)
      return
    case "Stream":
      writeStreamHeader(writer, frame.stream, frame.offset, frame.data.length)
      writer.bytes(frame.data)
      return
    case "MaxData":
      writer.u8(Type.maxData)
      writer.varint(frame.stream)
      writer.varint(frame.limit)
      return
    case "Candidates":
      writer.u8(Type.candidates)
      writer.u8(frame.endpoints.length)
      for (const endpoint of frame.endpoints) writeEndpoint(writer, endpoint)
      return
    case "Consent":
      writer.u8(Type.consent)
      return
    case "Reset":
      writer.u8(Type.reset)
      writer.varint(frame.stream)
      writer.varint(frame.code)
      return
    case "Bye":
      writer.u8(Type.bye)
      writer.varint(frame.code)
      return
    case "Guess":
      writer.u8(Type.guess)
      writeEndpoint(writer, frame.first)
      for (const number of [frame.stride, frame.ports, frame.count]) writer.varint(number)
  }
}

/**
 * All frames of a packet but the padding; `undefined` when any of them is malformed. The bytes in them are views of
 * `payload`. Bounded by the packet: a frame takes at least one byte.
 */
export const decode = (payload: Uint8Array): ReadonlyArray<Frame> | undefined => {
  const reader = new Reader(payload)
  const frames: Array<Frame> = []
  while (reader.remaining > 0) {
    const type = reader.u8()
    if (type === Type.pad) continue
    const frame = read(reader, type)
    if (frame === undefined || reader.failed) return undefined
    frames.push(frame)
  }
  return frames
}

const read = (reader: Reader, type: number): Frame | undefined => {
  switch (type) {
    case Type.ping:
      return { _tag: "Ping", token: reader.bytes(TOKEN_BYTES) }
    case Type.pong: {
      const token = reader.bytes(TOKEN_BYTES)
      const observed = readEndpoint(reader)
      return observed === MALFORMED ? undefined : { _tag: "Pong", token, observed }
    }
    case Type.ack:
      return readAck(reader)
    case Type.stream: {
      const stream = reader.varint()
      const offset = reader.varint()
      const length = reader.varint()
      if (!Number.isSafeInteger(offset + length)) return undefined
      return { _tag: "Stream", stream, offset, data: reader.bytes(length) }
    }
    case Type.maxData:
      return { _tag: "MaxData", stream: reader.varint(), limit: reader.varint() }
    case Type.candidates:
      return readCandidates(reader)
    case Type.consent:
      return { _tag: "Consent" }
    case Type.reset:
      return { _tag: "Reset", stream: reader.varint(), code: reader.varint() }
    case Type.bye:
      return { _tag: "Bye", code: reader.varint() }
    case Type.guess: {
      const first = readEndpoint(reader)
      if (first === undefined || first === MALFORMED) return undefined
      return { _tag: "Guess", first, stride: reader.varint(), ports: reader.varint(), count: reader.varint() }
    }
    default:
      return undefined
  }
}

/**
 * As in RFC 9000 §19.3: the largest number, the delay, how many ranges follow the first one, then gaps and lengths,
 * each of them less one or two.
 */
const writeAck = (writer: Writer, ack: Ack): void => {
  const first = ack.ranges[0]!
  writer.u8(Type.ack)
  writer.varint(first.end - 1)
  writer.varint(Math.max(0, Math.round(ack.delay / DELAY_UNIT)))
  writer.varint(ack.ranges.length - 1)
  writer.varint(first.end - 1 - first.start)
  for (let i = 1; i < ack.ranges.length; i++) {
    const range = ack.ranges[i]!
    writer.varint(ack.ranges[i - 1]!.start - range.end - 1)
    writer.varint(range.end - 1 - range.start)
  }
}

const readAck = (reader: Reader): Frame | undefined => {
  const largest = reader.varint()
  const delay = reader.varint() * DELAY_UNIT
  const more = reader.varint()
  if (more >= MAX_ACK_RANGES || largest === Number.MAX_SAFE_INTEGER) return undefined
  const ranges: Array<{ start: number; end: number }> = []
  let end = largest + 1
  for (let i = 0; i <= more; i++) {
    if (i > 0) end -= reader.varint() + 1
    const start = end - 1 - reader.varint()
    if (start < 0) return undefined
    ranges.push({ start, end })
    end = start
  }
  return { _tag: "Ack", ranges, delay }
}

const readCandidates = (reader: Reader): Frame | undefined => {
  const count = reader.u8()
  if (count > Endpoint.MAX_CANDIDATES) return undefined
  const endpoints: Array<Endpoint.Endpoint> = []
  for (let i = 0; i < count; i++) {
    const endpoint = readEndpoint(reader)
    if (endpoint === undefined || endpoint === MALFORMED) return undefined
    endpoints.push(endpoint)
  }
  return { _tag: "Candidates", endpoints }
}

/** Bytes of the address (4 or 16; 0 for none) as u8, the address, the port as u16. */
const writeEndpoint = (writer: Writer, endpoint: Endpoint.Endpoint | undefined): void => {
  if (endpoint === undefined) {
    writer.u8(0)
    return
  }
  const address = Endpoint.toBytes(endpoint)
  writer.u8(address.length)
  writer.bytes(address)
  writer.u16(endpoint.port)
}

const readEndpoint = (reader: Reader): Endpoint.Endpoint | typeof MALFORMED | undefined => {
  const length = reader.u8()
  if (length === 0) return undefined
  const address = reader.bytes(length)
  const port = reader.u16()
  return port === 0 ? MALFORMED : (Endpoint.fromBytes(address, port) ?? MALFORMED)
}

const MALFORMED = Symbol("a malformed endpoint")
/** Zeros to copy padding from: as many as a usual packet is padded with, one step. */
const PADDING = new Uint8Array(64)

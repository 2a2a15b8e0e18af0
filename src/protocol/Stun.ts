import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/**
 * STUN messages (RFC 8489) with the attributes of NAT discovery (RFC 5780): a pure codec, without transactions or
 * retransmission. Messages of RFC 3489, which have no magic cookie, are for `ClassicStun`.
 */
export interface Message {
  readonly class: Class
  /** 12 bits; `BINDING` is the only method that parley speaks. */
  readonly method: number
  /** 12 bytes, chosen at random by the sender of the request. */
  readonly transactionId: Uint8Array
  readonly attributes: Attributes
  /**
   * Comprehension-required attributes that this codec does not know: a request with any is answered with 420 and this
   * list.
   */
  readonly unknown: ReadonlyArray<number>
  /** Whether the message carries a FINGERPRINT. In a decoded message it was verified. */
  readonly fingerprint: boolean
}

export type Class = "request" | "indication" | "success" | "error"

/** Of an attribute that occurs more than once only the first counts (RFC 8489 §14). */
export interface Attributes {
  /** XOR-MAPPED-ADDRESS: the reflexive address, in a form that address-rewriting middleboxes leave alone. */
  readonly xorMappedAddress?: Endpoint.Endpoint
  readonly mappedAddress?: Endpoint.Endpoint
  /** RESPONSE-ORIGIN: the address that the response was sent from. */
  readonly responseOrigin?: Endpoint.Endpoint
  /** OTHER-ADDRESS: where the server also listens, with another IP address and port. */
  readonly otherAddress?: Endpoint.Endpoint
  /** CHANGE-REQUEST: asks for the response from another address, port or both. */
  readonly changeRequest?: { readonly address: boolean; readonly port: boolean }
  /** ERROR-CODE: 300 to 699, and a reason for people. */
  readonly errorCode?: { readonly code: number; readonly reason: string }
  /** UNKNOWN-ATTRIBUTES: the attribute types that the server did not understand. */
  readonly unknownAttributes?: ReadonlyArray<number>
  /** SOFTWARE: text that the other side wrote, which must be cleaned before it is shown. */
  readonly software?: string
}

export const BINDING = 0x001
export const TRANSACTION_BYTES = 12

/**
 * Whether the bytes have the form of a STUN message, by which it is told from parley's own packets on the same socket.
 */
export const isStun = (bytes: Uint8Array): boolean => {
  if (bytes.length < HEADER || bytes.length > MAX_MESSAGE || bytes[0]! >= 0x40) return false
  const reader = new Bytes.Reader(bytes)
  reader.u16()
  const length = reader.u16()
  return length === bytes.length - HEADER && length % 4 === 0 && reader.u32() === MAGIC_COOKIE
}

/**
 * The message; `undefined` unless it is whole, its known attributes are well formed and its FINGERPRINT, if any, is
 * right.
 */
export const decode = (bytes: Uint8Array): Message | undefined => {
  if (!isStun(bytes)) return undefined
  const type = new Bytes.Reader(bytes).u16()
  const transactionId = Bytes.copy(bytes.subarray(8, HEADER))
  const attributes: Mutable<Attributes> = {}
  const unknown: Array<number> = []
  let fingerprint = false
  let sealed = false

  for (const attribute of walk(bytes)) {
    if (attribute === undefined) return undefined
    if (attribute.type === FINGERPRINT) {
      if (!isFingerprint(bytes, attribute)) return undefined
      fingerprint = true
      break // It is the last attribute (RFC 8489 §14.7); what follows is to be ignored.
    }
    // After MESSAGE-INTEGRITY only FINGERPRINT counts (RFC 8489 §14.5), since other attributes there are not covered by
    // it.
    if (sealed) continue
    if (attribute.type === MESSAGE_INTEGRITY) sealed = true
    const read = READERS[attribute.type]
    if (read !== undefined) {
      if (!read(attributes, attribute.value, transactionId)) return undefined
    } else if (attribute.type < COMPREHENSION_OPTIONAL && !AUTHENTICATION.has(attribute.type)) {
      unknown.push(attribute.type)
    }
  }
  return {
    class: CLASSES[((type >> 7) & 2) | ((type >> 4) & 1)]!,
    method: (type & 0xf) | ((type >> 1) & 0x70) | ((type >> 2) & 0xf80),
    transactionId,
    attributes,
    unknown,
    fingerprint
  }
}

/**
 * The bytes of a message (without `unknown`, which is a finding), with so many besides that mean nothing, a multiple of
 * four; `undefined` when a field is out of its range.
 */
export const encode = (message: Omit<Message, "unknown">, filler = 0): Uint8Array | undefined => {
  const { attributes, method, transactionId } = message
  if (transactionId.length !== TRANSACTION_BYTES || !Number.isInteger(method) || method < 0 || method > 0xfff) {
    return undefined
  }
  const kind = CLASSES.indexOf(message.class)
  const writer = new Bytes.Writer(new Uint8Array(MAX_MESSAGE), HEADER)
  const mask = xorMask(transactionId)
  const address = (type: number, endpoint: Endpoint.Endpoint | undefined, mask?: Uint8Array) => {
    if (endpoint !== undefined) writeAttribute(writer, type, encodeAddress(endpoint, mask))
  }
  address(XOR_MAPPED_ADDRESS, attributes.xorMappedAddress, mask)
  address(MAPPED_ADDRESS, attributes.mappedAddress)
  address(RESPONSE_ORIGIN, attributes.responseOrigin)
  address(OTHER_ADDRESS, attributes.otherAddress)
  if (attributes.changeRequest !== undefined) {
    const flags = (attributes.changeRequest.address ? CHANGE_IP : 0) | (attributes.changeRequest.port ? CHANGE_PORT : 0)
    writeAttribute(writer, CHANGE_REQUEST, Uint8Array.of(0, 0, 0, flags))
  }
  if (attributes.errorCode !== undefined) {
    const { code, reason } = attributes.errorCode
    const text = Bytes.fromText(reason)
    if (!Number.isInteger(code) || code < 300 || code > 699 || text.length > MAX_TEXT) return undefined
    writeAttribute(writer, ERROR_CODE, Bytes.concat([Uint8Array.of(0, 0, Math.floor(code / 100), code % 100), text]))
  }
  if (attributes.unknownAttributes !== undefined) {
    const list = new Bytes.Writer(new Uint8Array(2 * attributes.unknownAttributes.length))
    for (const type of attributes.unknownAttributes) list.u16(type)
    const value = list.finish()
    if (value === undefined) return undefined
    writeAttribute(writer, UNKNOWN_ATTRIBUTES, value)
  }
  if (attributes.software !== undefined) {
    const text = Bytes.fromText(attributes.software)
    if (text.length > MAX_TEXT) return undefined
    writeAttribute(writer, SOFTWARE, text)
  }
  if (filler > 0) writeAttribute(writer, FILLER, new Uint8Array(filler - 4))

  const unsealed = writer.finish()
  if (unsealed === undefined) return undefined
  const header = new Bytes.Writer(unsealed)
  header.u16((method & 0xf) | ((method & 0x70) << 1) | ((method & 0xf80) << 2) | ((kind & 1) << 4) | ((kind & 2) << 7))
  // The checksum covers the header, whose length already counts FINGERPRINT itself.
  header.u16(unsealed.length - HEADER + (message.fingerprint ? FINGERPRINT_BYTES : 0))
  header.u32(MAGIC_COOKIE)
  header.bytes(transactionId)
  if (!message.fingerprint) return unsealed
  writer.u16(FINGERPRINT)
  writer.u16(4)
  writer.u32(checksum(unsealed))
  return writer.finish()
}

/** HMAC-SHA1 (RFC 2104) of `data`, 20 bytes. It is passed in, because nothing else in parley needs SHA-1. */
export type HmacSha1 = (key: Uint8Array, data: Uint8Array) => Uint8Array

/**
 * Whether a STUN message carries a MESSAGE-INTEGRITY (RFC 8489 §14.5) made with `key`: the password, or its long-term
 * hash.
 */
export const verifyIntegrity = (bytes: Uint8Array, key: Uint8Array, hmacSha1: HmacSha1): boolean => {
  if (!isStun(bytes)) return false
  for (const attribute of walk(bytes)) {
    if (attribute === undefined) return false
    if (attribute.type !== MESSAGE_INTEGRITY) continue
    // It was computed as the last attribute, with a length in the header that ended with it.
    const covered = Bytes.copy(bytes.subarray(0, attribute.offset))
    const length = attribute.offset + 4 + attribute.value.length - HEADER
    covered[2] = length >> 8
    covered[3] = length
    return Bytes.equal(hmacSha1(key, covered), attribute.value)
  }
  return false
}

const HEADER = 20
const MAGIC_COOKIE = 0x2112a442
/** An Ethernet frame: no STUN message over UDP may need fragments (RFC 8489 §6.1), and a bound on what is looked at. */
const MAX_MESSAGE = 1500
/** Bytes of SOFTWARE and of an error's reason: 127 characters, as RFC 8489 counts them. */
const MAX_TEXT = 763

const MAPPED_ADDRESS = 0x0001
const CHANGE_REQUEST = 0x0003
const MESSAGE_INTEGRITY = 0x0008
const ERROR_CODE = 0x0009
const UNKNOWN_ATTRIBUTES = 0x000a
const XOR_MAPPED_ADDRESS = 0x0020
/** Attributes with types from here on may be ignored by a receiver that does not know them. */
const COMPREHENSION_OPTIONAL = 0x8000
const SOFTWARE = 0x8022
const FINGERPRINT = 0x8028
/** Nobody's, and may be ignored: PADDING (RFC 5780) must be understood, and would make the answer as large. */
const FILLER = 0xfffe
const RESPONSE_ORIGIN = 0x802b
const OTHER_ADDRESS = 0x802c

/**
 * The credentials of RFC 8489: understood, and ignored by a server that asks for none. USERNAME, MESSAGE-INTEGRITY,
 * REALM, NONCE, MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH.
 */
const AUTHENTICATION: ReadonlySet<number> = new Set([0x0006, MESSAGE_INTEGRITY, 0x0014, 0x0015, 0x001c, 0x001d, 0x001e])

/** By the two class bits of the message type. */
const CLASSES: ReadonlyArray<Class> = ["request", "indication", "success", "error"]
const CHANGE_IP = 0x04
const CHANGE_PORT = 0x02
const FINGERPRINT_BYTES = 8
/** "STUN": keeps the checksum apart from one that the protocol around it may carry. */
const FINGERPRINT_XOR = 0x5354554e

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

interface Attribute {
  readonly type: number
  readonly value: Uint8Array
  /** Where the attribute starts in the message. */
  readonly offset: number
}

/** The attributes in order; ends with `undefined` where one does not fit. */
function* walk(bytes: Uint8Array): Generator<Attribute | undefined, void> {
  const reader = new Bytes.Reader(bytes)
  reader.bytes(HEADER)
  while (reader.remaining > 0) {
    const offset = reader.offset
    const type = reader.u16()
    const value = reader.bytes(reader.u16())
    reader.bytes(padding(value.length))
    yield reader.failed ? undefined : { type, value, offset }
  }
}

/** Attributes begin at multiples of 4 bytes. */
const padding = (length: number): number => -length & 3

const writeAttribute = (writer: Bytes.Writer, type: number, value: Uint8Array): void => {
  writer.u16(type)
  writer.u16(value.length)
  writer.bytes(value)
  writer.bytes(new Uint8Array(padding(value.length)))
}

/** Stores one attribute unless there is one already; `false` when it is malformed. */
type AttributeReader = (into: Mutable<Attributes>, value: Uint8Array, transactionId: Uint8Array) => boolean

const READERS: Readonly<Record<number, AttributeReader>> = {
  [XOR_MAPPED_ADDRESS]: (into, value, transactionId) =>
    storeAddress(into, "xorMappedAddress", decodeAddress(value, xorMask(transactionId))),
  [MAPPED_ADDRESS]: (into, value) => storeAddress(into, "mappedAddress", decodeAddress(value)),
  [RESPONSE_ORIGIN]: (into, value) => storeAddress(into, "responseOrigin", decodeAddress(value)),
  [OTHER_ADDRESS]: (into, value) => storeAddress(into, "otherAddress", decodeAddress(value)),
  [CHANGE_REQUEST]: (into, value) => {
    if (value.length !== 4) return false
    into.changeRequest ??= { address: (value[3]! & CHANGE_IP) !== 0, port: (value[3]! & CHANGE_PORT) !== 0 }
    return true
  },
  [ERROR_CODE]: (into, value) => {
    const hundreds = (value[2] ?? 0) & 7
    const rest = value[3] ?? 100
    const reason = Bytes.toText(value.subarray(4))
    if (hundreds < 3 || hundreds > 6 || rest > 99 || reason === undefined) return false
    into.errorCode ??= { code: hundreds * 100 + rest, reason }
    return true
  },
  [UNKNOWN_ATTRIBUTES]: (into, value) => {
    if (value.length % 2 !== 0) return false
    const reader = new Bytes.Reader(value)
    into.unknownAttributes ??= Array.from({ length: value.length / 2 }, () => reader.u16())
    return true
  },
  [SOFTWARE]: (into, value) => {
    // Some servers count the padding in, or write Latin-1. That is no reason to lose the address for which the message
    // is there.
    const text = Bytes.toText(value)
    if (text !== undefined) into.software ??= text
    return true
  }
}

const storeAddress = (
  into: Mutable<Attributes>,
  name: "xorMappedAddress" | "mappedAddress" | "responseOrigin" | "otherAddress",
  endpoint: Endpoint.Endpoint | undefined
): boolean => {
  if (endpoint === undefined) return false
  into[name] ??= endpoint
  return true
}

/** What an address is XORed with: the cookie for IPv4 and the port, cookie and transaction for IPv6. */
const xorMask = (transactionId: Uint8Array): Uint8Array =>
  Bytes.concat([Uint8Array.of(0x21, 0x12, 0xa4, 0x42), transactionId])

const NO_MASK = new Uint8Array(16)

const encodeAddress = (endpoint: Endpoint.Endpoint, mask: Uint8Array = NO_MASK): Uint8Array => {
  const port = [(endpoint.port >> 8) ^ mask[0]!, (endpoint.port & 0xff) ^ mask[1]!]
  const address = Endpoint.toBytes(endpoint).map((byte, i) => byte ^ mask[i]!)
  return Uint8Array.of(0, address.length === 4 ? 1 : 2, ...port, ...address)
}

const decodeAddress = (value: Uint8Array, mask: Uint8Array = NO_MASK): Endpoint.Endpoint | undefined => {
  if (value.length !== (value[1] === 1 ? 8 : value[1] === 2 ? 20 : -1)) return undefined
  const port = ((value[2]! ^ mask[0]!) << 8) | (value[3]! ^ mask[1]!)
  const address = Uint8Array.from(value.subarray(4), (byte, i) => byte ^ mask[i]!)
  return Endpoint.fromBytes(address, port)
}

const isFingerprint = (bytes: Uint8Array, attribute: Attribute): boolean =>
  attribute.value.length === 4 &&
  new Bytes.Reader(attribute.value).u32() === checksum(bytes.subarray(0, attribute.offset))

/** FINGERPRINT over everything before it (RFC 8489 §14.7). */
const checksum = (bytes: Uint8Array): number => (crc32(bytes) ^ FINGERPRINT_XOR) >>> 0

/** CRC-32 of ISO 3309, the one of Ethernet and gzip. */
const crc32 = (bytes: Uint8Array): number => {
  let crc = 0xffff_ffff
  for (const byte of bytes) crc = CRC_TABLE[(crc ^ byte) & 0xff]! ^ (crc >>> 8)
  return ~crc >>> 0
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb8_8320 ^ (value >>> 1) : value >>> 1
  return value
})

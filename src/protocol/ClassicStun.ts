import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/**
 * The Binding messages of RFC 3489, "classic" STUN, as far as a server without shared secrets needs them. Old clients
 * that find out the kind of a NAT still use it. Its messages have no magic cookie, a transaction id of 16 bytes, and
 * know IPv4 alone.
 */
export interface Request {
  /** 16 bytes. */
  readonly transactionId: Uint8Array
  /** CHANGE-REQUEST: asks for the answer from another address, port or both. */
  readonly changeRequest: { readonly address: boolean; readonly port: boolean }
  /** Attributes that must be understood and are not: the answer is 420 with this list. */
  readonly unknown: ReadonlyArray<number>
}

export interface Success {
  readonly transactionId: Uint8Array
  readonly mappedAddress: Endpoint.Endpoint
  /** SOURCE-ADDRESS: where the answer is sent from. */
  readonly sourceAddress?: Endpoint.Endpoint
  /** CHANGED-ADDRESS: where it is sent from when both the address and the port are to change. */
  readonly changedAddress?: Endpoint.Endpoint
}

/** A Binding request; `undefined` for anything else, messages with the magic cookie of RFC 8489 included. */
export const decodeRequest = (bytes: Uint8Array): Request | undefined => {
  if (bytes.length < HEADER || bytes.length > MAX_MESSAGE) return undefined
  const reader = new Bytes.Reader(bytes)
  if (reader.u16() !== BINDING_REQUEST || reader.u16() !== bytes.length - HEADER) return undefined
  const transactionId = Bytes.copy(reader.bytes(16))
  if (new Bytes.Reader(transactionId).u32() === MAGIC_COOKIE) return undefined
  const unknown: Array<number> = []
  let flags = 0
  while (reader.remaining > 0) {
    const type = reader.u16()
    const value = reader.bytes(reader.u16())
    // Lengths are multiples of 4: padding came with RFC 5389.
    if (reader.failed || value.length % 4 !== 0) return undefined
    if (type === CHANGE_REQUEST) {
      if (value.length !== 4) return undefined
      flags = value[3]!
    } else if (type < OPTIONAL && !CREDENTIALS.has(type)) {
      unknown.push(type)
    }
  }
  const changeRequest = { address: (flags & CHANGE_IP) !== 0, port: (flags & CHANGE_PORT) !== 0 }
  return { transactionId, changeRequest, unknown }
}

/** A Binding response. All addresses are IPv4. */
export const encodeSuccess = (message: Success): Uint8Array =>
  encode(BINDING_RESPONSE, message.transactionId, [
    ...address(MAPPED_ADDRESS, message.mappedAddress),
    ...address(SOURCE_ADDRESS, message.sourceAddress),
    ...address(CHANGED_ADDRESS, message.changedAddress)
  ])

/** A Binding error response 420 that names the attributes that were not understood. */
export const encodeUnknownAttributes = (transactionId: Uint8Array, types: ReadonlyArray<number>): Uint8Array => {
  // An odd number of types is made even by repeating one (RFC 3489 §11.2.10).
  const even = types.length % 2 === 0 ? types : [...types, types[types.length - 1]!]
  return encode(BINDING_ERROR, transactionId, [
    attribute(ERROR_CODE, Uint8Array.of(0, 0, 4, 20)),
    attribute(UNKNOWN_ATTRIBUTES, Uint8Array.from(even.flatMap((type) => [type >> 8, type])))
  ])
}

const HEADER = 20
/** Bytes of a message: those of an Ethernet frame, which bounds what is parsed. */
const MAX_MESSAGE = 1500
const MAGIC_COOKIE = 0x2112a442

const BINDING_REQUEST = 0x0001
const BINDING_RESPONSE = 0x0101
const BINDING_ERROR = 0x0111

const MAPPED_ADDRESS = 0x0001
const CHANGE_REQUEST = 0x0003
const SOURCE_ADDRESS = 0x0004
const CHANGED_ADDRESS = 0x0005
const ERROR_CODE = 0x0009
const UNKNOWN_ATTRIBUTES = 0x000a
/** Attributes with types from here on may be ignored. */
const OPTIONAL = 0x8000
/** USERNAME and MESSAGE-INTEGRITY: understood, and ignored by a server that asks for no credentials. */
const CREDENTIALS: ReadonlySet<number> = new Set([0x0006, 0x0008])
const CHANGE_IP = 0x04
const CHANGE_PORT = 0x02

const encode = (type: number, transactionId: Uint8Array, attributes: ReadonlyArray<Uint8Array>): Uint8Array => {
  const body = Bytes.concat(attributes)
  return Bytes.concat([Uint8Array.of(type >> 8, type, body.length >> 8, body.length), transactionId, body])
}

const attribute = (type: number, value: Uint8Array): Uint8Array =>
  Bytes.concat([Uint8Array.of(type >> 8, type, value.length >> 8, value.length), value])

const address = (type: number, endpoint: Endpoint.Endpoint | undefined): ReadonlyArray<Uint8Array> =>
  endpoint === undefined
    ? []
    : [
        attribute(
          type,
          Bytes.concat([Uint8Array.of(0, 1, endpoint.port >> 8, endpoint.port), Endpoint.toBytes(endpoint)])
        )
      ]

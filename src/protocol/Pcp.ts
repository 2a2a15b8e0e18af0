import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/**
 * Port Control Protocol (RFC 6887), as far as one forwarded UDP port of IPv4 needs it. It is spoken on NAT-PMP's port.
 */
export interface Mapping {
  /** The nonce of the request that this answers (§11.1). */
  readonly nonce: Uint8Array
  readonly internal: number
  readonly external: Endpoint.Endpoint
  /** Seconds; 0 in the answer to a deletion. */
  readonly lifetime: number
}

/** `Refused`: by a router that speaks PCP. `OtherVersion`: by one that does not, such as one with NAT-PMP. */
export type Answer =
  | { readonly _tag: "Mapped"; readonly mapping: Mapping }
  | { readonly _tag: "Refused"; readonly result: number }
  | { readonly _tag: "OtherVersion" }

/** Bytes of the nonce that ties an answer to its request. */
export const NONCE = 12

export interface Request {
  /** Our own IPv4 address, as the router sees it: another one is refused (§8.1, ADDRESS_MISMATCH). */
  readonly client: string
  /** `NONCE` random bytes, the same for all requests about one mapping. */
  readonly nonce: Uint8Array
  readonly internal: number
  /** A suggestion; 0 leaves it to the router. */
  readonly external: number
  /** Seconds; 0 takes the mapping back (§15). */
  readonly lifetime: number
}

/** §11.1: asks to forward a UDP port to the machine that asks. */
export const mapRequest = ({ client, external, internal, lifetime, nonce }: Request): Uint8Array => {
  const bytes = new Uint8Array(LENGTH)
  const view = new DataView(bytes.buffer)
  bytes[0] = VERSION
  bytes[1] = MAP
  view.setUint32(4, lifetime)
  bytes.set(mapped(client), 8)
  bytes.set(nonce, HEADER)
  bytes[HEADER + 12] = UDP
  view.setUint16(HEADER + 16, internal)
  view.setUint16(HEADER + 18, external)
  bytes.set(mapped("0.0.0.0"), HEADER + 20)
  return bytes
}

/** An answer to `mapRequest`; `undefined` for anything else. */
export const decode = (bytes: Uint8Array): Answer | undefined => {
  if (bytes.length < SHORTEST || bytes.length > MAX_ANSWER) return undefined
  const reader = new Bytes.Reader(bytes)
  const version = reader.u8()
  const operation = reader.u8()
  if ((operation & ANSWER) === 0) return undefined
  // §9: who does not know our version answers in its own; NAT-PMP's answer is that of RFC 6886 §3.5.
  if (version !== VERSION) return { _tag: "OtherVersion" }
  reader.u8()
  const result = reader.u8()
  if (operation !== (ANSWER | MAP)) return undefined
  if (result !== SUCCESS) return { _tag: "Refused", result }
  const lifetime = reader.u32()
  reader.bytes(16)
  const nonce = Bytes.copy(reader.bytes(NONCE))
  const protocol = reader.u8()
  reader.bytes(3)
  const internal = reader.u16()
  const port = reader.u16()
  const external = Endpoint.fromBytes(Bytes.copy(reader.bytes(16)), port)
  if (reader.failed || protocol !== UDP || external?.family !== "ipv4") return undefined
  return { _tag: "Mapped", mapping: { nonce, internal, external, lifetime } }
}

/** §5: an IPv4 address as an IPv4-mapped IPv6 address. */
const mapped = (address: string): Uint8Array =>
  Uint8Array.from([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, ...address.split(".").map(Number)])

const VERSION = 2
const MAP = 1
const ANSWER = 128
const SUCCESS = 0
/** The protocol's number of IANA. */
const UDP = 17
/** Bytes of the header that every packet has (§7.1). */
const HEADER = 24
const LENGTH = HEADER + 36
/** Bytes of NAT-PMP's shortest answer. */
const SHORTEST = 8
/** Bytes (§7). */
const MAX_ANSWER = 1_100

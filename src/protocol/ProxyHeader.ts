import * as Endpoint from "../domain/Endpoint.js"
import * as Bytes from "./Bytes.js"

/**
 * The PROXY protocol of HAProxy ("The PROXY protocol, versions 1 & 2", doc/proxy-protocol.txt): the first bytes of a
 * connection that a proxy passes on say where it comes from. Read and never written here.
 */

/** What the first bytes of a connection are. */
export type ProxyHeader =
  /** A client's, from there to there. */
  | {
      readonly _tag: "Client"
      readonly from: Endpoint.Endpoint
      readonly to: Endpoint.Endpoint
      readonly length: number
    }
  /** The proxy's own (a look whether we are well), or it does not know whose. */
  | { readonly _tag: "Own"; readonly length: number }
  /** The beginning of a header. */
  | { readonly _tag: "More" }
  /** No header, or one of something else than TCP over IP. */
  | { readonly _tag: "Bad" }

/** The header that a connection begins with; `length`: its bytes, behind which the connection's own follow. */
export const read = (bytes: Uint8Array): ProxyHeader => {
  if (isPrefix(bytes, SIGNATURE)) return bytes.length < FIXED ? MORE : readBinary(bytes)
  return isPrefix(bytes, WORD) ? readText(bytes) : BAD
}

/** Bytes of a header that is taken: addresses, and what a proxy tells of TLS besides. */
export const MAX_HEADER = 2_048

const MORE: ProxyHeader = { _tag: "More" }
const BAD: ProxyHeader = { _tag: "Bad" }

/** Whether as much as there is of both is the same. */
const isPrefix = (bytes: Uint8Array, known: Uint8Array): boolean => {
  const shared = Math.min(bytes.length, known.length)
  return Bytes.equal(bytes.subarray(0, shared), known.subarray(0, shared))
}

/** Version 2, §2.2. */
const readBinary = (bytes: Uint8Array): ProxyHeader => {
  const command = bytes[12]!
  const family = bytes[13]!
  const length = FIXED + bytes[14]! * 256 + bytes[15]!
  if ((command !== LOCAL && command !== PROXY) || length > MAX_HEADER) return BAD
  if (bytes.length < length) return MORE
  if (command === LOCAL || family === UNSPECIFIED) return { _tag: "Own", length }
  const width = family === TCP_IPV4 ? 4 : family === TCP_IPV6 ? 16 : 0
  if (width === 0 || length < FIXED + 2 * width + 4) return BAD
  const reader = new Bytes.Reader(bytes, FIXED)
  const source = reader.bytes(width)
  const destination = reader.bytes(width)
  const from = Endpoint.fromBytes(source, reader.u16())
  const to = Endpoint.fromBytes(destination, reader.u16())
  return from === undefined || to === undefined ? BAD : { _tag: "Client", from, to, length }
}

/** Version 1, §2.1: one line of text. */
const readText = (bytes: Uint8Array): ProxyHeader => {
  const end = bytes.subarray(0, MAX_TEXT).indexOf(LINE_FEED)
  if (end < 0) return bytes.length < MAX_TEXT ? MORE : BAD
  const length = end + 1
  const line = Bytes.toText(bytes.subarray(0, length)) ?? ""
  if (/^PROXY UNKNOWN(?: [\x20-\x7e]*)?\r\n$/.test(line)) return { _tag: "Own", length }
  const [, version, source = "", destination = "", sourcePort, destinationPort] = TEXT.exec(line) ?? []
  const from = Endpoint.make(source, Number(sourcePort))
  const to = Endpoint.make(destination, Number(destinationPort))
  if (from === undefined || to === undefined) return BAD
  // An IPv4 address may be written as an IPv6 one.
  if (version === "4" && (source.includes(":") || destination.includes(":"))) return BAD
  return { _tag: "Client", from, to, length }
}

const TEXT = /^PROXY TCP([46]) ([0-9a-fA-F.:]{2,45}) ([0-9a-fA-F.:]{2,45}) ([0-9]{1,5}) ([0-9]{1,5})\r\n$/

const SIGNATURE = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a)
/** Bytes ahead of the addresses: the signature, version and command, family, length. */
const FIXED = 16
/** Version 2 and a command. */
const LOCAL = 0x20
const PROXY = 0x21
/** Families with their protocols. */
const UNSPECIFIED = 0x00
const TCP_IPV4 = 0x11
const TCP_IPV6 = 0x21

const WORD = Bytes.fromText("PROXY ")
/** Bytes of the longest line, its end included. */
const MAX_TEXT = 107
const LINE_FEED = 0x0a

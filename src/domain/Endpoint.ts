import IpAddress from "ipaddr.js"

/** @since 0.1.0 */
export type Family = "ipv4" | "ipv6"

/**
 * A transport address: an IP literal and a port (1 to 65535, or 0 for "any" when binding).
 *
 * `address` is canonical (RFC 5952 for IPv6, no zone, an IPv4-mapped IPv6 address is plain IPv4), so two endpoints are
 * the same exactly when their `format` is the same.
 *
 * @since 0.1.0
 */
export interface Endpoint {
  readonly family: Family
  readonly address: string
  readonly port: number
}

/**
 * How far an address reaches, after the IANA special-purpose registries.
 *
 * @since 0.1.0
 */
export type Scope = "loopback" | "link" | "private" | "global" | "unusable"

/**
 * An endpoint from an IP literal; `undefined` when `address` is no IP literal or `port` is out of range.
 *
 * @since 0.1.0
 */
export const make = (address: string, port: number): Endpoint | undefined => {
  if (!Number.isInteger(port) || port < 0 || port > 65535) return undefined
  if (CANONICAL_IPV4.test(address)) return { family: "ipv4", address, port }
  if (!address.includes(":")) return undefined
  const known = canonical.get(address)
  if (known !== undefined) return { ...known, port }
  const parsed = parseAddress(address)
  if (parsed === undefined) return undefined
  const found = { family: parsed.kind(), address: parsed.toString() }
  if (canonical.size >= MAX_KNOWN) canonical.clear()
  if (address.length <= MAX_TEXT) canonical.set(address, found)
  return { ...found, port }
}

/**
 * `192.0.2.1:9090` or `[2001:db8::1]:9090`.
 *
 * @since 0.1.0
 */
export const format = (endpoint: Endpoint): string =>
  endpoint.family === "ipv6" ? `[${endpoint.address}]:${endpoint.port}` : `${endpoint.address}:${endpoint.port}`

/**
 * The inverse of `format`; `undefined` for anything else, host names included.
 *
 * @since 0.1.0
 */
export const parse = (text: string): Endpoint | undefined => {
  if (text.length > MAX_TEXT) return undefined
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text)
  return match === null ? undefined : make((match[1] ?? match[2])!, Number(match[3]))
}

/**
 * How far the address of this endpoint reaches. Multicast, unspecified and reserved addresses are `unusable`.
 *
 * @since 0.1.0
 */
export const scope = ({ address }: Endpoint): Scope => {
  const before = scopes.get(address)
  if (before !== undefined) return before
  const found = scopeOf(address)
  if (scopes.size >= MAX_KNOWN) scopes.clear()
  scopes.set(address, found)
  return found
}

/**
 * Whether an endpoint that somebody else names may be used as a candidate of theirs. Left out is what cannot be one
 * machine's (multicast, broadcast, unspecified, reserved), what means another one here than there (link-local) and, but
 * for programs on this very machine, loopback. Private addresses stay: that two are in one network shows only in use.
 *
 * @since 0.1.0
 */
export const isCandidate = (endpoint: Endpoint, isSameHost: boolean): boolean => {
  if (endpoint.port === 0) return false
  const reach = scope(endpoint)
  return reach === "global" || reach === "private" || (reach === "loopback" && isSameHost)
}

/**
 * The wire form: 4 or 16 address bytes in network order.
 *
 * @since 0.1.0
 */
export const toBytes = (endpoint: Endpoint): Uint8Array =>
  Uint8Array.from(
    CANONICAL_IPV4.test(endpoint.address) ? octets(endpoint.address) : parseAddress(endpoint.address)!.toByteArray()
  )

/**
 * The inverse of `toBytes`; `undefined` unless there are 4 or 16 bytes.
 *
 * @since 0.1.0
 */
export const fromBytes = (bytes: Uint8Array, port: number): Endpoint | undefined => {
  if (bytes.length === 4) return make(bytes.join("."), port)
  return bytes.length === 16 ? make(IpAddress.fromByteArray(Array.from(bytes)).toString(), port) : undefined
}

/**
 * One name for the network of the first `length` bytes of the address.
 *
 * @since 0.1.0
 */
export const prefix = (endpoint: Endpoint, length: number): string => {
  // Each probe asks for the network that it goes to; the bytes of a canonical IPv4 address stand in it.
  const bytes = endpoint.family === "ipv4" ? endpoint.address.split(".", length) : toBytes(endpoint).subarray(0, length)
  return `${bytes.join(".")}/${8 * length}`
}

/**
 * IPv6 addresses as they were written, with their canonical form: introductions bring the same few addresses again and
 * again.
 */
const canonical = new Map<string, { readonly family: Family; readonly address: string }>()

/** Addresses with the scope that `scope` found, which costs fifty comparisons. */
const scopes = new Map<string, Scope>()

/**
 * Addresses remembered, 50 KB of them. When more than this are asked for between two questions about the same one,
 * remembering them gains nothing.
 */
const MAX_KNOWN = 512

const scopeOf = (address: string): Scope => {
  const parsed = parseAddress(address)
  if (parsed?.kind() === "ipv6") return scopeOfIpv6(parsed as IpAddress.IPv6)
  switch (parsed?.range()) {
    case "loopback":
      return "loopback"
    case "linkLocal":
      return "link"
    case "private":
    case "carrierGradeNat":
      return "private"
    case "unicast":
      return "global"
    case "reserved":
      return DOCUMENTATION.test(address) ? "global" : "unusable"
    default:
      return "unusable"
  }
}

const scopeOfIpv6 = (address: IpAddress.IPv6): Scope => {
  const [first = 0, second = 0] = address.parts
  switch (address.range()) {
    case "loopback":
      return "loopback"
    case "linkLocal":
      return "link"
    case "uniqueLocal":
      return "private"
    case "rfc6052": // NAT64: the IPv4 address at the end
      return scopeOfEmbedded(address.parts.slice(6))
    case "6to4":
      return scopeOfEmbedded(address.parts.slice(1, 3))
    case "teredo": // the address of the client's NAT, inverted
      return scopeOfEmbedded(address.parts.slice(6).map((part) => part ^ 0xffff))
    case "unicast":
      return first >= 0x2000 && first < 0x4000 ? "global" : "unusable"
    case "reserved":
      return (first === 0x2001 && second === 0xdb8) || first === 0x3fff ? "global" : "unusable"
    default:
      return "unusable"
  }
}

/** An IPv6 address that leads to this IPv4 address is of use only where that can be anybody's. */
const scopeOfEmbedded = ([high = 0, low = 0]: ReadonlyArray<number>): Scope =>
  scopeOf([high >> 8, high & 255, low >> 8, low & 255].join(".")) === "global" ? "global" : "unusable"

/** Nobody has these (RFC 5737), so nobody is hurt; test networks use them, and RFC 3849's, as their internet. */
const DOCUMENTATION = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\./

/** Longer than any endpoint: 39 characters of IPv6, brackets, colon, port. */
const MAX_TEXT = 64

/**
 * Candidates of one peer, of all kinds. Each is probed eight times, and as many fit into a handshake beside the largest
 * record.
 *
 * @since 0.1.0
 */
export const MAX_CANDIDATES = 8

/**
 * IPv4 in the usual dotted notation, which `Endpoint` writes too. It is tested first, because each packet and each
 * introduction brings addresses and the library tries many other notations.
 */
const CANONICAL_IPV4 = /^(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)){3}$/

const octets = (ipv4: string): Array<number> => ipv4.split(".").map(Number)

const parseAddress = (text: string): IpAddress.IPv4 | IpAddress.IPv6 | undefined => {
  if (CANONICAL_IPV4.test(text)) return new IpAddress.IPv4(octets(text))
  // A text without a colon is no other address here: neither a host name, nor one of the notations of IPv4 that mislead
  // people (octal, hexadecimal, fewer parts).
  return text.includes(":") && !text.includes("%") && IpAddress.isValid(text) ? IpAddress.process(text) : undefined
}

/** What can be seen of TLS 1.3 without its keys (RFC 8446, §5.1): where records begin and end. */

/**
 * Where the ClientHello at the beginning ends (§4.1.2), in however many records; where the bytes end when they cannot
 * become one, which is for TLS to refuse. `undefined`: more has to come.
 */
export const helloEnd = (bytes: Uint8Array): number | undefined => {
  let message = 0
  let wanted = HELLO_HEADER
  let at = 0
  while (message < wanted) {
    if (bytes.length > MAX_HELLO || (at < bytes.length && bytes[at] !== HANDSHAKE)) return bytes.length
    const end = recordEnd(bytes, at)
    if (end === undefined || bytes.length < end) return undefined
    const first = at + RECORD_HEADER
    if (at === 0 && end >= first + HELLO_HEADER) {
      wanted += bytes[first + 1]! * 65_536 + bytes[first + 2]! * 256 + bytes[first + 3]!
    } else if (at === 0) return bytes.length
    message += end - first
    at = end
  }
  return at
}

/** Whole records from the beginning on, so many at most. */
export interface Records {
  readonly count: number
  readonly bytes: number
}

/** `beforeHello`: only those ahead of one that is not encrypted and may be a ClientHello. */
export const recordsOf = (bytes: Uint8Array, most: number, beforeHello: boolean): Records => {
  let count = 0
  let at = 0
  while (count < most && !(beforeHello && isHello(bytes, at))) {
    const end = recordEnd(bytes, at)
    if (end === undefined) break
    // There are no such records: TLS says so.
    if (end - at > MAX_RECORD) return { count: count + 1, bytes: bytes.length }
    if (end > bytes.length) break
    count++
    at = end
  }
  return { count, bytes: at }
}

export const isHello = (bytes: Uint8Array, at = 0): boolean => bytes[at] === HANDSHAKE

/** Where the record ends that begins there; `undefined` when that is not to be seen yet. */
const recordEnd = (bytes: Uint8Array, at: number): number | undefined =>
  bytes.length < at + RECORD_HEADER ? undefined : at + RECORD_HEADER + bytes[at + 3]! * 256 + bytes[at + 4]!

/** The type of a record. */
const HANDSHAKE = 22
/** Bytes: type, version and length. */
const RECORD_HEADER = 5
/** Bytes: type and length. */
const HELLO_HEADER = 4
/** Bytes: ten times what browsers send. */
const MAX_HELLO = 16_384
/** Bytes of the largest record (§5.2). */
export const MAX_RECORD = RECORD_HEADER + 16_384 + 256

import type { ResponsePacket } from "multicast-dns"

/** What somebody says of an instance of our service. */
export interface Announced {
  readonly name: string
  readonly port: number
  /** Seconds; 0 takes it back. */
  readonly ttl: number
}

/**
 * Whether a DNS message is long enough for the questions and records that its header counts (RFC 1035 §4.1). What reads
 * them takes as many as are claimed, also where nothing is left: 24 bytes with a claim of 65,000 took a tenth of a
 * second.
 */
export const isWhole = (message: Uint8Array): boolean => {
  if (message.length < HEADER) return false
  const view = new DataView(message.buffer, message.byteOffset, message.length)
  const records = view.getUint16(6) + view.getUint16(8) + view.getUint16(10)
  return HEADER + SHORTEST_QUESTION * view.getUint16(4) + SHORTEST_RECORD * records <= message.length
}

/**
 * Whom a response announces, at most one for each of its records. Where they are it does not tell: what is reachable is
 * the address that it came from, not what is claimed. Anybody on the network writes such responses, of up to 64 KB with
 * thousands of records, so no record is looked for among all others.
 */
export const announced = (response: ResponsePacket): ReadonlyArray<Announced> => {
  const records = [...(response.answers ?? []), ...(response.additionals ?? [])]
  const ports = new Map<string, number>()
  for (const record of records) {
    if (record.type !== "SRV") continue
    const instance = record.name.toLowerCase()
    if (!ports.has(instance)) ports.set(instance, record.data.port)
  }
  return records.flatMap((record) => {
    if (record.type !== "PTR" || record.name.toLowerCase() !== SERVICE) return []
    const instance = String(record.data).toLowerCase()
    const name = instance.slice(0, -SERVICE.length - 1)
    if (!instance.endsWith(`.${SERVICE}`) || !NAME.test(name)) return []
    const port = ports.get(instance) ?? 0
    const ttl = Math.min(record.ttl ?? TTL, LONGEST_TTL)
    return port > 0 || ttl === 0 ? [{ name, port, ttl }] : []
  })
}

export const SERVICE = "_parley._udp.local"
/** Bytes of the header of a DNS message, and of the shortest question and record: those of the root. */
const HEADER = 12
const SHORTEST_QUESTION = 5
const SHORTEST_RECORD = 11
const NAME = /^[a-z0-9]{1,63}$/
/** Seconds: what RFC 6762 §10 recommends for records that hold a host's address. */
export const TTL = 120
/** A day; nobody is remembered for longer than that, whatever it claims. */
const LONGEST_TTL = 86_400

import type { ResponsePacket } from "multicast-dns"

/** What somebody says of an instance of our service. */
export interface Announced {
  readonly name: string
  readonly port: number
  /** Seconds; 0 takes it back. */
  readonly ttl: number
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
const NAME = /^[a-z0-9]{1,63}$/
/** Seconds: what RFC 6762 §10 recommends for records that hold a host's address. */
export const TTL = 120
/** A day; nobody is remembered for longer than that, whatever it claims. */
const LONGEST_TTL = 86_400

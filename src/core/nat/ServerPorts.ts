import * as Endpoint from "../../domain/Endpoint.js"

/**
 * Where a server's UDP ports are (docs/protocol.md §2-1, §2-2): `udp` at the address that its control link goes to, or
 * where `udpAt` says. The family of the link comes first, and in each of them the first port.
 */
export const portsOf = (
  { udp, udpAt }: { readonly udp: ReadonlyArray<number>; readonly udpAt?: ReadonlyArray<string> | undefined },
  link: Endpoint.Endpoint
): ReadonlyArray<Endpoint.Endpoint> => {
  if (udpAt === undefined) return portsAt(link.address, udp)
  const isSameHost = Endpoint.scope(link) === "loopback"
  const all = udpAt.flatMap((text) => usable(text, isSameHost) ?? [])
  const [mine, others] = [true, false].map((isMine) => all.filter(({ family }) => (family === link.family) === isMine))
  return [...mine!.slice(0, PORTS), ...others!.slice(0, PORTS)]
}

/** Those of a server's numbers that are ports to send to, at this address of it. */
export const portsAt = (address: string, udp: ReadonlyArray<number>): ReadonlyArray<Endpoint.Endpoint> =>
  udp.flatMap((port) => (port === 0 ? undefined : Endpoint.make(address, port)) ?? [])

/** Where both sides of a channel meet, as an introduction says: in the family of our link, if possible. */
export const meetingPort = (
  at: ReadonlyArray<string>,
  link: Endpoint.Endpoint | undefined
): Endpoint.Endpoint | undefined => {
  const isSameHost = link !== undefined && Endpoint.scope(link) === "loopback"
  const all = at.flatMap((text) => usable(text, isSameHost) ?? [])
  return all.find(({ family }) => family === link?.family) ?? all[0]
}

/** A server may name what it likes; nothing is sent where no server can be. */
const usable = (text: string, isSameHost: boolean): Endpoint.Endpoint | undefined => {
  const endpoint = Endpoint.parse(text)
  return endpoint !== undefined && Endpoint.isCandidate(endpoint, isSameHost) ? endpoint : undefined
}

/** Of one family. */
const PORTS = 2

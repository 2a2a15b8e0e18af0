import * as Endpoint from "./Endpoint.js"

/**
 * What a rendezvous server is called by whoever dials it: `host:port` in one spelling. A host name is in lower case and
 * without the dot at its end, an IP literal is canonical (RFC 5952), IPv6 in brackets. The zone of a link-local address
 * (RFC 4007 §11) means something on the machine alone that dials, so it is no part of the name.
 */
export const of = (host: string, port: number): string => {
  const literal = Endpoint.make(withoutZone(host), port)
  return literal === undefined ? `${plainHost(host)}:${port}` : Endpoint.format(literal)
}

/** Host and port for people, as they may type them: IPv6 in brackets, with its zone if it has one. */
export const shown = (host: string, port: number): string =>
  host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`

/** An address without the zone behind it. */
export const withoutZone = (host: string): string => host.replace(/%.*$/, "")

/** The same of a host alone. */
export const plainHost = (host: string): string => {
  const literal = Endpoint.make(host, 0)
  if (literal === undefined) return host.toLowerCase().replace(/\.$/, "")
  return literal.family === "ipv6" ? `[${literal.address}]` : literal.address
}

/** Host and port of a name as `of` gives it; `undefined` for what it would not give. */
export const parse = (name: string): { readonly host: string; readonly port: number } | undefined => {
  const [, host, port] = NAME.exec(name) ?? []
  if (host === undefined || name.length > MAX_SERVER_NAME) return undefined
  const bare = host.startsWith("[") ? host.slice(1, -1) : host
  return Number(port) <= 65_535 && of(bare, Number(port)) === name ? { host, port: Number(port) } : undefined
}

/** Characters: the longest host name, and a port. */
export const MAX_SERVER_NAME = 253 + 6

/** What host names have (and underscores, which occur), so that it may be typed as it is; no zeros before the port. */
const NAME = /^([a-z0-9_.-]+|\[[0-9a-f:.]+\]):([1-9][0-9]{0,4})$/

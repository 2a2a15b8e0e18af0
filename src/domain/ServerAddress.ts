import * as Either from "effect/Either"
import * as Endpoint from "./Endpoint.js"

/** Where a server is: a host name or an IP literal, as it is dialled, and a port. */
export interface ServerAddress {
  readonly host: string
  readonly port: number
}

/** What is wrong with a text: its host, its port, or that a link-local address (`text`) does not say on which link. */
export interface Fault {
  readonly part: "host" | "port" | "link"
  readonly text: string
}

/** `host`, `host:port`, `[2001:db8::1]:port` or a bare IPv6 address. */
export const parse = (text: string, defaultPort: number): Either.Either<ServerAddress, Fault> => {
  const bracketed = /^\[([0-9a-fA-F:.]+(?:%.*)?)\](?::(.*))?$/.exec(text)
  const [host, portText] =
    bracketed !== null
      ? [bracketed[1]!, bracketed[2]]
      : text.split(":").length > 2
        ? [text, undefined]
        : (text.split(":") as [string, string?])
  return Either.flatMap(hostOf(host, text), (host): Either.Either<ServerAddress, Fault> => {
    if (portText === undefined) return Either.right({ host, port: defaultPort })
    const port = /^[0-9]{1,5}$/.test(portText) ? Number(portText) : 0
    return port >= 1 && port <= 65_535 ? Either.right({ host, port }) : Either.left({ part: "port", text: portText })
  })
}

/** A host as it is dialled; `typed` is all that the user typed, for the complaint. */
const hostOf = (host: string, typed: string): Either.Either<string, Fault> => {
  const [, bare = host, zone] = /^(.*)%([A-Za-z0-9_.-]{1,32})$/.exec(host) ?? []
  const literal = Endpoint.make(bare, 0)
  if (literal?.family === "ipv6") {
    const isOfLink = Endpoint.scope(literal) === "link"
    if (isOfLink && zone === undefined) return Either.left({ part: "link", text: literal.address })
    return Either.right(isOfLink ? host : bare)
  }
  const name = toAscii(host)
  return name !== undefined && HOST.test(name) ? Either.right(name) : Either.left({ part: "host", text: typed })
}

/**
 * A host name with letters of any script as name servers know it (UTS 46, `bücher.example` is `xn--bcher-kva.example`);
 * `undefined` for what cannot be one. That is also how it is shown, so that no name can look like another one.
 */
const toAscii = (host: string): string | undefined => {
  if (PLAIN.test(host)) return host
  if (!INTERNATIONAL.test(host)) return undefined
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    return undefined
  }
}

const PLAIN = /^[\x20-\x7e]*$/
/** Nothing that has a meaning in a URL, and nothing invisible. */
const INTERNATIONAL = /^[\p{L}\p{M}\p{N}._-]{1,253}$/u
/** RFC 1123 names and IPv4 addresses; underscores occur in #networks. */
const HOST = /^(?=.{1,253}$)[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?\.?$/

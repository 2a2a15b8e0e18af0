import * as Either from "effect/Either"
import { MAX_SERVERS, MAX_STUN } from "../client/ClientOptions.js"
import type { Rate } from "../core/support/TokenBucket.js"
import { isServerKey } from "../domain/Certificate.js"
import * as Cidr from "../domain/Cidr.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Fingerprint from "../domain/Fingerprint.js"
import * as Nickname from "../domain/Nickname.js"
import * as ProxyAddress from "../domain/ProxyAddress.js"
import * as ServerAddress from "../domain/ServerAddress.js"
import * as ServerName from "../domain/ServerName.js"
import { DEFAULT_PORT, MAX_PORTS } from "../protocol/Control.js"
import type { Place } from "../server/ServerOptions.js"
import type { WebAddress } from "../services/Web.js"
import * as Quote from "./Quote.js"
import * as Settings from "./terminal/Settings.js"

/** Parsers of what a user types, whether as a flag, in the environment or in a file. `Left` is the sentence to show. */

/** `words`: all that it takes, where those are a few. */
export interface Parser<A> {
  (text: string): Either.Either<A, string>
  readonly words?: ReadonlyArray<string>
}

/** A whole fingerprint, with spaces or hyphens between its digits or without. */
export const fingerprint = (text: string): Either.Either<Fingerprint.Fingerprint, string> =>
  Either.fromNullable(
    Fingerprint.parse(text),
    () => `a fingerprint has 30 digits in six groups of five, not ${Quote.of(text)}`
  )

/** What `/set` takes, with semicolons between one setting and the next. */
export const settings = (text: string): Either.Either<ReadonlyArray<Settings.Change>, string> => {
  const changes = Settings.parseAll(text)
  return typeof changes === "string" ? Either.left(changes) : Either.right(changes)
}

/** A TCP port; 0 lets the system choose one, where that makes sense. */
export const port =
  (lowest: 0 | 1) =>
  (text: string): Either.Either<number, string> => {
    const value = /^[0-9]{1,5}$/.test(text) ? Number(text) : -1
    return value >= lowest && value <= 65_535
      ? Either.right(value)
      : Either.left(`a port is a whole number from ${lowest} to 65535, not ${Quote.of(text)}`)
  }

/** A whole number from `lowest` to `highest`. */
export const integer =
  (lowest: number, highest: number) =>
  (text: string): Either.Either<number, string> => {
    const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1
    return value >= lowest && value <= highest
      ? Either.right(value)
      : Either.left(`expected a whole number from ${lowest} to ${highest}, not ${Quote.of(text)}`)
  }

/** A span of time such as `30s`, `500ms`, `1.5m` or `2h`, in milliseconds; a bare number means seconds. */
export const duration = (text: string): Either.Either<number, string> => {
  const [, amount, unit = "s"] = /^([0-9]{1,9}(?:\.[0-9]{1,3})?)(ms|s|m|h)?$/.exec(text) ?? []
  const ms = Number(amount) * (UNITS[unit] ?? Number.NaN)
  return ms >= 1 && ms <= MAX_DURATION
    ? Either.right(ms)
    : Either.left(`expected a time such as 30s, 500ms, 2m or 1h, at most 24h, not ${Quote.of(text)}`)
}

/** The same with days, and up to ten years. */
export const longDuration = (text: string): Either.Either<number, string> => {
  const [, amount, unit = "s"] = /^([0-9]{1,9})(s|m|h|d)?$/.exec(text) ?? []
  const ms = Number(amount) * (unit === "d" ? 86_400_000 : UNITS[unit]!)
  return ms >= 1 && ms <= MAX_LONG_DURATION
    ? Either.right(ms)
    : Either.left(`expected a time such as 30s, 2h or 7d, at most 3650d, not ${Quote.of(text)}`)
}

const MAX_LONG_DURATION = 3_650 * 86_400_000

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }
/** A day: to wait for longer than that, a program that keeps running is the better choice. */
const MAX_DURATION = 24 * 3_600_000

/** A rate such as `10/1` or `5/0.5`: so many at once, and then so many a second. */
export const rate = (text: string): Either.Either<Rate, string> => {
  const [, burst, perSecond] = /^([0-9]{1,12})\/([0-9]{1,12}(?:\.[0-9]{1,6})?)$/.exec(text) ?? []
  return Number(burst) >= 1 && Number(perSecond) > 0
    ? Either.right({ burst: Number(burst), perSecond: Number(perSecond) })
    : Either.left(`expected a rate such as 10/1 (ten at once, then one a second), not ${Quote.of(text)}`)
}

/** As `rate` reads it. */
export const rateText = ({ burst, perSecond }: Rate): string => `${burst}/${Math.round(perSecond * 1e6) / 1e6}`

/** Blocks of addresses such as `192.0.2.0/24`, or single addresses, with commas between them. */
export const blocks = (text: string): Either.Either<ReadonlyArray<string>, string> => {
  const parts = text.split(",").map((part) => part.trim())
  const bad = parts.find((part) => Cidr.parse(part) === undefined)
  if (bad !== undefined) return Either.left(`a block is written 192.0.2.0/24 or 2001:db8::/32, not ${Quote.of(bad)}`)
  return parts.length > MAX_BLOCKS ? Either.left(`at most ${MAX_BLOCKS} blocks`) : Either.right(parts)
}

/** The same, and `unix` for the sockets of the file system. */
export const proxies = (text: string): Either.Either<ReadonlyArray<string>, string> => {
  const parts = text.split(",").map((part) => part.trim())
  const addresses = parts.filter((part) => part !== "unix")
  return addresses.length === 0 ? Either.right(parts) : Either.map(blocks(addresses.join(",")), () => parts)
}

/** Addresses, or `address:port` for one port after the other, with commas between them; port 0 where none is named. */
export const udpAddresses = (text: string): Either.Either<ReadonlyArray<Endpoint.Endpoint>, string> => {
  const found: Array<Endpoint.Endpoint> = []
  for (const part of text.split(",").map((each) => each.trim())) {
    const place = Endpoint.parse(part) ?? Endpoint.make(part.replace(/^\[(.*)\]$/, "$1"), 0)
    if (place === undefined || (place.port === 0 && part.endsWith(":0")))
      return Either.left(
        `it is an address, or one with a port: 203.0.113.7, 203.0.113.7:9090 or [2001:db8::7]:9090, not ${Quote.of(part)}`
      )
    if (!["global", "private", "loopback"].includes(Endpoint.scope(place)))
      return Either.left(`nobody reaches a server at ${Quote.of(part)}`)
    found.push(place)
  }
  return found.reduce((sum, { port }) => sum + (port === 0 ? 2 : 1), 0) > MAX_PORTS
    ? Either.left(`at most ${MAX_PORTS} ports, and an address alone has two`)
    : Either.right(found)
}

/** Each connection is compared with all of them. */
const MAX_BLOCKS = 256

/** `host`, `host:port`, `[2001:db8::1]:port` or a bare IPv6 address. */
export const serverAddress = (text: string): Either.Either<ServerAddress.ServerAddress, string> =>
  address(text, DEFAULT_PORT)

/** At most `MAX_SERVERS` servers, each once, with commas between them; at least one. */
export const servers = (text: string): Either.Either<ReadonlyArray<ServerAddress.ServerAddress>, string> => {
  const parts = text.split(",", MAX_SERVERS + 1)
  if (parts.length > MAX_SERVERS) return Either.left(`at most ${MAX_SERVERS} servers are of use`)
  return Either.flatMap(Either.all(parts.map((part) => serverAddress(part.trim()))), (all) => {
    const names = all.map(({ host, port }) => ServerName.of(host, port))
    const twice = names.find((name, at) => names.indexOf(name) !== at)
    return twice === undefined ? Either.right(all) : Either.left(`${twice} is named twice`)
  })
}

/** The keys of servers, one for all or one for each, with commas between them. */
export const serverKeys = (text: string): Either.Either<ReadonlyArray<string>, string> =>
  Either.all(text.split(",", MAX_SERVERS + 1).map((part) => serverKey(part.trim())))

/** A proxy, or that none is to be used, whatever the environment says. */
export const proxy = (text: string): Either.Either<ProxyAddress.ProxyAddress | "off", string> =>
  text === "off" ? Either.right(text) : ProxyAddress.parse(text, "--proxy")

/** The address of a service: `http://host:port` or `https://…`. */
export const httpUrl = (text: string): Either.Either<string, string> => {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isGood =
    url !== undefined && /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}` === ""
  return isGood
    ? Either.right(url.href)
    : Either.left(`it is written http://host:port, such as http://127.0.0.1:4318, not ${Quote.of(text)}`)
}

/** Where to show something by HTTP: `host:port`, or a port of this machine alone; 0 lets the system choose. */
export const webAddress = (text: string): Either.Either<WebAddress, string> => {
  const [, host = "127.0.0.1", bracketed = host, digits = ""] = /^(?:([^[\]:]+|\[([^[\]]+)\]):)?(\d+)$/.exec(text) ?? []
  return digits === ""
    ? Either.left(`it is written host:port or port, such as 127.0.0.1:9464, not ${Quote.of(text)}`)
    : Either.map(port(0)(digits), (port) => ({ host: bracketed, port }))
}

/**
 * Places to listen on, with commas between them: `HOST:PORT`, or `unix:/PATH`, permission bits behind it or not; with
 * `plain:` in front, or `web:`, or both.
 */
export const places = (text: string): Either.Either<ReadonlyArray<Place>, string> => {
  const parts = text.split(",").map((part) => part.trim())
  return parts.length > MAX_PLACES ? Either.left(`at most ${MAX_PLACES} places`) : Either.all(parts.map(place))
}

const place = (text: string): Either.Either<Place, string> => {
  const [, plain, web, rest = ""] = /^(plain:)?(web:)?(.*)$/.exec(text) ?? []
  const kind = { isPlain: plain !== undefined, ...(web === undefined ? {} : { isWeb: true }) }
  const [, path, mode = SOCKET_MODE] = /^unix:(.+?)(?::(0?[0-7]{3}))?$/.exec(rest) ?? []
  if (path !== undefined) return Either.right({ ...kind, socket: { path, mode: Number.parseInt(mode, 8) } })
  // A place without a port would be the one that there is anyhow.
  if (!/:[0-9]+$/.test(rest) || Endpoint.make(rest, 0) !== undefined)
    return Either.left(`a place is written HOST:PORT or unix:/PATH, not ${Quote.of(text)}`)
  return Either.map(address(rest, DEFAULT_PORT), (at) => ({ ...kind, ...at }))
}

/** Each is a socket of its own. */
const MAX_PLACES = 16
/** Of a socket in the file system: for the server's own user and group. */
const SOCKET_MODE = "660"

/** Nicknames with commas between them. */
export const nicknames = (text: string): Either.Either<ReadonlyArray<string>, string> =>
  Either.all(
    text.split(",").map((part) =>
      Either.mapBoth(Nickname.parse(part.trim()), {
        onLeft: (fault) => `the nickname ${Quote.of(part)} ${fault}`,
        onRight: (nickname) => nickname.text
      })
    )
  )

/** The key of a server, as its log and other clients write it. */
export const serverKey = (text: string): Either.Either<string, string> =>
  isServerKey(text)
    ? Either.right(text)
    : Either.left(`a key is written SHA256: and 43 characters, as the server's log does, not ${Quote.of(text)}`)

/** Names that a server goes by, with commas between them; each `host`, or `host:port` where the port is another one. */
export const serverNames = (text: string): Either.Either<ReadonlyArray<string>, string> => {
  const names = text.split(",").map((part) => part.trim())
  if (names.length > MAX_NAMES) return Either.left(`at most ${MAX_NAMES} names`)
  return Either.map(Either.all(names.map((name) => address(name, DEFAULT_PORT))), () => names)
}

/** More than any server has; an operator who lists a thousand means something else. */
const MAX_NAMES = 64

/** At most `MAX_STUN` STUN servers, written as `serverAddress` is, with commas between them. */
export const stunServers = (text: string): Either.Either<ReadonlyArray<ServerAddress.ServerAddress>, string> => {
  const parts = text.split(",", MAX_STUN + 1)
  if (parts.length > MAX_STUN) return Either.left(`at most ${MAX_STUN} STUN servers are of use`)
  return Either.all(parts.map((part) => address(part.trim(), STUN_PORT)))
}

/** RFC 8489 §18.6. */
const STUN_PORT = 3_478

const address = (text: string, defaultPort: number): Either.Either<ServerAddress.ServerAddress, string> =>
  Either.mapLeft(ServerAddress.parse(text, defaultPort), ({ part, text }) => {
    switch (part) {
      case "host":
        return `a server is written host or host:port, not ${Quote.of(text)}`
      case "port":
        return `a port is a whole number from 1 to 65535, not ${Quote.of(text)}`
      case "link":
        return `${text} is another machine on each network: say on which, as ${text}%eth0`
    }
  })

/** One of these words. */
export const oneOf = <Word extends string>(words: ReadonlyArray<Word>): Parser<Word> =>
  Object.assign(
    (text: string) => {
      const word = words.find((known) => known === text)
      return word === undefined ? Either.left(Quote.noneOf(words, text)) : Either.right(word)
    },
    { words }
  )

const ON_OFF = ["on", "off"] as const

export const onOff: Parser<boolean> = Object.assign(
  (text: string) => Either.map(oneOf(ON_OFF)(text), (word) => word === "on"),
  { words: ON_OFF }
)

export const text =
  (max: number) =>
  (value: string): Either.Either<string, string> =>
    value.length > 0 && value.length <= max
      ? Either.right(value)
      : Either.left(`expected a text of 1 to ${max} characters, got ${value.length}`)

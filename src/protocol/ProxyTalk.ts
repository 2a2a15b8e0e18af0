import * as Endpoint from "../domain/Endpoint.js"
import type { ProxyAddress } from "../domain/ProxyAddress.js"
import type { ServerAddress } from "../domain/ServerAddress.js"
import * as ServerName from "../domain/ServerName.js"
import * as Bytes from "./Bytes.js"

/** What is said to a proxy so that it leads to a server: CONNECT (RFC 9110 §9.3.6) or SOCKS 5 (RFC 1928, RFC 1929). */
export interface ProxyTalk {
  readonly first: Uint8Array
  /** Looks at all that the proxy has said and that was not `taken` yet; at most `MAX_HEARD` bytes are of use. */
  readonly hear: (heard: Uint8Array) => Step
}

export type Step =
  | { readonly _tag: "More" }
  /** `taken` bytes were an answer, and this comes next. */
  | { readonly _tag: "Say"; readonly bytes: Uint8Array; readonly taken: number }
  /** What follows `taken` bytes is the server's. */
  | { readonly _tag: "Done"; readonly taken: number }
  | { readonly _tag: "Failed"; readonly failure: Failure }

/** `who`: it wants to know who asks. `refused`: it does not lead there. `unreachable`: it has tried. */
export interface Failure {
  readonly reason: "who" | "refused" | "unreachable" | "noProxy"
  /** In its own numbers. */
  readonly code?: number
}

export const talk = (proxy: ProxyAddress, to: ServerAddress): ProxyTalk =>
  proxy.kind === "socks5" ? new Socks(proxy.credentials, to) : connect(proxy.credentials, to)

/** Bytes of an answer: a page that says why is not read. */
export const MAX_HEARD = 16_384

const MORE: Step = { _tag: "More" }

const failed = (reason: Failure["reason"], code?: number): Step => ({
  _tag: "Failed",
  failure: { reason, ...(code === undefined ? {} : { code }) }
})

const connect = (credentials: ProxyAddress["credentials"], { host, port }: ServerAddress): ProxyTalk => {
  const place = `${ServerName.plainHost(ServerName.withoutZone(host))}:${port}`
  const lines = [`CONNECT ${place} HTTP/1.1`, `Host: ${place}`]
  if (credentials !== undefined) {
    const words = Bytes.fromText(`${credentials.user}:${credentials.password}`)
    lines.push(`Proxy-Authorization: Basic ${toBase64(words)}`)
  }
  return {
    first: Bytes.fromText(`${lines.join("\r\n")}\r\n\r\n`),
    hear: (heard) => {
      const text = LATIN1.decode(heard.subarray(0, MAX_HEARD))
      const end = text.indexOf("\r\n\r\n")
      if (!"HTTP/1.".startsWith(text.slice(0, 7))) return failed("noProxy")
      if (end < 0) return heard.length < MAX_HEARD ? MORE : failed("noProxy")
      const status = Number(/^HTTP\/1\.[01] ([1-9][0-9]{2})(?: |\r)/.exec(text)?.[1])
      if (Number.isNaN(status)) return failed("noProxy")
      if (status >= 200 && status < 300) return { _tag: "Done", taken: end + 4 }
      if (status === 407) return failed("who", status)
      return failed(status >= 502 && status <= 504 ? "unreachable" : "refused", status)
    }
  }
}

class Socks implements ProxyTalk {
  readonly first: Uint8Array
  #phase: "method" | "who" | "reply" = "method"

  constructor(
    private readonly credentials: ProxyAddress["credentials"],
    private readonly to: ServerAddress
  ) {
    this.first = credentials === undefined ? Uint8Array.of(5, 1, NO_ONE) : Uint8Array.of(5, 2, NO_ONE, BY_PASSWORD)
  }

  hear(heard: Uint8Array): Step {
    if (this.#phase === "reply") return this.#reply(heard)
    if (heard.length < 2) return MORE
    const [version, answer] = heard
    if (this.#phase === "who") return answer === 0 ? this.#ask() : failed("who", answer!)
    if (version !== 5) return failed("noProxy")
    if (answer === NO_ONE) return this.#ask()
    if (answer !== BY_PASSWORD || this.credentials === undefined) return failed("who", answer!)
    this.#phase = "who"
    const [user, password] = [Bytes.fromText(this.credentials.user), Bytes.fromText(this.credentials.password)]
    const bytes = Bytes.concat([Uint8Array.of(1, user.length), user, Uint8Array.of(password.length), password])
    return { _tag: "Say", bytes, taken: 2 }
  }

  /** The proxy looks the name up, so that nobody here has to, nor can see it. */
  #ask(): Step {
    this.#phase = "reply"
    const host = ServerName.withoutZone(this.to.host)
    const literal = Endpoint.make(host, 0)
    const name = Bytes.fromText(host)
    const address =
      literal === undefined
        ? [Uint8Array.of(NAME, name.length), name]
        : [Uint8Array.of(literal.family === "ipv4" ? IPV4 : IPV6), Endpoint.toBytes(literal)]
    const port = Uint8Array.of(this.to.port >> 8, this.to.port & 255)
    return { _tag: "Say", bytes: Bytes.concat([Uint8Array.of(5, CONNECT, 0), ...address, port]), taken: 2 }
  }

  #reply(heard: Uint8Array): Step {
    if (heard.length < 5) return MORE
    const [version, code, , kind, first] = heard
    if (version !== 5) return failed("noProxy")
    if (code !== 0) return failed(code === NOT_ALLOWED ? "refused" : "unreachable", code!)
    const width = kind === IPV4 ? 4 : kind === IPV6 ? 16 : kind === NAME ? 1 + first! : 0
    if (width === 0) return failed("noProxy")
    const taken = 4 + width + 2
    return heard.length < taken ? MORE : { _tag: "Done", taken }
  }
}

const LATIN1 = new TextDecoder("latin1")

/** RFC 4648 §4, as headers have it. */
const toBase64 = (bytes: Uint8Array): string => {
  const text = Bytes.toBase64Url(bytes).replace(/-/g, "+").replace(/_/g, "/")
  return text.padEnd(Math.ceil(text.length / 4) * 4, "=")
}

/** Methods. */
const NO_ONE = 0
const BY_PASSWORD = 2
const CONNECT = 1
/** Kinds of addresses. */
const IPV4 = 1
const NAME = 3
const IPV6 = 4
/** By the rules of the proxy. */
const NOT_ALLOWED = 2

import * as Either from "effect/Either"
import * as Cidr from "./Cidr.js"
import * as Endpoint from "./Endpoint.js"
import * as ServerAddress from "./ServerAddress.js"

/**
 * A proxy through which the server is reached.
 *
 * @since 0.1.0
 */
export interface ProxyAddress {
  /** CONNECT of HTTP (RFC 9110 §9.3.6), the same in TLS, or SOCKS 5 (RFC 1928). */
  readonly kind: "http" | "https" | "socks5"
  readonly host: string
  readonly port: number
  /** Where it wants to know who asks; never to be shown. */
  readonly credentials?: { readonly user: string; readonly password: string }
  /** What the user has to change when it is wrong: `--proxy`, or a variable of the environment. */
  readonly origin: string
}

/** `http://USER:PASSWORD@HOST:PORT`, `https://…`, `socks5://…`; `HOST:PORT` alone is one of HTTP. */
export const parse = (text: string, origin: string): Either.Either<ProxyAddress, string> => {
  const [, scheme = "http", said, place = ""] = URL_LIKE.exec(text) ?? []
  const known = KINDS[scheme.toLowerCase()]
  const at = known === undefined ? Either.left(undefined) : ServerAddress.parse(place, known.port)
  const credentials = said === undefined ? undefined : credentialsOf(said)
  // What is wrong is not shown: there may be a password in it.
  if (known === undefined || Either.isLeft(at) || (said !== undefined && credentials === undefined))
    return Either.left(
      "a proxy is written http://HOST:PORT, https://HOST:PORT or socks5://HOST:PORT, with USER:PASSWORD@ before the host where it wants to know who asks (what URLs reserve written as %40)"
    )
  return Either.right({ kind: known.kind, ...at.right, ...(credentials === undefined ? {} : { credentials }), origin })
}

/** What people see of it. */
export const shown = ({ host, kind, port }: Pick<ProxyAddress, "host" | "kind" | "port">): string =>
  `${kind}://${host.includes(":") ? `[${host}]` : host}:${port}`

/**
 * The proxy that the environment names for a server, as curl and others read it: `HTTPS_PROXY`, else `ALL_PROXY`, in
 * small letters or large, unless `NO_PROXY` has the host. This machine is never reached through a proxy.
 */
export const ofEnvironment = (
  env: Readonly<Record<string, string | undefined>>,
  server: ServerAddress.ServerAddress
): Either.Either<ProxyAddress | undefined, string> => {
  const origin = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"].find((name) => (env[name] ?? "") !== "")
  if (origin === undefined || isHere(server.host)) return Either.right(undefined)
  if (isExcepted(env["no_proxy"] || env["NO_PROXY"] || "", server)) return Either.right(undefined)
  return Either.mapLeft(parse(env[origin]!, origin), (problem) => `${origin}: ${problem}`)
}

/** Whether it is this machine that is meant. */
export const isHere = (host: string): boolean => {
  const endpoint = Endpoint.make(host, 0)
  return endpoint === undefined
    ? /^localhost\.?$/i.test(host) || /\.localhost\.?$/i.test(host)
    : Endpoint.scope(endpoint) === "loopback"
}

/** `NO_PROXY`: hosts, domains with all below, addresses and blocks of them, each with a port or without; or `*`. */
const isExcepted = (list: string, { host, port }: ServerAddress.ServerAddress): boolean => {
  const address = Endpoint.make(host, 0)
  const name = host.toLowerCase().replace(/\.$/, "")
  return list
    .slice(0, MAX_LIST)
    .split(/[\s,]+/)
    .some((word) => {
      if (word === "*") return true
      const block = word.includes("/") || Endpoint.make(word, 0) !== undefined ? Cidr.parse(word) : undefined
      if (block !== undefined) return address !== undefined && Cidr.contains(block, Endpoint.toBytes(address))
      const [, domain = "", onlyPort] = /^(?:\*?\.)?\[?([^[\]]*?)\]?(?::(\d+))?$/.exec(word.toLowerCase()) ?? []
      if (domain === "" || (onlyPort !== undefined && Number(onlyPort) !== port)) return false
      return name === domain || name.endsWith(`.${domain}`)
    })
}

/** Characters. */
const MAX_LIST = 8_192

const URL_LIKE = /^(?:([A-Za-z][A-Za-z0-9+.-]*):\/\/)?(?:([^@/]*)@)?([^@/]+)\/?$/

const KINDS: Readonly<Record<string, { readonly kind: ProxyAddress["kind"]; readonly port: number }>> = {
  http: { kind: "http", port: 80 },
  https: { kind: "https", port: 443 },
  socks: { kind: "socks5", port: 1_080 },
  socks5: { kind: "socks5", port: 1_080 },
  /** With the name looked up by the proxy, as is always done here. */
  socks5h: { kind: "socks5", port: 1_080 }
}

const credentialsOf = (text: string): ProxyAddress["credentials"] | undefined => {
  const [, user = "", password = ""] = /^([^:]*)(?::(.*))?$/.exec(text) ?? []
  try {
    const said = { user: decodeURIComponent(user), password: decodeURIComponent(password) }
    const isShort = [said.user, said.password].every((word) => new TextEncoder().encode(word).length <= MAX_WORD)
    return isShort && said.user !== "" ? said : undefined
  } catch {
    return undefined
  }
}

/** Bytes, as RFC 1929 has it. */
const MAX_WORD = 255

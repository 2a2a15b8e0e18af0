import * as Schema from "effect/Schema"
import * as ProxyAddress from "../../domain/ProxyAddress.js"
import type { ServerAddress } from "../../domain/ServerAddress.js"
import * as ServerName from "../../domain/ServerName.js"
import { WEB_PORT } from "../../protocol/WebLink.js"

/** One way to dial a server. */
export interface Way {
  /** The number of the server, where there are several. */
  readonly server?: number
  readonly port: number
  readonly isEncrypted: boolean
  /** In a WebSocket. */
  readonly isWeb: boolean
}

/** How the link is made, where it is not as the user said it. `proxy`: what people see of it, without a password. */
export const Via = Schema.Struct({
  port: Schema.Int,
  isWeb: Schema.Boolean,
  proxy: Schema.optionalWith(Schema.String, { exact: true })
})
export type Via = typeof Via.Type

/**
 * The ways to a server, the best first: as the user said; then, for networks that let nothing but the web pass, a
 * WebSocket in TLS on port 443; then the same as first on that port, for those that look at the number alone and a
 * server that has no certificate. Nobody stands between a machine and itself.
 */
export const waysOf = (
  { host, port }: ServerAddress,
  isEncrypted: boolean,
  policy: "auto" | "always" | "never"
): ReadonlyArray<Way> => {
  const own = { port, isEncrypted, isWeb: false }
  if (ProxyAddress.isHere(host)) return [own]
  const web = policy === "never" ? [] : [{ port: WEB_PORT, isEncrypted: true, isWeb: true }]
  const bare = isEncrypted || port === WEB_PORT ? [] : [{ port: WEB_PORT, isEncrypted: false, isWeb: false }]
  return [own, ...web, ...bare]
}

/**
 * Which ways are tried first: those on which somebody connected and not one byte came stand behind the others, as
 * something on the way takes connections that it does not pass on. When all are so, all are as good again.
 */
export class ServerWays {
  readonly #mute = new Set<string>()

  order(ways: ReadonlyArray<Way>): ReadonlyArray<Way> {
    if (ways.every((way) => this.#mute.has(keyOf(way)))) this.#mute.clear()
    const isMute = (way: Way) => this.#mute.has(keyOf(way))
    return [...ways.filter((way) => !isMute(way)), ...ways.filter(isMute)]
  }

  /** A connection on this way has ended; `heard`: whether the server said anything. */
  ended(way: Way, heard: boolean): void {
    if (heard) this.#mute.delete(keyOf(way))
    else this.#mute.add(keyOf(way))
  }
}

const keyOf = ({ isEncrypted, isWeb, port, server = 0 }: Way): string => `${server} ${port} ${isEncrypted} ${isWeb}`

/** What is to be told of a way; nothing of the ordinary one. */
export const viaOf = (
  { isWeb, port }: Way,
  server: ServerAddress,
  proxy: ProxyAddress.ProxyAddress | undefined
): Via | undefined =>
  port === server.port && !isWeb && proxy === undefined
    ? undefined
    : { port, isWeb, ...(proxy === undefined ? {} : { proxy: ProxyAddress.shown(proxy) }) }

/** One sentence, without its end: of the server that is used in place of the preferred one. */
export const instead = (server: string, preferred: string): string =>
  `${server} is used, as ${preferred} could not be; people on that one are not seen here`

/** One sentence, without its end. `server`: its name, as `ServerName.of` gives it. */
export const describe = (server: string, { isWeb, port, proxy }: Via): string => {
  const own = ServerName.parse(server)?.port
  const how = isWeb ? " in a WebSocket" : ""
  const through = proxy === undefined ? "" : ` through the proxy ${proxy}`
  const byPort = port === own ? "" : ` by port ${port}`
  const why = port === own || own === undefined ? "" : `, as port ${own} was not reached in time`
  return `${server} is connected${through}${byPort}${how}${why}`
}

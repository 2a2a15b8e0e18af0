import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Cidr from "../domain/Cidr.js"
import * as Endpoint from "../domain/Endpoint.js"
import type { Connection, ConnectionHandler } from "../services/Connection.js"
import {
  type ListenError,
  Listener,
  type Listening,
  type ListeningTls,
  type ListenOptions
} from "../services/Listener.js"
import type { ServerOptions } from "./ServerOptions.js"

/** Whoever lets connections in. */
export interface Doorkeeper {
  readonly accept: (connection: Connection) => ConnectionHandler | undefined
  readonly badProxy: (remote: Endpoint.Endpoint) => void
  readonly trouble: (message: string) => void
}

/** Where a server listens. */
export interface Listened {
  /** At the port that it is known by. */
  readonly main: Listening
  /** Of all that encrypt. */
  readonly tls?: ListeningTls
  /** The others, as people write them. */
  readonly others: ReadonlyArray<string>
}

/** Listens in all places of the options, as long as the scope lives. */
export const open = (
  settings: ServerOptions,
  { accept, badProxy, trouble }: Doorkeeper
): Effect.Effect<Listened, ListenError, Scope.Scope | Listener> =>
  Effect.gen(function* () {
    const listener = yield* Listener
    const isProxy = proxiesOf(settings.proxies)
    const listen = (where: Pick<ListenOptions, "host" | "port" | "socket" | "isWeb">, isPlain: boolean) => {
      const tls = isPlain ? undefined : settings.tls
      return listener.listen(
        {
          ...where,
          ...(tls === undefined ? {} : { tls }),
          ...(isProxy === undefined ? {} : { isProxy, onBadProxy: badProxy }),
          sendQueue: settings.sendQueue,
          onTrouble: trouble
        },
        accept
      )
    }
    const own = settings.host === undefined ? {} : { host: settings.host }
    const main = yield* listen({ ...own, port: settings.port }, false)
    const all = [main]
    const others: Array<string> = []
    if (settings.plainPort !== undefined) all.push(yield* listen({ ...own, port: settings.plainPort }, true))
    for (const { isPlain, ...where } of settings.places) {
      const made = yield* listen({ port: 0, ...where }, isPlain)
      all.push(made)
      others.push("socket" in where ? where.socket.path : Endpoint.format(made.local))
    }
    const encrypting = all.flatMap(({ tls }) => tls ?? [])
    return { main, others, ...(encrypting.length === 0 ? {} : { tls: together(encrypting) }) }
  })

/** They show the same, and what none of them refuses is shown by all. */
const together = (all: ReadonlyArray<ListeningTls>): ListeningTls => ({
  shown: all[0]!.shown,
  renew: (credentials) => Effect.forEach(all, ({ renew }) => renew(credentials), { discard: true })
})

/** Whether somebody is one of these proxies; `undefined` for none. */
const proxiesOf = (proxies: ReadonlyArray<string>): ListenOptions["isProxy"] => {
  if (proxies.length === 0) return undefined
  const blocks = Cidr.parseAll(proxies)
  const areFiles = proxies.includes(UNIX)
  return (remote) => {
    if (remote === undefined) return areFiles
    const address = Endpoint.toBytes(remote)
    return blocks.some((block) => Cidr.contains(block, address))
  }
}

/** Whoever comes by a socket of the file system. */
const UNIX = "unix"

import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Endpoint, type Family, make as makeEndpoint } from "../../domain/Endpoint.js"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import { ListenError, Listener, type ListenOptions } from "../../services/Listener.js"
import type { End } from "./Connection.js"
import * as Network from "./Network.js"

/** Accepts the connections that are dialed to one host of a memory network. */
export const layer = (network: Network.Network, host: Network.Host): Layer.Layer<Listener> =>
  Layer.succeed(Listener, {
    listen: (options, accept) =>
      Effect.acquireRelease(
        Effect.suspend(() => open(network, host, options, accept)),
        (opened) => close(network, host, opened)
      ).pipe(Effect.map(({ local }) => ({ local })))
  })

/** The accepting end of a listening socket. */
export interface TcpPort {
  readonly sendQueue: number
  readonly connect: (server: End) => void
}

const DRAIN_MS = 500

interface Open {
  readonly local: Endpoint
  readonly owner: TcpPort
  readonly live: Set<Connection>
  onGone: () => void
}

const open = (
  network: Network.Network,
  host: Network.Host,
  options: ListenOptions,
  accept: (connection: Connection) => ConnectionHandler | undefined
): Effect.Effect<Open, ListenError> => {
  const target = options.host === undefined ? ANY : network.resolve(options.host)[0]
  if (target === undefined) return fail("HostNotFound", `no address is known for the host ${options.host}`)
  if (makeEndpoint(target.address, options.port) === undefined) return fail("Other", `${options.port} is no port`)
  const unspecified = target.address === "::" || target.address === "0.0.0.0"
  if (!unspecified && !Network.owns(host, target.address)) {
    return fail("AddressNotAvailable", `${target.address} is not an address of this host`)
  }

  const live = new Set<Connection>()
  const owner: TcpPort = {
    sendQueue: options.sendQueue ?? defaultSendQueue,
    connect: (server) => {
      live.add(server)
      server.begin(accept(server), () => {
        live.delete(server)
        opened.onGone()
      })
    }
  }
  const families: ReadonlyArray<Family> = target.address === "::" ? ["ipv4", "ipv6"] : [target.family]
  const address = unspecified ? undefined : target.address
  const port = host.tcp.bind({ families, address, port: options.port }, owner)
  if (port === undefined) return fail("AddressInUse", `port ${options.port} is already in use: choose another one`)
  const opened: Open = { local: { ...target, port }, owner, live, onGone: () => {} }
  return Effect.succeed(opened)
}

const close = (network: Network.Network, host: Network.Host, opened: Open): Effect.Effect<void> =>
  Effect.async((resume) => {
    host.tcp.release(opened.local.port, opened.owner)
    if (opened.live.size === 0) return resume(Effect.void)
    const cancel = network.after(DRAIN_MS, () => {
      for (const connection of opened.live) connection.destroy()
    })
    opened.onGone = () => {
      if (opened.live.size > 0) return
      cancel()
      resume(Effect.void)
    }
    for (const connection of opened.live) connection.end()
  })

const ANY: Endpoint = { family: "ipv6", address: "::", port: 0 }

const fail = (reason: ListenError["reason"], message: string) => Effect.fail(new ListenError({ reason, message }))

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { NoNetwork } from "../core/client/ClientError.js"
import type { Wish } from "../core/client/Output.js"
import * as Endpoint from "../domain/Endpoint.js"
import type { Datagrams } from "../services/Datagrams.js"
import type { Dialer } from "../services/Dialer.js"
import { Interfaces } from "../services/Interfaces.js"
import { Resolver } from "../services/Resolver.js"
import { type ClientOptions, serversOf } from "./ClientOptions.js"
import * as Connector from "./Connector.js"
import type { Driver, DriverHandlers } from "./Driver.js"
import * as LanSocket from "./LanSocket.js"
import * as PortForwarding from "./PortForwarding.js"
import type { ProfileKeeper } from "./ProfileKeeper.js"

/** Fulfils what the machine wishes for, in the background: all that waits for the world outside. */
export interface Wishes {
  readonly handlers: Pick<DriverHandlers, "wish" | "sendToServer" | "sendOnLan">
  /** After the machine was closed: the goodbye to the server is out, or was not taken in time. */
  readonly gone: Effect.Effect<void>
}

/** `start` runs an effect in the background, not at once, until the client's scope closes. */
export const make = (
  options: ClientOptions,
  driver: Driver,
  keeper: ProfileKeeper,
  start: (effect: Effect.Effect<void>) => void
): Effect.Effect<Wishes, NoNetwork, Datagrams | Dialer | Interfaces | Resolver | Scope.Scope> =>
  Effect.gen(function* () {
    const interfaces = yield* Interfaces
    const resolver = yield* Resolver
    const servers = serversOf(options)
    const connector = servers.length > 0 ? yield* Connector.make(servers, driver) : undefined
    const lan = options.lan === true ? yield* LanSocket.make(driver) : undefined
    const forwarding = yield* PortForwarding.make(driver)

    const readAddresses = Effect.map(interfaces.addresses, (addresses) =>
      driver.drive((machine, now) => machine.handleAddresses(addresses, now))
    )

    const resolve = (server: number) => {
      const { host, port } = options.stun![server]!
      return resolver.resolve(host).pipe(
        Effect.map((found) => found.slice(0, 1).flatMap((address) => Endpoint.make(address, port) ?? [])),
        Effect.orElseSucceed(() => []),
        Effect.tap((found) => found.length > 0 || Effect.logWarning(`no address is known for the STUN server ${host}`)),
        Effect.map((found) => driver.drive((machine, now) => machine.handleResolved(server, found, now)))
      )
    }

    /** A name that cannot be looked up any more says nothing new. */
    const resolveServer = Effect.suspend(() => resolver.resolve(connector?.host() ?? "")).pipe(
      Effect.map((found) => driver.drive((machine, now) => machine.handleServerResolved(found, now))),
      Effect.ignore
    )

    const fulfil = (wish: Wish): Effect.Effect<void> => {
      switch (wish._tag) {
        case "Dial":
          return connector!.dial(wish.servers)
        case "Look":
          return connector!.look(wish.servers)
        case "OpenProfile":
          return keeper.open(wish.nick)
        case "DropProfile":
          return keeper.drop(wish.mayBeKnown)
        case "NameProfile":
          return keeper.name(wish.nick)
        case "KeepProfile":
          return keeper.keep
        case "ReadAddresses":
          return readAddresses
        case "Resolve":
          return resolve(wish.server)
        case "ResolveServer":
          return resolveServer
        case "ForwardPort":
          return forwarding.forward(driver.ports.ipv4!)
        case "RenewForwarding":
          return Effect.sync(forwarding.renew)
        case "OpenSockets":
        case "CloseSockets":
          return driver.changeSockets(wish)
        case "JoinLan":
          return lan!.join(wish.name)
      }
    }

    return {
      handlers: {
        wish: (wish) => start(fulfil(wish)),
        sendToServer: (output) => connector?.send(output),
        sendOnLan: (to, data) => lan?.send(to, data)
      },
      gone: connector?.gone ?? Effect.void
    }
  })

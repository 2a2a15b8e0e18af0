import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { NoNetwork } from "../core/client/ClientError.js"
import { noNetwork } from "../core/client/ErrorTexts.js"
import type { Endpoint } from "../domain/Endpoint.js"
import { Datagrams } from "../services/Datagrams.js"
import { LanDiscovery } from "../services/LanDiscovery.js"
import type { Driver } from "./Driver.js"

/** The socket for the local network, and our announcement there. */
export interface LanSocket {
  /** Announces `name` for as long as it runs, and tells the machine whom it hears; ends only when that fails. */
  readonly join: (name: string) => Effect.Effect<void>
  readonly send: (to: Endpoint, data: Uint8Array) => void
}

export const make = ({ drive }: Driver): Effect.Effect<LanSocket, NoNetwork, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const discovery = Option.getOrUndefined(yield* Effect.serviceOption(LanDiscovery))
    if (discovery === undefined) return yield* noNetwork("this program cannot look for others on the local network")
    const socket = yield* (yield* Datagrams)
      .bind({
        family: "ipv4",
        port: 0,
        onDatagram: (from, data) => drive((machine, now) => machine.handleLanDatagram(from, data, now))
      })
      .pipe(Effect.mapError(({ message }) => noNetwork(`cannot open a UDP socket: ${message}`)))
    return {
      join: (name) =>
        discovery
          .join({
            name,
            port: socket.local.port,
            onFound: (neighbour, endpoint) => drive((machine, now) => machine.handleLanFound(neighbour, endpoint, now)),
            onLost: (neighbour) => drive((machine, now) => machine.handleLanGone(neighbour, now))
          })
          .pipe(
            Effect.zipRight(Effect.never),
            Effect.scoped,
            Effect.catchAll(({ message }) =>
              Effect.sync(() => drive((machine, now) => machine.handleLanFailed(message, now)))
            )
          ),
      send: (to, data) => socket.send(to, data)
    }
  })

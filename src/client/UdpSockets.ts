import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Endpoint, Family } from "../domain/Endpoint.js"
import { type BindOptions, type DatagramSocket, Datagrams, type DatagramsError } from "../services/Datagrams.js"

/** The sockets that peers are reached over. */
export interface UdpSockets {
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /** Over the socket of that family; lost where there is none. */
  readonly send: (to: Endpoint, data: Uint8Array) => void
}

/** Binds UDP for IPv4 and, where the system has it, IPv6, on the same port if that is free. */
export const make = (
  callbacks: Pick<BindOptions, "onDatagram" | "onIdle">
): Effect.Effect<UdpSockets, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const bind = (family: Family, port: number) => datagrams.bind({ family, port, ...callbacks })
    const ipv4: DatagramSocket | undefined = yield* optional(bind("ipv4", 0))
    const ipv6: DatagramSocket | undefined = yield* ipv4 === undefined
      ? bind("ipv6", 0)
      : optional(bind("ipv6", ipv4.local.port).pipe(Effect.orElse(() => bind("ipv6", 0))))
    return {
      ports: { ipv4: ipv4?.local.port, ipv6: ipv6?.local.port },
      send: (to, data) => (to.family === "ipv4" ? ipv4 : ipv6)?.send(to, data)
    }
  })

const optional = <A, R>(bind: Effect.Effect<A, DatagramsError, R>): Effect.Effect<A | undefined, never, R> =>
  Effect.orElseSucceed(bind, () => undefined)

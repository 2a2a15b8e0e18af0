import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import type { Endpoint, Family } from "../domain/Endpoint.js"
import { type DatagramSocket, Datagrams, type DatagramsError } from "../services/Datagrams.js"

/** The sockets that peers are reached over. */
export interface UdpSockets {
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /**
   * Over the socket of that family, or over that of this number; lost where there is none. Whether that socket has done
   * with what it was given.
   */
  readonly send: (to: Endpoint, data: Uint8Array, socket?: number) => boolean
  /** Binds more of them for IPv4, under these numbers, until they are closed: those that the system grants. */
  readonly open: (numbers: ReadonlyArray<number>) => Effect.Effect<ReadonlyArray<number>>
  readonly close: (numbers: ReadonlyArray<number>) => Effect.Effect<void>
}

/** What hears of what arrives, as `BindOptions` has it. */
export interface Callbacks {
  /** `socket` is the number, where it has one. */
  readonly onDatagram: (from: Endpoint, data: Uint8Array, socket?: number) => void
  readonly onIdle: () => void
}

/** Binds UDP for IPv4 and, where the system has it, IPv6, on the same port if that is free. */
export const make = ({
  onDatagram,
  onIdle
}: Callbacks): Effect.Effect<UdpSockets, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const scope = yield* Effect.scope
    const bind = (family: Family, port: number, number?: number) =>
      datagrams.bind({ family, port, onDatagram: (from, data) => onDatagram(from, data, number), onIdle })
    const ipv4: DatagramSocket | undefined = yield* optional(bind("ipv4", 0))
    const ipv6: DatagramSocket | undefined = yield* ipv4 === undefined
      ? bind("ipv6", 0)
      : optional(bind("ipv6", ipv4.local.port).pipe(Effect.orElse(() => bind("ipv6", 0))))
    const more = new Map<number, { readonly socket: DatagramSocket; readonly scope: Scope.CloseableScope }>()

    const openOne = Effect.fnUntraced(function* (number: number) {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const socket = yield* optional(bind("ipv4", 0, number).pipe(Scope.extend(own)))
      if (socket === undefined) {
        yield* Scope.close(own, Exit.void)
        return []
      }
      more.set(number, { socket, scope: own })
      return [number]
    })
    return {
      ports: { ipv4: ipv4?.local.port, ipv6: ipv6?.local.port },
      send: (to, data, number) => {
        const socket = number === undefined ? (to.family === "ipv4" ? ipv4 : ipv6) : more.get(number)?.socket
        return socket?.send(to, data) ?? true
      },
      open: (numbers) => Effect.map(Effect.forEach(numbers, openOne), (opened) => opened.flat()),
      close: (numbers) =>
        Effect.forEach(
          numbers,
          (number) => {
            const closed = more.get(number)
            more.delete(number)
            return closed === undefined ? Effect.void : Scope.close(closed.scope, Exit.void)
          },
          { discard: true }
        )
    }
  })

const optional = <A, R>(bind: Effect.Effect<A, DatagramsError, R>): Effect.Effect<A | undefined, never, R> =>
  Effect.orElseSucceed(bind, () => undefined)

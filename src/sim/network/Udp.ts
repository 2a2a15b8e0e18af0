import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Endpoint from "../../domain/Endpoint.js"
import { type BindOptions, type DatagramSocket, type Datagrams, DatagramsError } from "../../services/Datagrams.js"
import type { Process } from "../kernel/Process.js"
import { addressOf, pointAt } from "./AddressBook.js"
import { type Host, type PacketSink, socketKey } from "./Host.js"
import type { Network } from "./Network.js"

/** UDP for the programs of one process. */
export const make = (network: Network, host: Host, process: Process): Context.Tag.Service<Datagrams> => ({
  bind: (options) =>
    Effect.acquireRelease(
      Effect.suspend(() => bind(network, host, process, options)),
      (bound) => Effect.sync(bound.close)
    ).pipe(Effect.map((bound) => bound.socket))
})

const bind = (
  network: Network,
  host: Host,
  process: Process,
  options: BindOptions
): Effect.Effect<BoundSocket, DatagramsError> => {
  const bound = bindSync(network, host, process, options)
  return bound instanceof DatagramsError ? Effect.fail(bound) : Effect.succeed(bound)
}

/**
 * A socket and what ends it.
 *
 * @since 0.1.0
 */
export interface BoundSocket {
  readonly socket: DatagramSocket
  readonly close: () => void
}

/**
 * Binds a socket without Effect: what `Datagrams.bind` does, for machines that are driven as bare callbacks on the
 * kernel.
 *
 * @since 0.1.0
 */
export const bindSync = (
  network: Network,
  host: Host,
  process: Process,
  options: BindOptions
): BoundSocket | DatagramsError => {
  const { book } = network
  const { family } = options
  const address = options.address ?? UNSPECIFIED[family]
  const asked = Endpoint.make(address, options.port)
  if (asked === undefined) return failure("Other", `${address} port ${options.port} cannot be bound`)
  if (asked.family !== family) return failure("Other", `${address} is no ${family} address`)
  const bound = address === UNSPECIFIED[family] ? undefined : book.id(address)
  if (bound !== undefined && bound !== own(host, family) && !network.routing.isLoopback(bound)) {
    return failure("AddressNotAvailable", `${address} is not an address of this machine`)
  }
  const used = (port: number) => host.udp.has(socketKey(family, port))
  const port = options.port === 0 ? host.freePort(used) : options.port
  if (port === undefined || used(port)) return failure("AddressInUse", `UDP port ${port} is already in use`)

  const only = options.only && book.point(options.only)
  let open = true
  let buffered = 0
  const key = socketKey(family, port)
  const sink: PacketSink = {
    arrive: (packet) => {
      if (bound !== undefined && addressOf(packet.destination) !== bound) return "no-socket"
      if (only !== undefined && packet.source !== only) return "no-socket"
      const size = Math.max(packet.data.length, LEAST_CHARGE)
      if (buffered + size > host.receiveBuffer) return "overflow"
      buffered += size
      const from = book.endpoint(packet.source)
      process.enter(() => {
        buffered -= size
        // A copy for each delivery: what arrives belongs to the callee, who may well decrypt it in place.
        if (!open) return
        options.onDatagram(from, new Uint8Array(packet.data))
        if (open) options.onIdle?.()
      })
      return undefined
    }
  }
  host.udp.set(key, sink)

  const local: Endpoint.Endpoint = { family, address, port }
  return {
    socket: {
      local,
      receiveBuffer: host.receiveBuffer,
      send: (to, data) => {
        if (!open || process.state === "dead" || to.family !== family || data.length > MAX_PAYLOAD) return true
        const destination = book.point(to)
        if (destination === undefined || (only !== undefined && destination !== only)) return true
        const loopback = network.routing.isLoopback(addressOf(destination))
        const source = bound ?? (loopback ? addressOf(destination) : own(host, family))
        if (source === undefined) return true
        network.send(host, {
          protocol: "udp",
          source: pointAt(source, port),
          destination,
          data: new Uint8Array(data),
          segment: undefined
        })
        return true
      }
    },
    close: () => {
      open = false
      if (host.udp.get(key) === sink) host.udp.delete(key)
    }
  }
}

const own = (host: Host, family: Endpoint.Family) => (family === "ipv4" ? host.ipv4 : host.ipv6)

const failure = (reason: DatagramsError["reason"], message: string): DatagramsError =>
  new DatagramsError({ reason, message })

const UNSPECIFIED = { ipv4: "0.0.0.0", ipv6: "::" } as const

/** 65,535 less the headers of IP and UDP. */
const MAX_PAYLOAD = 65_507

/** Even an empty datagram takes up room in the buffer of a kernel (sk_buff overhead). */
const LEAST_CHARGE = 256

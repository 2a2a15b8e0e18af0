import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Endpoint from "../../domain/Endpoint.js"
import { type BindOptions, type DatagramSocket, Datagrams, DatagramsError } from "../../services/Datagrams.js"
import * as Network from "./Network.js"

/** UDP of one host of a memory network. */
export const layer = (network: Network.Network, host: Network.Host): Layer.Layer<Datagrams> =>
  Layer.succeed(Datagrams, {
    bind: (options) =>
      Effect.acquireRelease(
        Effect.suspend(() => open(network, host, options)),
        ({ close }) => Effect.sync(close)
      ).pipe(Effect.map(({ socket }) => socket))
  })

/** The receiving end of a bound socket. */
export interface UdpPort {
  readonly receive: (from: Endpoint.Endpoint, data: Uint8Array) => void
}

/** As large as the live layer's; what a burst sends beyond it before the receiver runs is lost. */
const RECEIVE_BUFFER = 4 * 1024 * 1024

/** The length field counts the 8 bytes of the header, and for IPv4 also the 20 bytes of the IP header. */
const MAX_PAYLOAD = { ipv4: 65_507, ipv6: 65_527 } as const

interface Open {
  readonly socket: DatagramSocket
  readonly close: () => void
}

const open = (
  network: Network.Network,
  host: Network.Host,
  options: BindOptions
): Effect.Effect<Open, DatagramsError> => {
  const { family, onDatagram, onIdle } = options
  const wanted = Endpoint.make(options.address ?? UNSPECIFIED[family], options.port)
  if (wanted?.family !== family) return fail("Other", `cannot use UDP port ${options.port} of ${options.address}`)
  const address = wanted.address === UNSPECIFIED[family] ? undefined : wanted.address
  if (address !== undefined && !Network.owns(host, address)) {
    return fail("AddressNotAvailable", `${address} is not an address of this host`)
  }

  let closed = false
  let waiting = 0
  const owner: UdpPort = {
    receive: (from, data) => {
      if (waiting + data.length > RECEIVE_BUFFER) return
      waiting += data.length
      network.post(() => {
        waiting -= data.length
        if (closed) return
        onDatagram(from, data)
        if (!closed) onIdle?.()
      })
    }
  }
  const port = host.udp.bind({ families: [family], address, port: wanted.port }, owner)
  if (port === undefined) return fail("AddressInUse", `UDP port ${wanted.port} is already in use`)

  return Effect.succeed({
    socket: {
      local: { family, address: wanted.address, port },
      receiveBuffer: RECEIVE_BUFFER,
      send: (to, data) => {
        if (closed || to.family !== family || data.length > MAX_PAYLOAD[family]) return
        const source = address ?? Network.sourceOf(host, to)
        if (source === undefined) return
        // A copy: the receiver owns what it gets, the sender keeps what it may send again.
        network.route(host, to)?.udp.find(to)?.receive({ family, address: source, port }, new Uint8Array(data))
      }
    },
    close: () => {
      closed = true
      host.udp.release(port, owner)
    }
  })
}

const UNSPECIFIED = { ipv4: "0.0.0.0", ipv6: "::" } as const

const fail = (reason: DatagramsError["reason"], message: string) => Effect.fail(new DatagramsError({ reason, message }))

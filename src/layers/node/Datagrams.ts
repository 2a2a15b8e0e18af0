import * as Dgram from "node:dgram"
import { isIP } from "node:net"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Endpoint, Family } from "../../domain/Endpoint.js"
import { type BindOptions, type DatagramSocket, Datagrams, DatagramsError } from "../../services/Datagrams.js"
import { fromNode, plain } from "./Addresses.js"
import { codeOf, describe, isPort } from "./Errno.js"
import { OwnAddresses } from "./OwnAddresses.js"
import { Turns } from "./Turns.js"

/** UDP over node:dgram, one socket for one family: an IPv6 socket never carries IPv4. */
export const layer: Layer.Layer<Datagrams> = Layer.succeed(Datagrams, {
  bind: (options) => Effect.map(Effect.acquireRelease(open(options), close), ({ api }) => api)
})

/**
 * Asked of the system: a burst at 100 MB/s while the program collects garbage for 40 ms. Linux caps it at `rmem_max`.
 */
const RECEIVE_BUFFER = 4 * 1024 * 1024

/** Below this a smaller buffer is not worth asking for; the system's default is about as large. */
const SMALLEST_RECEIVE_BUFFER = 256 * 1024

/**
 * Bytes that may wait inside Node while the system takes none; more are lost, as they would be in a full device queue.
 */
const MAX_SEND_QUEUE = 4 * 1024 * 1024

interface Arrived {
  readonly data: Uint8Array
  readonly from: Dgram.RemoteInfo
}

interface Open {
  readonly api: DatagramSocket
  readonly socket: Dgram.Socket
  closed: boolean
}

const open = (options: BindOptions): Effect.Effect<Open, DatagramsError> =>
  Effect.async((resume) => {
    const { family, only, onDatagram, onIdle, onRefused, port } = options
    const address = options.address ?? (family === "ipv4" ? "0.0.0.0" : "::")
    if (isIP(address) !== VERSION[family] || !isPort(port, 0) || (only !== undefined && !isTarget(only, family))) {
      return resume(Effect.fail(toError(options, new RangeError(`no ${family} address and port`))))
    }
    const socket = Dgram.createSocket({
      type: family === "ipv4" ? "udp4" : "udp6",
      ipv6Only: family === "ipv6",
      lookup: literal
    })
    let opened: Open | undefined
    // Stays for good: a failed send or receive is a lost packet, and an unheard error would end the program.
    socket.on("error", (cause) => {
      if (opened !== undefined) {
        if (!opened.closed && REFUSALS.has(codeOf(cause))) onRefused?.()
        return
      }
      socket.close()
      resume(Effect.fail(toError(options, cause)))
    })
    const turns = new Turns<Arrived>({
      take: ({ data, from }) => {
        if (opened?.closed === false) onDatagram(sender(family, from), plain(data))
      },
      idle: () => {
        if (opened?.closed === false) onIdle?.()
      },
      isNear: ({ from }) => OWN.has(from.address)
    })
    socket.on("message", (data, from) => turns.add({ data, from }))
    /** Bytes that waited inside Node after the last `send`. */
    let waiting = 0
    const send = (to: Endpoint, data: Uint8Array): boolean => {
      if (opened?.closed !== false) return waiting === 0
      if (waiting > 0) waiting = socket.getSendQueueSize()
      if (to.family !== family || to.port === 0 || waiting > MAX_SEND_QUEUE) return waiting === 0
      try {
        // Without a callback Node reports the failure of a send to nobody, which is what a lost packet is.
        if (only === undefined) socket.send(data, to.port, to.address)
        else if (isAt(only, to)) socket.send(data)
      } catch {
        // Node throws for arguments that it dislikes (a port out of range): lost as well.
      }
      waiting = socket.getSendQueueSize()
      return waiting === 0
    }
    // With literals alone this binds, or fails, within the call.
    socket.bind({ port, address }, () => {
      const receiveBuffer = enlarge(socket)
      const bound = socket.address()
      const local = fromNode(bound.address, bound.port)!
      const state: Open = { api: { local, send, receiveBuffer }, socket, closed: false }
      const done = () => {
        opened = state
        resume(Effect.succeed(state))
      }
      if (only === undefined) done()
      else socket.connect(only.port, only.address, done)
    })
  })

const close = (opened: Open): Effect.Effect<void> =>
  Effect.async((resume) => {
    opened.closed = true
    opened.socket.close(() => resume(Effect.void))
  })

const OWN = new OwnAddresses()

const isAt = (left: Endpoint, right: Endpoint): boolean => left.port === right.port && left.address === right.address

const isTarget = (endpoint: Endpoint, family: Family): boolean => endpoint.family === family && isPort(endpoint.port, 1)

/** What a connected socket says when ICMP came back: nobody there, or not allowed there (RFC 1122 §4.1.3.3). */
const REFUSALS: ReadonlySet<string> = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EACCES"])

const VERSION = { ipv4: 4, ipv6: 6 } as const satisfies Record<Family, number>

/** All addresses are literals: answering at once keeps `send` synchronous and away from the resolver's threads. */
const literal = (
  address: string,
  _family: unknown,
  callback: (error: Error | null, address: string, family: number) => void
): void => callback(null, address, isIP(address))

/** Node prints canonical addresses, except a few IPv6 forms with dots or a zone: only those pay for parsing. */
const sender = (family: Family, from: Dgram.RemoteInfo): Endpoint => {
  const { address, port } = from
  if (family === "ipv6" && (address.includes(".") || address.includes("%"))) return fromNode(address, port)!
  return { family, address, port }
}

/** Asks for the largest receive buffer that the system grants and returns how many payload bytes it holds. */
const enlarge = (socket: Dgram.Socket): number => {
  for (let size = RECEIVE_BUFFER; size >= SMALLEST_RECEIVE_BUFFER; size /= 2) {
    try {
      socket.setRecvBufferSize(size)
      break
    } catch {
      // Some systems refuse what is over their limit instead of capping it.
    }
  }
  // Linux doubles the size for its bookkeeping (socket(7)) and reports the double.
  return process.platform === "linux" ? socket.getRecvBufferSize() / 2 : socket.getRecvBufferSize()
}

const toError = (options: BindOptions, cause: unknown): DatagramsError => {
  const where = `UDP port ${options.port}${options.address === undefined ? "" : ` of ${options.address}`}`
  switch (codeOf(cause)) {
    case "EADDRINUSE":
      return new DatagramsError({
        reason: "AddressInUse",
        message: `${where} is already in use: stop the program that has it, or choose another port`,
        cause
      })
    case "EADDRNOTAVAIL":
      return new DatagramsError({
        reason: "AddressNotAvailable",
        message: `${options.address ?? options.family} is not an address of this machine`,
        cause
      })
    case "EACCES":
    case "EPERM":
      return new DatagramsError({ reason: "NotPermitted", message: `not allowed to use ${where}`, cause })
    case "EAFNOSUPPORT":
      return new DatagramsError({ reason: "Unsupported", message: `this machine has no ${options.family}`, cause })
    default:
      return new DatagramsError({ reason: "Other", message: `cannot use ${where}: ${describe(cause)}`, cause })
  }
}

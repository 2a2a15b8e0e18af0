import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Endpoint from "../../domain/Endpoint.js"
import { type Connection, type ConnectionHandler, defaultSendQueue } from "../../services/Connection.js"
import {
  ListenError,
  type Listener,
  type ListeningTls,
  type ListenOptions,
  type TlsCredentials
} from "../../services/Listener.js"
import type { Process } from "../kernel/Process.js"
import type { Rng } from "../kernel/Rng.js"
import { addressOf } from "./AddressBook.js"
import { type Host, type PacketSink, socketKey } from "./Host.js"
import type { Network } from "./Network.js"
import type { Packet } from "./Packet.js"
import * as PretendedTls from "./PretendedTls.js"
import { resolve } from "./Resolver.js"
import { TcpEnd } from "./TcpEnd.js"

/** Accepts TCP connections for the programs of one process. */
export const make = (network: Network, host: Host, process: Process): Context.Tag.Service<Listener> => ({
  listen: (options, accept) =>
    Effect.acquireRelease(
      Effect.suspend(() => {
        const listening = listenSync(network, host, process, options, accept)
        return listening instanceof ListenError ? Effect.fail(listening) : Effect.succeed(listening)
      }),
      (listening) => Effect.async<void>((resume) => listening.close(() => resume(Effect.void)))
    ).pipe(Effect.map(({ local, tls }) => ({ local, hostNames: [host.name], ...(tls === undefined ? {} : { tls }) })))
})

/**
 * A socket that listens, and what ends it.
 *
 * @since 0.1.0
 */
export interface ListeningSocket {
  readonly local: Endpoint.Endpoint
  readonly tls: ListeningTls | undefined
  /** Ends all connections too; `done` is called when the last one has ended. */
  readonly close: (done: () => void) => void
}

/**
 * Listens without Effect: what `Listener.listen` does, for machines that are driven as bare callbacks on the kernel.
 *
 * @since 0.1.0
 */
export const listenSync = (
  network: Network,
  host: Host,
  process: Process,
  options: ListenOptions,
  accept: (connection: Connection) => ConnectionHandler | undefined
): ListeningSocket | ListenError => {
  const bound = whereToListen(network, host, options)
  return bound instanceof ListenError ? bound : new Listening(network, host, process, options, bound, accept)
}

class Listening implements PacketSink, ListeningSocket {
  readonly local: Endpoint.Endpoint
  readonly tls: ListeningTls | undefined
  #credentials: TlsCredentials | undefined
  readonly #nonces: Rng
  readonly #live = new Set<TcpEnd>()
  /** Whose handshake is not over: at most the backlog. */
  readonly #opening = new Set<TcpEnd>()
  #open = true
  #onGone: () => void = () => {}
  readonly #network: Network
  readonly #host: Host
  readonly #process: Process
  readonly #options: ListenOptions
  readonly #bound: Bound
  readonly #accept: (connection: Connection) => ConnectionHandler | undefined

  constructor(
    network: Network,
    host: Host,
    process: Process,
    options: ListenOptions,
    bound: Bound,
    accept: (connection: Connection) => ConnectionHandler | undefined
  ) {
    this.#network = network
    this.#host = host
    this.#process = process
    this.#options = options
    this.#bound = bound
    this.#accept = accept
    this.local = bound.local
    this.#credentials = options.tls
    this.#nonces = process.rng.fork(`tls at ${host.name} ${bound.local.port}`)
    if (options.tls !== undefined)
      this.tls = {
        shown: () => ({ key: PretendedTls.keyOf(this.#credentials!), expires: Number.POSITIVE_INFINITY }),
        renew: (credentials) => Effect.sync(() => (this.#credentials = credentials))
      }
    for (const family of bound.families) host.listeners.set(socketKey(family, bound.local.port), this)
  }

  arrive(packet: Packet, from: Host): "no-socket" | "overflow" | undefined {
    const { address } = this.#bound
    if (address !== undefined && addressOf(packet.destination) !== address) {
      this.#network.refuse(this.#host, packet)
      return "no-socket"
    }
    if (!packet.segment!.syn || packet.segment!.ack) {
      this.#network.refuse(this.#host, packet)
      return "no-socket"
    }
    if (this.#opening.size >= (this.#options.backlog ?? DEFAULT_BACKLOG)) return "overflow"
    const network = this.#network
    const host = this.#host
    const process = this.#process
    const sendQueue = this.#options.sendQueue ?? defaultSendQueue
    const end = new TcpEnd(network, host, process, packet.destination, packet.source, sendQueue, (outcome) => {
      if (outcome === "open") process.enter(() => this.#take(end))
      else this.#opening.delete(end)
    })
    this.#opening.add(end)
    end.answer(from)
    return undefined
  }

  close(done: () => void): void {
    const host = this.#host
    const process = this.#process
    const bound = this.#bound
    this.#open = false
    for (const family of bound.families) host.listeners.delete(socketKey(family, bound.local.port))
    for (const end of this.#opening) end.destroy()
    this.#opening.clear()
    if (this.#live.size === 0) {
      done()
      return
    }
    const timer = process.after(DRAIN, () => {
      for (const end of this.#live) end.destroy()
    })
    this.#onGone = () => {
      if (this.#live.size > 0) return
      process.kernel.cancel(timer)
      done()
    }
    for (const end of this.#live) end.end()
  }

  #take(end: TcpEnd): void {
    // When the listener closed meanwhile, it ended this one too.
    if (!this.#opening.delete(end)) return
    this.#live.add(end)
    end.begin(this.#open ? this.#handlerOf(end) : undefined, () => {
      this.#live.delete(end)
      this.#onGone()
    })
  }

  #handlerOf(end: TcpEnd): ConnectionHandler | undefined {
    if (this.#credentials === undefined) return this.#accept(end)
    const nonce = this.#nonces.fill(new Uint8Array(PretendedTls.NONCE_BYTES))
    return PretendedTls.accepted(end, this.#credentials, nonce, this.#accept)
  }
}

interface Bound {
  readonly local: Endpoint.Endpoint
  readonly families: ReadonlyArray<Endpoint.Family>
  /** The only address that is listened at; `undefined` for all. */
  readonly address: number | undefined
}

const whereToListen = (network: Network, host: Host, options: ListenOptions): Bound | ListenError => {
  const { book, routing } = network
  if (options.socket !== undefined) return failure("Other", "simulated machines have no sockets in files")
  const addresses = options.host === undefined ? [book.id("::")!] : resolve(network, host, options.host)
  const address = addresses[0]
  if (address === undefined) return failure("HostNotFound", `no address is known for the host ${options.host}`)
  const text = book.text(address)
  const asked = Endpoint.make(text, options.port)
  if (asked === undefined) return failure("Other", `${options.port} is no port`)
  const unspecified = text === "::" || text === "0.0.0.0"
  if (!unspecified && address !== host.ipv4 && address !== host.ipv6 && !routing.isLoopback(address)) {
    return failure("AddressNotAvailable", `${text} is not an address of this machine`)
  }
  const families: ReadonlyArray<Endpoint.Family> = text === "::" ? ["ipv4", "ipv6"] : [asked.family]
  const used = (port: number) => families.some((family) => host.listeners.has(socketKey(family, port)))
  const port = options.port === 0 ? host.freePort(used) : options.port
  if (port === undefined || used(port)) return failure("AddressInUse", `port ${port} is already in use`)
  return { local: { ...asked, port }, families, address: unspecified ? undefined : address }
}

const failure = (reason: ListenError["reason"], message: string): ListenError => new ListenError({ reason, message })

/** As `ListenOptions` says. */
const DEFAULT_BACKLOG = 4096

/** As `Listener.listen` says: 500 ms for what is queued. */
const DRAIN = 500_000

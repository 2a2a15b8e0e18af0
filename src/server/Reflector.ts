import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import {
  type Corner,
  DEFAULT_LIMITS,
  Reflector as Machine,
  type ReflectorLimits,
  type ReflectorStats,
  type Site
} from "../core/rendezvous/Reflector.js"
import * as Endpoint from "../domain/Endpoint.js"
import { PacketType } from "../protocol/DataPacket.js"
import { type DatagramSocket, Datagrams, DatagramsError } from "../services/Datagrams.js"
import * as Time from "../services/Time.js"

export interface ReflectorOptions {
  /** UDP port: the number of the control link's, so that operators open one number. 0 lets the system choose. */
  readonly port: number
  /** The other port; the number after `port` when left out, or any if that one is taken. */
  readonly secondPort?: number
  /**
   * Where to listen: at most two of each family; with two, clients can examine their NAT completely. Everywhere when
   * left out.
   */
  readonly addresses?: ReadonlyArray<ReflectorAddress>
  /** Name of the software, ASCII of at most 127 characters. */
  readonly software: string
  /** `DEFAULT_LIMITS` when left out. */
  readonly limits?: ReflectorLimits
  /** As in `core/rendezvous/Reflector`. */
  readonly isKnown?: (address: string) => boolean
  /** Gets the datagrams for the relay, which come to the first port. Must not throw. */
  readonly onRelay?: (from: Endpoint.Endpoint, corner: Corner, data: Uint8Array) => void
}

export interface ReflectorAddress {
  /** An IP literal of this machine. */
  readonly bind: string
  /** The IP literal that clients know it by, where that is another one: a cloud's public address. */
  readonly public?: string
}

export interface Reflector {
  /** Both ports, the same of every address: what `Welcome.udp` tells. */
  readonly ports: readonly [number, number]
  /** Every bound endpoint. */
  readonly local: ReadonlyArray<Endpoint.Endpoint>
  readonly stats: () => ReflectorStats
  /** Sends from the socket at `corner`, best effort. */
  readonly send: (corner: Corner, to: Endpoint.Endpoint, data: Uint8Array) => void
}

/**
 * Tells clients their reflexive addresses: a STUN server on two UDP ports, as long as the scope lives
 * (core/rendezvous/Reflector says what it answers), and shares the first one with the relay. Each request is answered
 * within the callback that brings it.
 *
 * Without `addresses`, one of the families may be missing on this machine. Fails with `AddressInUse` when another
 * program has the port; a server may go on without its reflector then, because conversations do not depend on it.
 */
export const make = (options: ReflectorOptions): Effect.Effect<Reflector, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const sockets = new Map<string, DatagramSocket>()
    const running: { machine?: Machine } = {}
    const send: Reflector["send"] = (corner, to, data) => sockets.get(keyOf(to.family, corner))?.send(to, data)
    const { onRelay } = options
    const receive: Receive = (corner) => (from, data) => {
      if (data[0] === PacketType.relay && corner.port === 0 && onRelay !== undefined) return onRelay(from, corner, data)
      const reply = running.machine?.handleDatagram(corner, from, data, time.monotonic())
      if (reply !== undefined) send(reply.from, from, reply.data)
    }

    const first = yield* bindPort(yield* placesOf(options.addresses), 0, firstPorts(options), receive)
    const places = first.map(({ place }) => place)
    const second = yield* bindPort(places, 1, secondPorts(options, first[0]!.socket.local.port), receive)
    for (const { corner, socket } of [...first, ...second]) sockets.set(keyOf(socket.local.family, corner), socket)
    const ports = [first[0]!.socket.local.port, second[0]!.socket.local.port] as const

    const { limits = DEFAULT_LIMITS, software } = options
    const sites = { ipv4: siteOf(places, "ipv4", ports), ipv6: siteOf(places, "ipv6", ports) }
    const known = options.isKnown === undefined ? {} : { isKnown: options.isKnown }
    const machine = new Machine({ sites, software, limits, ...known }, time.monotonic())
    running.machine = machine
    return { ports, local: [...sockets.values()].map(({ local }) => local), stats: () => machine.stats, send }
  })

/** An address to bind on; the first or the second one of its family. */
interface Place {
  readonly family: Endpoint.Family
  readonly index: 0 | 1
  /** All addresses of the machine when left out; then it may turn out that it has none. */
  readonly bind?: string
  readonly known?: string
}

interface Bound {
  readonly place: Place
  readonly corner: Corner
  readonly socket: DatagramSocket
}

type Receive = (corner: Corner) => (from: Endpoint.Endpoint, data: Uint8Array) => void

/** How often the system is asked for a port: the one that it picks for a first address may be taken on the next one. */
const ANY_PORT = [0, 0, 0, 0]

const firstPorts = ({ port }: ReflectorOptions): ReadonlyArray<number> => (port === 0 ? ANY_PORT : [port])

const secondPorts = ({ secondPort }: ReflectorOptions, first: number): ReadonlyArray<number> => {
  if (secondPort !== undefined) return secondPort === 0 ? ANY_PORT : [secondPort]
  return first < 65_535 ? [first + 1, ...ANY_PORT] : ANY_PORT
}

const placesOf = (
  addresses: ReadonlyArray<ReflectorAddress> | undefined
): Effect.Effect<ReadonlyArray<Place>, DatagramsError> => {
  if (addresses === undefined || addresses.length === 0) {
    return Effect.succeed([
      { family: "ipv4", index: 0 },
      { family: "ipv6", index: 0 }
    ])
  }
  const places: Array<Place> = []
  for (const { bind, public: known = bind } of addresses) {
    const family = Endpoint.make(bind, 0)?.family
    const index = places.filter((place) => place.family === family).length
    if (family === undefined || Endpoint.make(known, 0)?.family !== family) {
      return fail(`${JSON.stringify(family === undefined ? bind : known)} is no IP address that the reflector can use`)
    }
    if (index > 1) return fail("the reflector uses at most two addresses of each family")
    places.push({ family, index: index === 0 ? 0 : 1, bind, known })
  }
  return Effect.succeed(places)
}

const siteOf = (places: ReadonlyArray<Place>, family: Endpoint.Family, ports: Site["ports"]): Site | undefined => {
  const mine = places.filter((place) => place.family === family)
  if (mine.length === 0) return undefined
  return { ports, addresses: mine.flatMap(({ known }) => known ?? []) }
}

/** Binds all places to the first of `ports` that is free on every one of them. */
const bindPort = (
  places: ReadonlyArray<Place>,
  index: 0 | 1,
  ports: ReadonlyArray<number>,
  receive: Receive
): Effect.Effect<ReadonlyArray<Bound>, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const scope = yield* Effect.scope
    const [port, ...others] = ports
    const attempt = yield* Scope.fork(scope, ExecutionStrategy.sequential)
    const result = yield* bindPlaces(places, index, port!, receive).pipe(Scope.extend(attempt), Effect.either)
    if (Either.isRight(result)) return result.right
    yield* Scope.close(attempt, Exit.void)
    if (result.left.reason !== "AddressInUse" || others.length === 0) return yield* Effect.fail(result.left)
    return yield* bindPort(places, index, others, receive)
  })

const bindPlaces = (
  places: ReadonlyArray<Place>,
  index: 0 | 1,
  wanted: number,
  receive: Receive
): Effect.Effect<ReadonlyArray<Bound>, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const bound: Array<Bound> = []
    let missing: DatagramsError | undefined
    for (const place of places) {
      const corner: Corner = { address: place.index, port: index }
      const port = bound[0]?.socket.local.port ?? wanted
      const address = place.bind === undefined ? {} : { address: place.bind }
      const result = yield* Effect.either(
        datagrams.bind({ family: place.family, port, ...address, onDatagram: receive(corner) })
      )
      if (Either.isRight(result)) bound.push({ place, corner, socket: result.right })
      else if (place.bind === undefined && isMissing(result.left)) missing = result.left
      else return yield* Effect.fail(result.left)
    }
    return bound.length === 0 && missing !== undefined ? yield* Effect.fail(missing) : bound
  })

/** Whether the machine does not have this family at all. */
const isMissing = ({ reason }: DatagramsError): boolean => reason === "Unsupported" || reason === "AddressNotAvailable"

const fail = (message: string) => Effect.fail(new DatagramsError({ reason: "Other", message }))

const keyOf = (family: Endpoint.Family, { address, port }: Corner): string => `${family} ${address} ${port}`

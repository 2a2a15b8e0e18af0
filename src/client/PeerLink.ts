import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { RelayTransport } from "../core/client/RelayTransport.js"
import type { JournalEntry } from "../core/peer/Journal.js"
import type { PeerEvent } from "../core/peer/PeerEvent.js"
import type { Peers } from "../core/peer/Peers.js"
import type { Route } from "../core/peer/Route.js"
import type { Endpoint, Family } from "../domain/Endpoint.js"
import * as Bytes from "../protocol/Bytes.js"
import * as Alarm from "../services/Alarm.js"
import { type DatagramSocket, Datagrams, type DatagramsError } from "../services/Datagrams.js"
import { Entropy } from "../services/Entropy.js"
import * as Time from "../services/Time.js"

/**
 * The driver of the peer machine: sockets, one alarm, and the rule that every input is followed by a complete,
 * synchronous drain: every command and timeout, and every burst of datagrams. There is nothing to drive until `start`;
 * datagrams before that are dropped.
 */
export interface PeerLink {
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /** Once, with the machine to drive. */
  readonly start: (machine: Peers) => void
  /** Calls the machine, then drains it; `undefined` before `start`. Also from within `onEvent`. */
  readonly drive: <A>(use: (machine: Peers, now: number) => A) => A | undefined
  /** The same for what lies between us and the peers. */
  readonly outside: <A>(use: (outside: RelayTransport, now: number) => A) => A
  /** A packet (base64url) that the server carried over the control link. */
  readonly relayed: (channel: string, packet: string) => void
}

/** Called synchronously; must not throw. */
export interface Surroundings {
  /** Carries a packet over the control link, as far as there is one. */
  readonly relay: (channel: string, packet: Uint8Array) => void
  /** The internet sees us otherwise than before; `moved`: somewhere else. */
  readonly onOutside: (moved: boolean) => void
}

/**
 * Binds UDP for IPv4 and, where the system has it, IPv6, on the same port if that is free. Closing the scope says
 * goodbye to all peers first. `onEvent`, and `onJournal` with what the machine wants written down, are called
 * synchronously and must not throw.
 */
export const make = (
  onEvent: (event: PeerEvent, now: number) => void,
  onJournal: (entries: ReadonlyArray<JournalEntry>) => void = () => {},
  around: Surroundings = NONE
): Effect.Effect<PeerLink, DatagramsError, Datagrams | Entropy | Scope.Scope> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const entropy = yield* Entropy
    const time = yield* Time.make
    const outside = new RelayTransport(entropy.bytes)
    let machine: Peers | undefined
    let draining = false
    /** While draining: a reading of the clock costs as much as a look at a small packet. */
    let now = 0
    const read = () => (draining ? now : time.monotonic())

    const drain = (at: number) => {
      // A call from inside `onEvent` leaves the rest to the loop that called it.
      if (draining) return
      draining = true
      now = at
      drainOutside()
      drainMachine()
      draining = false
      const next = Math.min(outside.pollTimeout() ?? NEVER, machine?.pollTimeout() ?? NEVER)
      alarm.set(next === NEVER ? undefined : next)
    }

    const drainOutside = () => {
      for (let next = outside.pollTransmit(now); next !== undefined; next = outside.pollTransmit(now))
        send(next.to, next.data)
      for (let change = outside.pollChange(); change !== undefined; change = outside.pollChange())
        around.onOutside(change.moved)
    }

    const drainMachine = () => {
      if (machine === undefined) return
      for (let more = true; more; now = time.monotonic()) {
        more = false
        // What the application answers to an event leaves in the packet that acknowledges it.
        for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) onEvent(event, now)
        for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now)) {
          more = true
          transmit(packet.route, packet.data)
        }
      }
      const entries: Array<JournalEntry> = []
      for (let entry = machine.pollJournal(); entry !== undefined; entry = machine.pollJournal()) entries.push(entry)
      if (entries.length > 0) onJournal(entries)
    }

    const transmit = (route: Route, data: Uint8Array) => {
      if (route._tag === "Direct") return send(route.endpoint, data)
      const datagram = outside.envelope(route.channel, data, now)
      if (datagram === undefined) around.relay(route.channel, data)
      else send(datagram.to, datagram.data)
    }

    const send = (to: Endpoint, data: Uint8Array) => (to.family === "ipv4" ? ipv4 : ipv6)?.send(to, data)

    const bind = (family: Family, port: number) =>
      datagrams.bind({
        family,
        port,
        onDatagram: (endpoint: Endpoint, data) => {
          const at = read()
          const arrival = outside.handleDatagram(endpoint, data, at)
          if (arrival !== undefined) machine?.handleDatagram(arrival.from, arrival.packet, at)
        },
        onIdle: () => drain(time.monotonic())
      })

    const alarm = yield* Alarm.make((at) => {
      outside.handleTimeout(at)
      machine?.handleTimeout(at)
      drain(at)
    })

    const ipv4: DatagramSocket | undefined = yield* optional(bind("ipv4", 0))
    const ipv6: DatagramSocket | undefined = yield* ipv4 === undefined
      ? bind("ipv6", 0)
      : optional(bind("ipv6", ipv4.local.port).pipe(Effect.orElse(() => bind("ipv6", 0))))

    const drive: PeerLink["drive"] = (use) => {
      if (machine === undefined) return undefined
      const at = read()
      const result = use(machine, at)
      drain(at)
      return result
    }

    // Registered last, so it runs before the sockets close.
    yield* Effect.addFinalizer(() => Effect.sync(() => drive((peers, now) => peers.closeAll(now))))

    return {
      ports: { ipv4: ipv4?.local.port, ipv6: ipv6?.local.port },
      start: (peers) => {
        machine = peers
        drain(read())
      },
      drive,
      outside: (use) => {
        const at = read()
        const result = use(outside, at)
        drain(at)
        return result
      },
      relayed: (channel, packet) => {
        const bytes = Bytes.fromBase64Url(packet)
        if (bytes === undefined) return
        const at = read()
        machine?.handleDatagram({ _tag: "Relay", channel }, bytes, at)
        drain(at)
      }
    }
  })

const NEVER = Number.POSITIVE_INFINITY

/** No server. */
const NONE: Surroundings = { relay: () => {}, onOutside: () => {} }

const optional = <A, R>(bind: Effect.Effect<A, DatagramsError, R>): Effect.Effect<A | undefined, never, R> =>
  Effect.orElseSucceed(bind, () => undefined)

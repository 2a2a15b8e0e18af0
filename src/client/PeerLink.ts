import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { JournalEntry, PeerEvent, PeersMachine, Route } from "../core/peer/Api.js"
import type { Endpoint, Family } from "../domain/Endpoint.js"
import * as Alarm from "../services/Alarm.js"
import { type DatagramSocket, Datagrams, type DatagramsError } from "../services/Datagrams.js"
import * as Time from "../services/Time.js"

/**
 * The driver of the peer machine: sockets, one alarm, and the rule that every input is followed by a complete, synchronous drain.
 * There is nothing to drive until `start`; datagrams before that are dropped.
 */
export interface PeerLink {
  readonly ports: { readonly ipv4: number | undefined; readonly ipv6: number | undefined }
  /** Once, with the machine to drive. */
  readonly start: (machine: PeersMachine) => void
  /** Calls the machine, then drains it; `undefined` before `start`. Also from within `onEvent`. */
  readonly drive: <A>(use: (machine: PeersMachine, now: number) => A) => A | undefined
}

/**
 * Binds UDP for IPv4 and, where the system has it, IPv6, on the same port if that is free. Closing the scope says goodbye to all
 * peers first. `onEvent`, and `onJournal` with what the machine wants written down, are called synchronously and must not throw.
 */
export const make = (
  onEvent: (event: PeerEvent, now: number) => void,
  onJournal: (entries: ReadonlyArray<JournalEntry>) => void = () => {}
): Effect.Effect<PeerLink, DatagramsError, Datagrams | Scope.Scope> =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const time = yield* Time.make
    let machine: PeersMachine | undefined
    let draining = false

    const drain = () => {
      // A call from inside `onEvent` leaves the rest to the loop that called it.
      if (machine === undefined || draining) return
      draining = true
      for (let more = true; more; ) {
        more = false
        const now = time.monotonic()
        for (let packet = machine.pollTransmit(now); packet !== undefined; packet = machine.pollTransmit(now))
          transmit(packet.route, packet.data)
        for (let event = machine.pollEvent(); event !== undefined; event = machine.pollEvent()) {
          more = true
          onEvent(event, now)
        }
      }
      const entries: Array<JournalEntry> = []
      for (let entry = machine.pollJournal(); entry !== undefined; entry = machine.pollJournal()) entries.push(entry)
      if (entries.length > 0) onJournal(entries)
      draining = false
      alarm.set(machine.pollTimeout())
    }

    const transmit = (route: Route, data: Uint8Array) => {
      if (route._tag === "Relay") return // This version of the control link carries no datagrams; a lost packet is all it is.
      const socket = route.endpoint.family === "ipv4" ? ipv4 : ipv6
      socket?.send(route.endpoint, data)
    }

    const bind = (family: Family, port: number) =>
      datagrams.bind({
        family,
        port,
        onDatagram: (endpoint: Endpoint, data) => {
          machine?.handleDatagram({ _tag: "Direct", endpoint }, data, time.monotonic())
          drain()
        }
      })

    const alarm = yield* Alarm.make((now) => {
      machine?.handleTimeout(now)
      drain()
    })

    const ipv4: DatagramSocket | undefined = yield* optional(bind("ipv4", 0))
    const ipv6: DatagramSocket | undefined = yield* ipv4 === undefined
      ? bind("ipv6", 0)
      : optional(bind("ipv6", ipv4.local.port).pipe(Effect.orElse(() => bind("ipv6", 0))))

    const drive: PeerLink["drive"] = (use) => {
      if (machine === undefined) return undefined
      const result = use(machine, time.monotonic())
      drain()
      return result
    }

    // Registered last, so it runs before the sockets close.
    yield* Effect.addFinalizer(() => Effect.sync(() => drive((peers, now) => peers.closeAll(now))))

    return {
      ports: { ipv4: ipv4?.local.port, ipv6: ipv6?.local.port },
      start: (peers) => {
        machine = peers
        drain()
      },
      drive
    }
  })

const optional = <A, R>(bind: Effect.Effect<A, DatagramsError, R>): Effect.Effect<A | undefined, never, R> =>
  Effect.orElseSucceed(bind, () => undefined)

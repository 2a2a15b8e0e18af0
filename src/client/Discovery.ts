import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { NatDiscovery, type Socket } from "../core/nat/NatDiscovery.js"
import type { NatReport } from "../core/nat/NatReport.js"
import * as Endpoint from "../domain/Endpoint.js"
import * as Alarm from "../services/Alarm.js"
import { type DatagramSocket, Datagrams, type DatagramsError } from "../services/Datagrams.js"
import { Entropy } from "../services/Entropy.js"
import { Interfaces } from "../services/Interfaces.js"
import * as Time from "../services/Time.js"

export interface DiscoveryOptions {
  /** A STUN server, best the rendezvous server's reflector; its family is the one examined. */
  readonly server: Endpoint.Endpoint
  /** The reflector's other port, as `Welcome.udp` tells it. */
  readonly secondPort?: number
  /** Further STUN servers, which make sure of the mapping. */
  readonly others?: ReadonlyArray<Endpoint.Endpoint>
}

/**
 * Examines what the NATs and firewalls of this network do to UDP, on two sockets of its own, in at most 10 s. Blocked
 * UDP is a finding; the effect fails only when this machine has no UDP of that family.
 */
export const discover = (
  options: DiscoveryOptions
): Effect.Effect<NatReport, DatagramsError, Datagrams | Entropy | Interfaces> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const entropy = yield* Entropy
    const addresses = yield* (yield* Interfaces).addresses
    const { family } = options.server
    const finished = yield* Deferred.make<NatReport>()
    const running: { machine?: NatDiscovery } = {}
    const sockets: Partial<Record<Socket, DatagramSocket>> = {}

    const drain = (machine: NatDiscovery): void => {
      const now = time.monotonic()
      for (let next = machine.pollTransmit(now); next !== undefined; next = machine.pollTransmit(now)) {
        sockets[next.socket]?.send(next.to, next.data)
      }
      const report = machine.pollReport()
      if (report !== undefined) Deferred.unsafeDone(finished, Effect.succeed(report))
      alarm.set(machine.pollTimeout())
    }
    const alarm = yield* Alarm.make((now) => {
      running.machine?.handleTimeout(now)
      if (running.machine !== undefined) drain(running.machine)
    })
    const bind = Effect.fnUntraced(function* (socket: Socket) {
      const datagrams = yield* Datagrams
      const bound = yield* datagrams.bind({
        family,
        port: 0,
        onDatagram: (from, data) => {
          running.machine?.handleDatagram(socket, from, data, time.monotonic())
          if (running.machine !== undefined) drain(running.machine)
        }
      })
      sockets[socket] = bound
      return addresses.flatMap(({ address }) => Endpoint.make(address, bound.local.port) ?? [])
    })

    const local = { first: yield* bind("first"), second: yield* bind("second") }
    running.machine = new NatDiscovery({ ...options, local, random: entropy.bytes }, time.monotonic())
    drain(running.machine)
    return yield* Deferred.await(finished)
  }).pipe(Effect.scoped)

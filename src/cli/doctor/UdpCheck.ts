import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { keyOf, type Patience, same, Transaction } from "../../core/nat/Transaction.js"
import type * as Endpoint from "../../domain/Endpoint.js"
import * as Stun from "../../protocol/Stun.js"
import * as Alarm from "../../services/Alarm.js"
import { type DatagramSocket, Datagrams } from "../../services/Datagrams.js"
import { Entropy } from "../../services/Entropy.js"
import * as Time from "../../services/Time.js"

export interface UdpAnswer {
  readonly endpoint: Endpoint.Endpoint
  readonly reachable: boolean
  /** In ms, of a request that did not have to be repeated. */
  readonly rttMs: number | undefined
}

/**
 * Asks STUN servers for any answer at all, at the same time, in at most 5 s. The answers stand in the order of
 * `endpoints`.
 */
export const check = (
  endpoints: ReadonlyArray<Endpoint.Endpoint>
): Effect.Effect<ReadonlyArray<UdpAnswer>, never, Datagrams | Entropy> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const { bytes: random } = yield* Entropy
    const finished = yield* Deferred.make<void>()
    const sockets = { ipv4: yield* bind("ipv4", receive), ipv6: yield* bind("ipv6", receive) }
    const begun = time.monotonic()
    const probes = endpoints
      .filter(({ family }) => sockets[family] !== undefined)
      .map((endpoint) => ({
        transaction: new Transaction({ server: endpoint, patience: PATIENCE, random }, begun),
        answered: false,
        rttMs: undefined as number | undefined
      }))

    function receive(from: Endpoint.Endpoint, data: Uint8Array) {
      const message = Stun.decode(data)
      if (message === undefined || (message.class !== "success" && message.class !== "error")) return
      const probe = probes.find(({ transaction }) => transaction.pending && transaction.key === keyOf(message))
      if (probe === undefined || !same(from, probe.transaction.server)) return
      probe.answered = true
      probe.rttMs = probe.transaction.finish(time.monotonic())
      drive()
    }

    function drive() {
      const now = time.monotonic()
      let next: number | undefined
      for (const { transaction } of probes) {
        transaction.expire(now)
        const request = transaction.poll(now)
        if (request !== undefined) sockets[transaction.server.family]?.send(transaction.server, request)
        const at = transaction.timeout()
        if (at !== undefined && (next === undefined || at < next)) next = at
      }
      alarm.set(next)
      if (next === undefined) Deferred.unsafeDone(finished, Effect.void)
    }

    const alarm = yield* Alarm.make(drive)
    drive()
    yield* Deferred.await(finished)
    return endpoints.map((endpoint) => {
      const probe = probes.find(({ transaction }) => same(transaction.server, endpoint))
      return { endpoint, reachable: probe?.answered ?? false, rttMs: probe?.rttMs }
    })
  }).pipe(Effect.scoped)

/**
 * As patient as the examination of the NAT, which runs at the same time: requests at 0, 0.5, 1.5 and 3.5 s, given up at
 * 5 s.
 */
const PATIENCE: Patience = { sends: 4, lastWaitMs: 1_500 }

const bind = (
  family: Endpoint.Family,
  onDatagram: (from: Endpoint.Endpoint, data: Uint8Array) => void
): Effect.Effect<DatagramSocket | undefined, never, Datagrams | Scope.Scope> =>
  Effect.flatMap(Datagrams, (datagrams) => datagrams.bind({ family, port: 0, onDatagram })).pipe(
    Effect.orElseSucceed(() => undefined)
  )

import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { keyOf, type Patience, same, Transaction } from "../../core/nat/Transaction.js"
import type * as Endpoint from "../../domain/Endpoint.js"
import { MAX_DATAGRAM } from "../../protocol/DataPacket.js"
import * as Stun from "../../protocol/Stun.js"
import * as Alarm from "../../services/Alarm.js"
import { type DatagramSocket, Datagrams } from "../../services/Datagrams.js"
import { Entropy } from "../../services/Entropy.js"
import * as Time from "../../services/Time.js"

export interface UdpAnswer {
  readonly endpoint: Endpoint.Endpoint
  readonly reachable: boolean
  /** Whether somebody said no: nothing listens there, or a firewall lets nothing through and says so. */
  readonly refused: boolean
  /** Whether a request of 1200 bytes got there, as a packet of a conversation may have; where that was asked. */
  readonly large: boolean | undefined
  /** In ms, of a request that did not have to be repeated. */
  readonly rttMs: number | undefined
}

/**
 * Asks STUN servers for any answer at all, at the same time, in at most 5 s; the first of each family of `large` with a
 * large request as well. The answers stand in the order of `endpoints`.
 */
export const check = (
  endpoints: ReadonlyArray<Endpoint.Endpoint>,
  large: ReadonlyArray<Endpoint.Endpoint> = []
): Effect.Effect<ReadonlyArray<UdpAnswer>, never, Datagrams | Entropy> =>
  Effect.gen(function* () {
    const time = yield* Time.make
    const { bytes: random } = yield* Entropy
    const datagrams = yield* Datagrams
    const finished = yield* Deferred.make<void>()
    const firsts = large.filter((one, at) => large.findIndex(({ family }) => family === one.family) === at)

    const ask = (server: Endpoint.Endpoint, filler: number) =>
      Effect.gen(function* () {
        const transaction = new Transaction({ server, filler, patience: PATIENCE, random }, time.monotonic())
        const probe: Probe = { transaction, socket: undefined, answered: false, refused: false, rttMs: undefined }
        probe.socket = yield* datagrams
          .bind({
            family: server.family,
            port: 0,
            only: server,
            onRefused: () => {
              probe.refused = true
            },
            onDatagram: (from, data) => {
              const message = Stun.decode(data)
              if (message === undefined || (message.class !== "success" && message.class !== "error")) return
              if (!transaction.pending || transaction.key !== keyOf(message) || !same(from, server)) return
              probe.answered = true
              probe.rttMs = transaction.finish(time.monotonic())
              drive()
            }
          })
          .pipe(Effect.orElseSucceed(() => undefined))
        return probe
      })
    const small = yield* Effect.forEach(endpoints, (endpoint) => ask(endpoint, 0))
    const full = yield* Effect.forEach(firsts, (endpoint) => ask(endpoint, FILLER))
    const probes = [...small, ...full].filter(({ socket }) => socket !== undefined)

    function drive() {
      const now = time.monotonic()
      let next: number | undefined
      for (const { socket, transaction } of probes) {
        transaction.expire(now)
        const request = transaction.poll(now)
        if (request !== undefined) socket?.send(transaction.server, request)
        const at = transaction.timeout()
        if (at !== undefined && (next === undefined || at < next)) next = at
      }
      alarm.set(next)
      if (next === undefined) Deferred.unsafeDone(finished, Effect.void)
    }

    const alarm = yield* Alarm.make(drive)
    drive()
    yield* Deferred.await(finished)
    return small.map(({ answered, refused, rttMs, transaction: { server } }) => ({
      endpoint: server,
      reachable: answered,
      refused: refused && !answered,
      large: answered ? full.find(({ transaction }) => same(transaction.server, server))?.answered : undefined,
      rttMs
    }))
  }).pipe(Effect.scoped)

interface Probe {
  readonly transaction: Transaction
  /** None where this machine has not the family. */
  socket: DatagramSocket | undefined
  answered: boolean
  refused: boolean
  rttMs: number | undefined
}

/**
 * As patient as the examination of the NAT, which runs at the same time: requests at 0, 0.5, 1.5 and 3.5 s, given up at
 * 5 s.
 */
const PATIENCE: Patience = { sends: 4, lastWaitMs: 1_500 }

/** Bytes that a request has to have besides its own 40, to be as large as a packet of a conversation. */
const FILLER = MAX_DATAGRAM - 40

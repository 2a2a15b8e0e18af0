import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { collect, numbers, sink } from "../../../scenarios/support/Programs.js"
import { Dialer } from "../../../src/services/Dialer.js"
import type { Fault, FaultKind } from "../../../src/sim/faults/Fault.js"
import { run } from "../../../src/sim/Run.js"
import type { Services } from "../../../src/sim/Services.js"
import { Sim, type SimHost } from "../../../src/sim/Sim.js"
import type { WorldOptions } from "../../../src/sim/World.js"

/** Runs a scenario to its value; anything else is a mistake of the test. */
export const value = async <A, E>(
  without: ReadonlyArray<FaultKind>,
  scenario: Effect.Effect<A, E, Sim>,
  options: Partial<WorldOptions> = {}
): Promise<A> => {
  const { exit } = await run({ seed: 11, link: STILL, ...options, without: new Set(without) }, scenario)
  if (Exit.isFailure(exit)) throw Cause.squash(exit.cause)
  return exit.value
}

/** One millisecond, and nothing else ever happens. */
export const STILL = { latencyMs: 1, jitterMs: 0 } as const

/** A datagram that arrived. */
export interface Arrival {
  readonly n: number
  /** Virtual ms. */
  readonly at: number
  readonly intact: boolean
  readonly size: number
}

/** What `b` gets of 500 numbered datagrams that `a` sends, one each 10 ms (or as `everyMs` says). */
export const flow = (
  without: ReadonlyArray<FaultKind>,
  during: (world: {
    readonly a: SimHost
    readonly b: SimHost
    readonly sim: typeof Sim.Service
  }) => Effect.Effect<unknown>,
  everyMs = 10
): Promise<ReadonlyArray<Arrival>> =>
  value(
    without,
    Effect.gen(function* () {
      const sim = yield* Sim
      const got: Array<Arrival> = []
      const b = yield* sim.host(
        "b",
        { ipv4: "203.0.113.2" },
        collect((data) =>
          got.push({
            n: (data[0] ?? 0) + (data[1] ?? 0) * 256,
            at: sim.now(),
            intact: data.length === 100 && data.subarray(2).every((byte) => byte === 7) && data[1]! < 2,
            size: data.length
          })
        )
      )
      const a = yield* sim.host("a", { ipv4: "203.0.113.1" }, numbers("203.0.113.2", 500, everyMs))
      yield* during({ a, b, sim })
      yield* Effect.sleep("2 minutes")
      return got
    })
  )

/** The flow under one fault from its beginning. */
export const under = (without: ReadonlyArray<FaultKind>, fault: Fault, everyMs?: number) =>
  flow(without, ({ sim }) => sim.begin(fault), everyMs)

/** The flow under one fault from 1 s to 3 s. */
export const between = (without: ReadonlyArray<FaultKind>, fault: Fault, everyMs?: number) =>
  flow(
    without,
    ({ sim }) =>
      Effect.gen(function* () {
        yield* Effect.sleep("1 second")
        const end = yield* sim.begin(fault)
        yield* Effect.sleep("2 seconds")
        yield* end
      }),
    everyMs
  )

export const inversions = (got: ReadonlyArray<Arrival>): number =>
  got.filter((each, i) => i > 0 && each.n < got[i - 1]!.n).length

/** How many in a row are missing, on average. */
export const meanGap = (got: ReadonlyArray<Arrival>): number => {
  const seen = new Set(got.map(({ n }) => n))
  let gaps = 0
  let missing = 0
  for (let n = 0; n < 500; n++) {
    if (seen.has(n)) continue
    missing++
    if (n === 0 || seen.has(n - 1)) gaps++
  }
  return gaps === 0 ? 0 : missing / gaps
}

/** Latest delays beyond what a still link takes. */
export const delays = (got: ReadonlyArray<Arrival>): ReadonlyArray<number> => got.map(({ n, at }) => at - n * 10 - 1)

/**
 * What a server gets of a stream of 20,000 bytes that a client sends it in pieces of 200, one each 10 ms, and how it
 * ends.
 */
export const stream = (
  without: ReadonlyArray<FaultKind>,
  during: (sim: typeof Sim.Service) => Effect.Effect<unknown>
): Promise<{
  readonly chunks: ReadonlyArray<number>
  readonly ok: boolean
  readonly ends: ReadonlyArray<string>
  readonly at: number
}> =>
  value(
    without,
    Effect.gen(function* () {
      const sim = yield* Sim
      const bytes: Array<number> = []
      const chunks: Array<number> = []
      const ends: Array<string> = []
      let at = 0
      yield* sim.host(
        "server",
        { ipv4: "203.0.113.2" },
        sink(
          (data) => {
            bytes.push(...data)
            chunks.push(data.length)
            at = sim.now()
          },
          (reason) => ends.push(reason)
        )
      )
      yield* during(sim)
      yield* sim.host("client", { mayFail: true }, pour("server"))
      yield* Effect.sleep("10 minutes")
      return { chunks, ok: bytes.length === 20_000 && bytes.every((byte, i) => byte === (i >> 3) % 251), ends, at }
    })
  )

const pour = (host: string): Effect.Effect<void, unknown, Services> =>
  Effect.gen(function* () {
    const dialer = yield* Dialer
    const connection = yield* dialer.dial({ host, port: 80, timeoutMs: 60_000 }, () => ({
      onData: () => {},
      onClose: () => {}
    }))
    for (let n = 0; n < 100; n++) {
      connection.send(Uint8Array.from({ length: 200 }, (_, i) => ((n * 200 + i) >> 3) % 251))
      yield* Effect.sleep("10 millis")
    }
    yield* Effect.sleep("5 minutes")
    connection.end()
    yield* Effect.sleep("1 minute")
  }).pipe(Effect.scoped)

import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
import { sink } from "../../../scenarios/support/Programs.js"
import { Dialer } from "../../../src/services/Dialer.js"
import { Interfaces } from "../../../src/services/Interfaces.js"
import { Store } from "../../../src/services/Store.js"
import type { Fault, FaultKind } from "../../../src/sim/faults/Fault.js"
import type { Services } from "../../../src/sim/Services.js"
import { Sim } from "../../../src/sim/Sim.js"
import { faultShows } from "./FaultShows.js"
import { between, flow, value } from "./Flow.js"

type Without = ReadonlyArray<FaultKind>

describe("faults of machines", () => {
  faultShows("crash", async (without: Without) => {
    const got = await between(without, { kind: "crash", host: "b" })
    return got.length === 300 && got.every(({ at }) => at <= 1001 || at >= 3001)
  })
  faultShows("kill", async (without: Without) => {
    const got = await between(without, { kind: "kill", host: "b" })
    return got.length === 300
  })
  faultShows("pause", async (without: Without) => {
    const got = await between(without, { kind: "pause", host: "b" })
    return got.length === 500 && got.filter(({ at }) => at === 3000).length === 200
  })
  faultShows("receive-buffer", async (without: Without) => {
    const got = await flow(without, ({ sim }) =>
      Effect.gen(function* () {
        yield* Effect.sleep("1 second")
        yield* sim.begin({ kind: "receive-buffer", host: "b", bytes: 2560 })
        yield* sim.begin({ kind: "pause", host: "b" })
        yield* Effect.sleep("10 seconds")
        yield* sim.quiesce
      })
    )
    return got.length === 110
  })
  faultShows("offline", async (without: Without) => {
    const got = await between(without, { kind: "offline", host: "b" })
    return got.length === 300
  })
  faultShows("address-change", async (without: Without) => {
    const got = await between(without, { kind: "address-change", host: "b" })
    return got.length === 100
  })
  faultShows("clock-jump", async (without: Without) => {
    const [wall, slept] = await observed(without, { kind: "clock-jump", host: "m", ms: -7000 }, (during) =>
      Effect.gen(function* () {
        const before = yield* Clock.currentTimeMillis
        const monotonic = yield* Clock.currentTimeNanos
        yield* during
        const after = yield* Clock.currentTimeNanos
        return [(yield* Clock.currentTimeMillis) - before, Number(after - monotonic)] as const
      })
    )
    return wall === -6000 && slept === 1e9
  })
  faultShows("clock-drift", async (without: Without) => {
    let now = () => 0
    const passed = await observed(
      without,
      { kind: "clock-drift", host: "m", ppm: 100_000 },
      (during) =>
        Effect.gen(function* () {
          yield* during
          const before = now()
          yield* Effect.sleep("1100 millis")
          return now() - before
        }),
      (sim) => {
        now = sim.now
      }
    )
    return passed === 1000
  })
  faultShows("resolver-down", async (without: Without) => {
    const reason = await observed(without, { kind: "resolver-down", host: "m" }, (during) =>
      Effect.zipRight(during, dial("elsewhere"))
    )
    return reason === "HostNotFound"
  })
  faultShows(
    "disk-full",
    async (without: Without) => (await written(without, { kind: "disk-full", host: "m" })) === "Full"
  )
  faultShows("disk-read-only", async (without: Without) => {
    return (await written(without, { kind: "disk-read-only", host: "m" })) === "ReadOnly"
  })
  faultShows("disk-slow", async (without: Without) => {
    const took = await observed(without, { kind: "disk-slow", host: "m", ms: 250 }, (during) =>
      Effect.gen(function* () {
        yield* during
        const before = yield* Clock.currentTimeMillis
        yield* (yield* Store).write("a", Uint8Array.of(1))
        return (yield* Clock.currentTimeMillis) - before
      })
    )
    return took === 250
  })
  faultShows("disk-torn", async (without: Without) => {
    const left = new Set<number>()
    for (let seed = 0; seed < 20; seed++) left.add(await afterPowerLoss(without, seed))
    return left.size > 5 && Math.max(...left) <= 100 && Math.min(...left) >= 10
  })

  it("a loss of power takes what was not synced, and a killed process does not", async () => {
    expect(await afterPowerLoss([], 1, [])).toBe(10)
    expect(await afterPowerLoss([], 1, [], "kill")).toBe(100)
  })

  it("a killed process leaves its peers a closed connection, a loss of power leaves them in the dark", async () => {
    expect(await whatThePeerSees("kill")).toBe("ended")
    expect(await whatThePeerSees("crash")).toBe("nothing")
  })

  it("a machine that is offline has no address but its own, and reaches nobody", async () => {
    const seen = await observed([], { kind: "offline", host: "m" }, (during) =>
      Effect.gen(function* () {
        yield* during
        const addresses = yield* (yield* Interfaces).addresses
        return [addresses.every(({ loopback }) => loopback), yield* dial("203.0.113.200")]
      })
    )
    expect(seen).toEqual([true, "Unreachable"])
  })
})

/** Runs a program on machine `m`, which may wait for `during`: the fault is on from the middle of that second. */
const observed = <A>(
  without: Without,
  fault: Fault,
  program: (during: Effect.Effect<void>) => Effect.Effect<A, unknown, Services>,
  begin: (sim: typeof Sim.Service) => void = () => {}
): Promise<A> =>
  value(
    without,
    Effect.gen(function* () {
      const sim = yield* Sim
      let result: A | undefined
      begin(sim)
      yield* sim.host("elsewhere", {}, Effect.never)
      yield* sim.host(
        "m",
        {},
        Effect.tap(program(Effect.sleep("1 second")), (a) => Effect.sync(() => (result = a)))
      )
      yield* Effect.sleep("500 millis")
      yield* sim.begin(fault)
      yield* Effect.sleep("1 minute")
      return result!
    })
  )

const dial = (host: string) =>
  Effect.gen(function* () {
    const outcome = yield* (yield* Dialer)
      .dial({ host, port: 80 }, () => ({ onData() {}, onClose() {} }))
      .pipe(Effect.either)
    return Either.isLeft(outcome) ? outcome.left.reason : "connected"
  }).pipe(Effect.scoped)

const written = (without: Without, fault: Fault) =>
  observed(without, fault, (during) =>
    Effect.gen(function* () {
      yield* during
      const outcome = yield* Effect.either((yield* Store).write("a", Uint8Array.of(1)))
      return Either.isLeft(outcome) ? outcome.left.reason : "written"
    })
  )

/** Bytes that a journal has after 10 were synced, 90 more were appended, and the machine went down and came back. */
const afterPowerLoss = (
  without: Without,
  seed: number,
  faults: ReadonlyArray<Fault> = [{ kind: "disk-torn", host: "m" }],
  how: "crash" | "kill" = "crash"
): Promise<number> =>
  value(
    without,
    Effect.gen(function* () {
      const sim = yield* Sim
      let length = -1
      const program = Effect.gen(function* () {
        const store = yield* Store
        const before = yield* store.read("journal")
        if (Option.isSome(before)) {
          length = before.value.length
          return
        }
        const journal = yield* store.journal("journal")
        journal.append(new Uint8Array(10))
        yield* journal.sync
        journal.append(new Uint8Array(90))
        yield* Effect.never
      }).pipe(Effect.scoped)
      yield* sim.host("m", {}, program)
      for (const fault of faults) yield* sim.begin(fault)
      yield* Effect.sleep("1 second")
      yield* yield* sim.begin({ kind: how, host: "m" })
      yield* Effect.sleep("1 second")
      return length
    }),
    { seed }
  )

const whatThePeerSees = (how: "crash" | "kill"): Promise<string> =>
  value(
    [],
    Effect.gen(function* () {
      const sim = yield* Sim
      let seen = "nothing"
      yield* sim.host(
        "server",
        {},
        sink(() => {})
      )
      const client = Effect.gen(function* () {
        yield* (yield* Dialer).dial({ host: "server", port: 80 }, () => ({
          onData() {},
          onClose: (reason) => {
            seen = reason
          }
        }))
        yield* Effect.never
      }).pipe(Effect.scoped)
      yield* sim.host("client", {}, client)
      yield* Effect.sleep("1 second")
      yield* sim.begin({ kind: how, host: "server" })
      yield* Effect.sleep("1 hour")
      return seen
    })
  )

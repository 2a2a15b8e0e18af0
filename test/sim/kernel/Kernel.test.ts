import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { describe, expect, it } from "vitest"
import { type Report, type RunOptions, run, type Scenario } from "../../../src/sim/Run.js"
import { Sim } from "../../../src/sim/Sim.js"

const simulate = <A, E>(scenario: Scenario<A, E>, options: Partial<RunOptions> = {}) =>
  run({ seed: 1, ...options }, scenario)

const failureOf = (report: Report<unknown, unknown>) =>
  Exit.isFailure(report.exit) ? (Cause.squash(report.exit.cause) as Error & { readonly _tag?: string }) : undefined

describe("time", () => {
  it("passes only when everybody waits, and costs nothing then", async () => {
    const report = await simulate(
      Effect.gen(function* () {
        const before = yield* Clock.currentTimeMillis
        yield* Effect.sleep("365 days")
        return (yield* Clock.currentTimeMillis) - before
      }),
      { maxTime: 1e12 }
    )
    expect(report.exit).toEqual(Exit.succeed(365 * 86_400_000))
  })

  it("wakes equal sleepers in the order in which they lay down", async () => {
    const order: Array<number> = []
    await simulate(
      Effect.forEach([0, 1, 2, 3, 4], (n) => Effect.sleep(5).pipe(Effect.zipRight(Effect.sync(() => order.push(n)))), {
        concurrency: "unbounded"
      })
    )
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it("runs each machine's clock at its own rate and offset, timers included, through changes", async () => {
    const seen: Array<[string, number, number]> = []
    const sleeper = (name: string) =>
      Effect.gen(function* () {
        const sim = yield* Sim
        return Effect.gen(function* () {
          yield* Effect.sleep("1000 seconds")
          seen.push([name, sim.now(), yield* Clock.currentTimeMillis])
        })
      })
    const report = await simulate(
      Effect.gen(function* () {
        const sim = yield* Sim
        yield* sim.host("true", {}, yield* sleeper("true"))
        yield* sim.host("fast", { clock: { driftPpm: 1000, offsetMs: 5000 } }, yield* sleeper("fast"))
        const late = yield* sim.host("late", {}, yield* sleeper("late"))
        yield* Effect.sleep("500 seconds")
        yield* sim.begin({ kind: "clock-drift", host: late.name, ppm: -500_000 })
        yield* sim.begin({ kind: "clock-jump", host: late.name, ms: 7 })
        yield* Effect.sleep("2000 seconds")
      }),
      { epoch: 0 }
    )
    expect(report.exit).toEqual(Exit.void)
    expect(seen).toEqual([
      ["fast", 999_001, 1_005_000],
      ["true", 1_000_000, 1_000_000],
      ["late", 1_500_000, 1_000_007]
    ])
  })
})

describe("failures of a run", () => {
  it("is a deadlock, at once and by name, when everybody waits for ever", async () => {
    const stuck = Effect.withSpan(Effect.flatMap(Deferred.make<void>(), Deferred.await), "waitForNobody")
    const failure = failureOf(await simulate(stuck))
    expect(failure).toMatchObject({ _tag: "Deadlock", at: 0 })
    expect(failure?.message).toMatch(/main#\d+ in waitForNobody/)
    expect(failureOf(await simulate(Effect.never))).toMatchObject({ _tag: "Deadlock" })
  })

  it("is a live lock, by name, when work goes on and time does not", async () => {
    const spin = Effect.withSpan(Effect.forever(Effect.yieldNow()), "spin")
    const failure = failureOf(await simulate(spin, { maxStepsPerInstant: 10_000 }))
    expect(failure).toMatchObject({ _tag: "LiveLock", at: 0 })
    expect(failure?.message).toMatch(/main#\d+ in spin/)
    const timers = Effect.promise(async () => {
      for (;;) await new Promise((resolve) => setImmediate(resolve))
    })
    expect(failureOf(await simulate(timers, { maxStepsPerInstant: 10_000 }))).toMatchObject({ _tag: "LiveLock" })
  })

  it("is a time limit when it does not end", async () => {
    const endless = Effect.forever(Effect.sleep("10 millis"))
    expect(failureOf(await simulate(endless, { maxTime: 1000 }))).toMatchObject({ _tag: "TimeLimit", at: 1_000_000 })
  })

  it("is the failure of a program that nobody expected to fail", async () => {
    const scenario = (mayFail: boolean) =>
      Effect.gen(function* () {
        const sim = yield* Sim
        yield* sim.host("alice", { mayFail }, Effect.fail("no coffee"))
        yield* Effect.sleep("1 second")
      })
    const failure = failureOf(await simulate(scenario(false)))
    expect(failure).toMatchObject({ _tag: "HostFailed", host: "alice" })
    expect(failure?.message).toContain("no coffee")
    expect(failureOf(await simulate(scenario(true)))).toBeUndefined()
  })

  it("gives up when asked to, in the middle of a run", async () => {
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 0)
    const busy = Effect.forever(Effect.sleep(1))
    expect(failureOf(await simulate(busy, { maxTime: 1e12, signal: controller.signal }))).toMatchObject({
      _tag: "Aborted"
    })
  })
})

describe("processes", () => {
  const life = (events: Array<string>) =>
    Effect.gen(function* () {
      events.push("boot")
      yield* Effect.addFinalizer(() => Effect.sync(() => events.push("finalizer")))
      for (;;) {
        yield* Effect.sleep("1 second")
        events.push("tick")
      }
    }).pipe(Effect.scoped)

  it("crash without a finalizer, and start afresh", async () => {
    const events: Array<string> = []
    await simulate(
      Effect.gen(function* () {
        const host = yield* (yield* Sim).host("h", {}, life(events))
        yield* Effect.sleep("1500 millis")
        yield* host.crash
        yield* Effect.sleep("5 seconds")
        yield* host.restart
        yield* Effect.sleep("1500 millis")
      })
    )
    expect(events).toEqual(["boot", "tick", "boot", "tick"])
  })

  it("crash promises, callbacks and default-runtime fibers along with the rest", async () => {
    const events: Array<string> = []
    const program = Effect.promise(async () => {
      void Effect.runPromise(Effect.forever(Effect.sync(() => events.push("fiber")).pipe(Effect.delay(1000))))
      setInterval(() => events.push("interval"), 1000)
      for (;;) {
        await new Promise((resolve) => setTimeout(resolve, 1000))
        events.push("promise")
      }
    })
    await simulate(
      Effect.gen(function* () {
        const host = yield* (yield* Sim).host("h", {}, program)
        yield* Effect.sleep("1500 millis")
        yield* host.crash
        yield* Effect.sleep("5 seconds")
      })
    )
    expect(events.sort()).toEqual(["fiber", "interval", "promise"])
  })

  it("leave no timer behind when they crash", async () => {
    const scenario = Effect.gen(function* () {
      const host = yield* (yield* Sim).host("h", {}, Effect.sleep("1 hour"))
      yield* Effect.sleep("1 second")
      yield* host.crash
      yield* Effect.never
    })
    expect(failureOf(await simulate(scenario))).toMatchObject({ _tag: "Deadlock", at: 1_000_000 })
  })

  it("stop with their finalizers", async () => {
    const events: Array<string> = []
    await simulate(
      Effect.gen(function* () {
        const host = yield* (yield* Sim).host("h", {}, life(events))
        yield* Effect.sleep("1500 millis")
        yield* host.stop
        events.push("stopped")
      })
    )
    expect(events).toEqual(["boot", "tick", "finalizer", "stopped"])
  })

  it("stand still while paused, and go on where they were", async () => {
    const events: Array<string> = []
    await simulate(
      Effect.gen(function* () {
        const host = yield* (yield* Sim).host("h", {}, life(events))
        yield* Effect.sleep("1500 millis")
        yield* host.pause
        yield* Effect.sleep("10 seconds")
        events.push("resume")
        yield* host.resume
        yield* Effect.sleep("500 millis")
      })
    )
    expect(events).toEqual(["boot", "tick", "resume", "tick"])
  })
})

describe("order", () => {
  const racers = Effect.gen(function* () {
    const order: Array<number> = []
    const fibers = yield* Effect.forEach([...Array(8).keys()], (n) => Effect.fork(Effect.sync(() => order.push(n))))
    yield* Fiber.joinAll(fibers)
    return order.join()
  })

  it("is Effect's own with fifo, and any with random", async () => {
    const value = async (options: Partial<RunOptions>) => {
      const { exit } = await simulate(racers, options)
      return Exit.isSuccess(exit) ? exit.value : String(exit)
    }
    expect(await value({ order: "fifo" })).toBe(await Effect.runPromise(racers))
    const orders = new Set<string>()
    for (let seed = 0; seed < 20; seed++) orders.add(await value({ seed, order: "random" }))
    expect(orders.size).toBeGreaterThan(15)
  })
})

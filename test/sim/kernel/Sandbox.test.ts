import { readFile } from "node:fs/promises"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { describe, expect, it } from "vitest"
import { run, type Scenario } from "../../../src/sim/Run.js"
import { Sim } from "../../../src/sim/Sim.js"

const simulate = <A, E>(scenario: Scenario<A, E>) => run({ seed: 1, epoch: 5000 }, scenario)

describe("the sandbox", () => {
  it("reports what reaches for the real world, with the line that does", async () => {
    const { exit } = await simulate(Effect.promise(() => readFile("/etc/hostname")))
    const failure = (Exit.isFailure(exit) ? Cause.squash(exit.cause) : undefined) as Error & {
      readonly resource: string
    }
    expect(failure).toMatchObject({ _tag: "RealIo", resource: "FSREQPROMISE" })
    expect(failure.stack).toContain("Sandbox.test.ts")
  })

  it("lets real work in through `external` while time stands still, in the order of its beginning", async () => {
    const digest = (bytes: number) => () => crypto.subtle.digest("SHA-256", new Uint8Array(bytes))
    const scenario = Effect.gen(function* () {
      const sim = yield* Sim
      const order: Array<number> = []
      const ticker = yield* Effect.fork(Effect.forever(Effect.sleep(1)))
      yield* Effect.forEach(
        [500_000, 10, 200_000, 1],
        (bytes) => sim.external(digest(bytes)).pipe(Effect.zipRight(Effect.sync(() => order.push(bytes)))),
        { concurrency: "unbounded" }
      )
      yield* Effect.sync(() => ticker.unsafeInterruptAsFork(ticker.id()))
      return [order, sim.now()]
    })
    expect((await simulate(scenario)).exit).toEqual(Exit.succeed([[500_000, 10, 200_000, 1], 0]))
  })

  it("may be printed from", async () => {
    const { exit } = await simulate(Effect.sync(() => console.debug("printed by a simulated program")))
    expect(Exit.isSuccess(exit)).toBe(true)
  })

  it("swaps globals for as long as the loop is on the stack, and not a moment longer", async () => {
    const before = [Date, Math.random, setTimeout, performance.now, process.hrtime, crypto.getRandomValues]
    const seen: Array<unknown> = []
    const running = simulate(
      Effect.gen(function* () {
        yield* Effect.sleep("1 day")
        seen.push(Date.now(), new Date().toISOString(), new Date(7).getTime(), typeof Date())
        seen.push(new Date() instanceof Date, performance.now())
      })
    )
    expect([Date, Math.random, setTimeout, performance.now, process.hrtime, crypto.getRandomValues]).toEqual(before)
    await running
    expect([Date, Math.random, setTimeout, performance.now, process.hrtime, crypto.getRandomValues]).toEqual(before)
    expect(Object.hasOwn(performance, "now")).toBe(false)
    expect(seen).toEqual([86_405_000, "1970-01-02T00:00:05.000Z", 7, "string", true, 86_400_000])
    expect(Date.now()).toBeGreaterThan(1.7e12)
  })

  it("leaves room for others: a long run does not hold up the event loop", async () => {
    let turns = 0
    const timer = setInterval(() => turns++, 1)
    const begun = process.cpuUsage()
    const { exit } = await simulate(Effect.forEach([...Array(60_000).keys()], () => Effect.sleep(1), { discard: true }))
    clearInterval(timer)
    // By processor time: the clock runs on while other programs have the processor.
    const { system, user } = process.cpuUsage(begun)
    expect(Exit.isSuccess(exit)).toBe(true)
    expect(turns).toBeGreaterThanOrEqual(Math.floor((system + user) / 250_000))
  })
})

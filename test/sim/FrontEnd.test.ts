import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { afterEach, describe, expect, it } from "vitest"
import { collect, echo, numbers } from "../../scenarios/support/Programs.js"
import type { Fault } from "../../src/sim/faults/Fault.js"
import type { Plan } from "../../src/sim/faults/Plan.js"
import { Nat, run, type Scenario, Sim, type SimHost, sweep } from "../../src/sim/index.js"
import * as Replay from "../../src/sim/Replay.js"
import { check } from "../../src/sim/SimTest.js"
import { simTest } from "../../src/sim/vitest.js"
import { read } from "./record/PcapReader.js"

/** A receiver that must get every datagram: wrong to demand of UDP, and the seed will show it. */
const fragile = Effect.gen(function* () {
  const sim = yield* Sim
  let got = 0
  yield* sim.host(
    "b",
    { ipv4: "203.0.113.2" },
    collect(() => got++)
  )
  yield* sim.host("a", {}, numbers("203.0.113.2", 100, 100))
  yield* sim.swarm({ withinMs: 12_000, hosts: ["a", "b"] })
  yield* Effect.sleep("30 seconds")
  if (got < 100) return yield* Effect.fail(`only ${got} of 100`)
})

describe("a sweep", () => {
  it("finds a failing seed, leaves out the faults that it does not take, and tells all of it", async () => {
    const { failure, runs } = await sweep({ seeds: 50 }, fragile)
    expect(failure).toBeDefined()
    expect(runs).toBeLessThan(10)
    expect(failure!.faults).toHaveLength(1)
    expect(failure!.message).toMatch(
      /^seed \d+ failed after 30\.\d+ virtual s \(trace [0-9a-f]{16}, (fifo|random) order\)/
    )
    expect(failure!.message).toMatch(/faults needed, 1 of \d+:\n {2}#\d+ /)
    expect(failure!.message).toContain("of 100")
    // The one fault is enough, and without it nothing fails.
    const options = { seed: failure!.seed, order: failure!.seed % 2 === 0 ? "fifo" : "random" } as const
    expect(Exit.isFailure((await run({ ...options, keep: new Set(failure!.faults) }, fragile)).exit)).toBe(true)
    expect(Exit.isSuccess((await run({ ...options, keep: new Set() }, fragile)).exit)).toBe(true)
  })

  it("notices what is not decided by the seed", async () => {
    let runs = 0
    const leaky = Effect.gen(function* () {
      yield* Effect.sleep(++runs)
    })
    const { failure } = await sweep({ seeds: 2 }, leaky)
    expect(failure?.message).toContain("seed 1 is not deterministic")
  })

  it("repeats as many seeds as it is told", async () => {
    for (const [twice, expected] of [
      [0, 7],
      [1, 14],
      [3, 10],
      [undefined, 8]
    ] as const) {
      let runs = 0
      const count = Effect.sync(() => runs++)
      await sweep({ seeds: 7, ...(twice !== undefined && { twice }) }, count)
      expect(runs).toBe(expected)
    }
  })
})

describe("check", () => {
  const folder = mkdtempSync(join(tmpdir(), "parley-sim-"))
  const here = process.cwd()
  afterEach(() => {
    delete process.env.PARLEY_SIM_SEED
    delete process.env.PARLEY_SIM_FAULTS
    process.chdir(here)
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 })
  })

  const failureOf = (scenario: Scenario<unknown, unknown>) =>
    check("all arrive", { seeds: 50 }, scenario).then(
      () => undefined,
      (error: Error) => error.message
    )

  it("gives the one command that shows the failure again, with its packets in two files", async () => {
    const message = (await failureOf(fragile))!
    const [, seed, faults] =
      /replay: PARLEY_SIM_SEED=(\d+) PARLEY_SIM_FAULTS=(\d+) npx vitest run -t "all arrive"/.exec(message)!
    const hash = /trace ([0-9a-f]{16})/.exec(message)![1]!
    process.chdir(folder)
    process.env.PARLEY_SIM_SEED = seed
    process.env.PARLEY_SIM_FAULTS = faults
    const again = (await failureOf(fragile))!
    expect(again).toContain(`seed ${seed} failed`)
    expect(again).toContain(`trace ${hash}`)
    const path = join(folder, ".sim", `all-arrive-${seed}`)
    expect(readFileSync(`${path}.log`, "utf8")).toMatch(
      /a -> b {2}udp 203\.0\.113\.1:1000 > 203\.0\.113\.2:7 100 B {2}arrived/
    )
    expect(read(readFileSync(`${path}.pcap`)).length).toBeGreaterThan(0)
  })

  it("reads what it writes", () => {
    const parse = (text: string) =>
      Replay.fromEnvironment(Object.fromEntries(text.split(" ").map((each) => each.split("="))))
    expect(parse(Replay.toEnvironment(24, undefined))).toEqual({ seed: 24, keep: undefined })
    expect(parse(Replay.toEnvironment(24, []))).toEqual({ seed: 24, keep: new Set() })
    expect(parse(Replay.toEnvironment(24, [1, 5]))).toEqual({ seed: 24, keep: new Set([1, 5]) })
    expect(Replay.fromEnvironment({ PARLEY_SIM_SEED: "x" })).toBeUndefined()
  })
})

describe("a scenario", () => {
  const pinging = (got: Array<number>) => (sim: typeof Sim.Service) =>
    Effect.gen(function* () {
      yield* sim.host(
        "b",
        { ipv4: "203.0.113.2" },
        collect(() => got.push(sim.now()))
      )
      return yield* sim.host("a", { ipv4: "203.0.113.1" }, numbers("203.0.113.2", 100, 100))
    })
  const ping = (body: (sim: typeof Sim.Service, a: SimHost) => Effect.Effect<unknown, unknown, never>) => {
    const got: Array<number> = []
    const scenario = Effect.gen(function* () {
      const sim = yield* Sim
      const a = yield* pinging(got)(sim)
      yield* body(sim, a)
      yield* Effect.sleep("20 seconds")
      return got
    })
    return run({ seed: 1, link: { latencyMs: 1, jitterMs: 0 } }, scenario).then(({ exit }) =>
      Exit.isSuccess(exit) ? exit.value : String(exit)
    )
  }

  it("heals a fault when its scope closes", async () => {
    const cut: Fault = { kind: "partition", from: "a", to: "b" }
    const got = await ping((sim) =>
      Effect.scoped(Effect.zipRight(sim.fault(cut), Effect.sleep("5 seconds"))).pipe(Effect.delay("1 second"))
    )
    expect(got).toHaveLength(50)
    expect(got[10]).toBe(6001)
  })

  it("follows a plan, and begins nothing any more once quiet", async () => {
    const plan: Plan = [
      { id: 0, atMs: 1000, forMs: 2000, fault: { kind: "block", from: "a" } },
      { id: 1, atMs: 4000, forMs: 60_000, fault: { kind: "block", from: "a" } },
      { id: 2, atMs: 6000, forMs: 60_000, fault: { kind: "block", from: "a" } }
    ]
    const got = await ping((sim) =>
      Effect.zipRight(sim.follow(plan), Effect.zipRight(Effect.sleep("5 seconds"), sim.quiesce))
    )
    expect(got).toHaveLength(70)
  })

  it("asks its rules about each packet, as long as they are in force", async () => {
    const got = await ping((sim) =>
      Effect.scoped(
        Effect.gen(function* () {
          yield* sim.rule(({ data }) => (data[0]! % 2 === 0 ? "drop" : "pass"))
          yield* sim.rule(({ data }) => (data[0] === 1 ? { delayMs: 30_000, copies: 1 } : "pass"))
          yield* Effect.sleep("5 seconds")
        })
      )
    )
    expect(got).toHaveLength(74)
    const late = await ping((sim) =>
      Effect.scoped(
        Effect.zipRight(
          sim.rule(() => ({ copies: 2 })),
          Effect.sleep("550 millis")
        )
      )
    )
    expect(late).toHaveLength(100 + 6 * 2)
  })

  it("fails at once when what must always hold does not, and in time when what must come does not", async () => {
    let seen = 0
    const invariant = await ping((sim) =>
      Effect.scoped(
        Effect.zipRight(
          sim.always("fewer than five", () => ++seen < 5 || `there are ${seen}`),
          Effect.sleep("1 minute")
        )
      )
    )
    expect(invariant).toContain("fewer than five does not hold: there are 5")
    let tries = 0
    const liveness = await ping((sim) => sim.eventually("ten looks", () => ++tries > 10, "1 minute"))
    expect(liveness).toHaveLength(100)
    const never = await ping((sim) => sim.eventually("the impossible", () => false, "7 seconds"))
    expect(never).toContain("the impossible did not come about within 7s")
  })
})

simTest("a generator runs as a test under many seeds", { seeds: 4, link: { loss: 0.3 } }, function* () {
  const sim = yield* Sim
  const server = yield* sim.host("echo", {}, echo)
  let got = 0
  yield* sim.host("home", { nat: Nat.symmetric }, numbers(server.address(), 50, 10))
  yield* sim.rule(() => {
    got++
    return "pass"
  })
  yield* sim.eventually("some get through", () => got > 20, "1 minute")
})

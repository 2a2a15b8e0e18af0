import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { SimulateSettings } from "../../src/cli/commands/Simulate.js"
import { ProgramError } from "../../src/cli/ProgramError.js"
import * as Program from "../../src/cli/simulate/Program.js"
import { Progress } from "../../src/cli/simulate/Progress.js"
import * as SeedRange from "../../src/cli/simulate/SeedRange.js"
import * as MemoryTerminal from "../../src/layers/memory/Terminal.js"
import type { Failure } from "../../src/protocol/Simulation.js"
import { type Runner, Simulator, SimulatorError } from "../../src/services/Simulator.js"
import { Terminal } from "../../src/services/Terminal.js"

const failureOf = (seed: number, faults?: ReadonlyArray<number>): Failure => ({
  seed,
  faults,
  message: `seed ${seed} failed`
})

/** Runs the program with processes that do as `sweep` says. Gives what a person sees. */
const simulate = (
  settings: Partial<SimulateSettings>,
  sweep: Runner["sweep"],
  replay: Runner["replay"] = () => Effect.die("not asked for")
) =>
  Effect.gen(function* () {
    const memory = yield* MemoryTerminal.make()
    const simulator: Simulator["Type"] = {
      parallelism: 4,
      prepare: () => Effect.succeed(Effect.succeed({ sweep, replay }))
    }
    const all = {
      file: "bot.ts",
      seeds: { first: 1, last: 1_000 },
      faults: undefined,
      jobs: undefined,
      patience: 60,
      ...settings
    }
    const exit = yield* Program.run(all).pipe(
      Effect.provideService(Simulator, simulator),
      Effect.provideService(Terminal, memory.terminal),
      Effect.either
    )
    return { output: memory.output(), error: Either.isLeft(exit) ? exit.left : undefined }
  })

describe("a sweep", () => {
  it.live("runs every seed once, whatever the number of processes", () =>
    Effect.gen(function* () {
      const seen: Array<number> = []
      const { error, output } = yield* simulate({ seeds: { first: 7, last: 333 }, jobs: 3 }, (first, count, onRuns) =>
        Effect.sync(() => {
          for (let seed = first; seed < first + count; seed++) seen.push(seed)
          onRuns(count, 1_000 * count)
          return undefined
        })
      )
      expect(error).toBeUndefined()
      expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 327 }, (_, i) => i + 7))
      expect(output).toMatch(/^327 seeds, 5 min 27 s of virtual time in [\d.]+ s: \d+ seeds a minute\n$/)
    })
  )

  it.live("tells of the lowest failing seed, though a higher one fails first, and leaves the rest alone", () =>
    Effect.gen(function* () {
      const later = Deferred.unsafeMake<void>(undefined as never)
      const begun: Array<number> = []
      const { error, output } = yield* simulate({ jobs: 3 }, (first) =>
        Effect.gen(function* () {
          begun.push(first)
          if (first === 51) {
            yield* Deferred.succeed(later, undefined)
            return failureOf(60)
          }
          // One that would never end, and can only come too late.
          if (first === 101) return yield* Effect.never
          yield* Deferred.await(later)
          yield* Effect.yieldNow()
          return failureOf(17, [3, 7])
        })
      )
      expect(error).toEqual(new ProgramError({ message: "seed 17 failed" }))
      expect(output).toContain("seed 17 failed\nreplay: parley simulate bot.ts --seeds 17 --faults 3,7\n")
      expect(begun.sort((a, b) => a - b)).toEqual([1, 51, 101])
    })
  )

  it.live("ends when a process cannot go on", () =>
    Effect.gen(function* () {
      const { error } = yield* simulate({}, () => new SimulatorError({ message: "a process died" }))
      expect(error).toEqual(new ProgramError({ message: "a process died" }))
    })
  )
})

describe("a single seed", () => {
  it.live.each([
    [undefined, /^seed 5 passes: 1\.500 virtual s\nall packets: \.sim\/bot-5\.log/],
    ["it broke\nhere", /^it broke\nhere\nthe last packets:\n {2}a packet\nall packets/]
  ] as const)("is replayed and tells where its packets are", ([failure, expected]) =>
    Effect.gen(function* () {
      const { error, output } = yield* simulate(
        { seeds: { first: 5, last: 5 }, faults: [2] },
        () => Effect.die("not asked for"),
        (seed, faults) => {
          expect([seed, faults]).toEqual([5, [2]])
          return Effect.succeed({ failure, virtualMs: 1_500, log: ["a packet"], path: ".sim/bot-5" })
        }
      )
      expect(output).toMatch(expected)
      expect(error === undefined).toBe(failure === undefined)
    })
  )
})

describe("seeds and faults", () => {
  it.each([
    ["24", { first: 24, last: 24 }],
    ["1..100000", { first: 1, last: 100_000 }],
    ["0..4294967295", { first: 0, last: 4_294_967_295 }]
  ])("reads %s", (text, range) => {
    expect(SeedRange.parse(text)).toEqual(Either.right(range))
  })

  it.each(["", "x", "-1", "1..", "2..1", "1...2", "4294967296", "1..99999999999"])("refuses %j", (text) => {
    expect(Either.isLeft(SeedRange.parse(text))).toBe(true)
  })

  it("writes faults as it reads them", () => {
    expect(SeedRange.format(3, undefined)).toBe("--seeds 3")
    expect(SeedRange.format(3, [])).toBe("--seeds 3 --faults none")
    expect(SeedRange.parseFaults("none")).toEqual(Either.right([]))
    expect(SeedRange.parseFaults("3,7")).toEqual(Either.right([3, 7]))
    for (const text of ["", "3,", "a", "-1"]) expect(Either.isLeft(SeedRange.parseFaults(text))).toBe(true)
  })
})

describe("progress", () => {
  it("fits the terminal and tells the pace", () => {
    const progress = new Progress(1_000, 0)
    progress.add(250, 600_000)
    expect(progress.text(60_000)).toBe("250 of 1000 seeds, 250 a minute, 10 times real time, 3 min 0 s to go")
    for (const columns of [0, 20, 80, 120, 300]) {
      const bar = progress.bar(60_000, columns)
      expect(bar.length).toBeLessThanOrEqual(Math.max(columns, progress.text(60_000).length + 1))
      if (columns >= 120) expect(bar).toMatch(/^█{7}░{23} 250 of/)
    }
    progress.add(750, 0)
    expect(progress.bar(60_000, 120)).toMatch(/^█{30} 1000 of 1000 seeds, [^g]*$/)
  })
})

import { describe, expect, it } from "vitest"
import * as Callbacks from "../../../scenarios/client/Callbacks.js"
import * as Program from "../../../scenarios/client/Program.js"
import { type Script, write, writeTown } from "../../../scenarios/client/Script.js"
import { PacketTrace } from "../../../scenarios/core/PacketTrace.js"
import { some } from "../../../scenarios/product/Seeds.js"

/** `PARLEY_SIM_FIRST=17` begins with another seed; a failure prints how to see it again. */
const { firstSeed, seeds, timeoutMs } = some(200)

describe("clients' machines and a server as callbacks on the kernel", () => {
  it("keep the laws on a bad network, while the server comes and goes", { timeout: timeoutMs }, async () => {
    const sum = await play(write)
    // What was seen was worth it.
    expect(sum.mutual).toBeGreaterThanOrEqual(2 * seeds)
    expect(sum.delivered).toBeGreaterThanOrEqual(4 * seeds)
    expect(sum.accepted).toBeGreaterThanOrEqual(sum.delivered)
  })

  it("keep the laws in a town where whatever can fail does", { timeout: timeoutMs }, async () => {
    const sum = await play(writeTown)
    expect(sum.mutual).toBeGreaterThanOrEqual(4 * seeds)
    expect(sum.delivered).toBeGreaterThanOrEqual(20 * seeds)
  })

  it("play what programs play on machines", { timeout: timeoutMs }, async () => {
    for (const seed of [1, 2, 3]) {
      const { exit } = await Program.play(write(seed))
      expect(exit, `seed ${seed}`).toMatchObject({ _tag: "Success" })
    }
  })

  it("follow from the seed", () => {
    for (const script of [write, writeTown]) {
      const [first, again, other] = [1, 1, 2].map((seed) => {
        const trace = new PacketTrace()
        Callbacks.play(script(seed), trace.watch)
        return trace.lines
      })
      expect(again).toEqual(first)
      expect(other).not.toEqual(first)
    }
  })
})

/** Plays each seed. Gives what came of all of them. */
const play = async (script: (seed: number) => Script) => {
  const sum = { accepted: 0, delivered: 0, mutual: 0 }
  for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
    const { stats } = Callbacks.play(script(seed)).ledger
    sum.accepted += stats.accepted
    sum.delivered += stats.delivered
    sum.mutual += stats.mutual
    // A worker that is silent for a minute is taken for dead.
    await new Promise((resume) => setImmediate(resume))
  }
  return sum
}

import { describe, expect, it } from "vitest"
import * as Callbacks from "../../../scenarios/core/Callbacks.js"
import { PacketTrace } from "../../../scenarios/core/PacketTrace.js"
import * as Program from "../../../scenarios/core/Program.js"
import { write } from "../../../scenarios/core/Script.js"
import { problem } from "../../../scenarios/core/Verdict.js"
import { some } from "../../../scenarios/product/Seeds.js"

const { seeds, firstSeed, timeoutMs } = some(50)
/** Cheaper by two thirds, as nothing is compared. */
const alone = some(150)

describe("the core alone", () => {
  it("sends the same packets as callbacks on the kernel and as programs", { timeout: timeoutMs }, async () => {
    const fates = new Map<string, number>()
    const sizes = new Set<number>()
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const script = write(seed)
      const [bare, full] = [new PacketTrace(), new PacketTrace()]
      const callbacks = Callbacks.play(script, bare.watch)
      const programs = await Program.play(script, full.watch)
      const at = bare.lines.findIndex((line, index) => line !== full.lines[index])
      expect(bare.lines[at], `seed ${seed}, packet ${at}`).toBe(full.lines[at])
      expect(bare.lines.length, `seed ${seed}`).toBe(full.lines.length)
      expect(problem(script, callbacks), `seed ${seed}`).toBeUndefined()
      expect(problem(script, programs), `seed ${seed}`).toBeUndefined()
      for (const line of bare.lines) {
        const fate = line.split(" ")[1]!
        fates.set(fate, (fates.get(fate) ?? 0) + 1)
      }
      sizes.add(script.people.length)
    }
    // What was compared was worth it: losses, doubles, and both sizes of company.
    if (seeds < 50) return
    expect([...fates.keys()].sort()).toEqual(["arrived", "loss", "sent"])
    expect(fates.get("arrived")! + fates.get("loss")!).toBeGreaterThan(fates.get("sent")!)
    expect([...sizes].sort()).toEqual([2, 3])
  })

  it("shows each text once and in order, whatever the schedule", { timeout: alone.timeoutMs }, () => {
    for (let seed = alone.firstSeed; seed < alone.firstSeed + alone.seeds; seed++) {
      const script = write(seed)
      expect(problem(script, Callbacks.play(script)), `seed ${seed}`).toBeUndefined()
    }
  })

  it("follows from the seed", () => {
    const [first, again, other] = [1, 1, 2].map((seed) => {
      const trace = new PacketTrace()
      Callbacks.play(write(seed), trace.watch)
      return trace.lines
    })
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })
})

import { describe, expect, it } from "vitest"
import { attempt, kinds, pairs, theory } from "../../../scenarios/support/NatMatrix.js"
import * as Nat from "../../../src/sim/network/Nat.js"
import { full } from "../../support/Effort.js"

describe("hole punching through every pair of NATs", () => {
  it("has 27 kinds and 378 pairs", () => {
    expect([kinds.length, pairs.length]).toEqual([27, 378])
  })

  it("succeeds exactly where RFC 4787 says", async () => {
    const wrong: Array<string> = []
    let met = 0
    let tried = 0
    for (const [index, [a, b]] of pairs.entries()) {
      if (!full && index % 5 !== 0) continue
      tried++
      const success = await attempt(a, b, { seed: index })
      if (success) met++
      if (success !== theory(a, b)) wrong.push(`${show(a)} with ${show(b)}: ${success}`)
    }
    expect(wrong).toEqual([])
    expect(met).toBeGreaterThan(0.5 * tried)
    expect(met).toBeLessThan(0.8 * tried)
  })

  it("crosses the four classic types as the textbook says", async () => {
    const types = [Nat.fullCone, Nat.restricted, Nat.portRestricted, Nat.symmetric]
    const met: Array<boolean> = []
    for (const a of types) for (const b of types) met.push(await attempt(a, b, { seed: 5 }))
    const row = (text: string) => [...text].map((each) => each === "1")
    expect(met).toEqual([...row("1111"), ...row("1111"), ...row("1110"), ...row("1100")])
  })

  it("crosses a NAT that counts with a guess, and one that does not count never", async () => {
    const guess = (a: Nat.NatConfig, predict: number) => attempt(a, Nat.portRestricted, { seed: 1, predict, loss: 0 })
    expect(await guess(Nat.symmetricSequential, 0)).toBe(false)
    expect(await guess(Nat.symmetricSequential, 8)).toBe(true)
    expect(await guess(Nat.symmetric, 8)).toBe(false)
  })

  it("crosses Linux's masquerading, which keeps ports until two clash", async () => {
    expect(await attempt(Nat.linux, Nat.portRestricted, { seed: 1 })).toBe(true)
    expect(await attempt(Nat.linux, Nat.linux, { seed: 1 })).toBe(true)
    expect(await attempt(Nat.linux, Nat.symmetric, { seed: 1 })).toBe(false)
  })
})

const show = ({ mapping, filtering, ports }: Nat.NatConfig) => `${mapping}/${filtering}/${ports}`

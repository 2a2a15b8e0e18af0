import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { around, LOWEST_PORT, next, PORTS } from "../../../src/core/nat/PortGuess.js"

const includes = ({ first, ports, stride }: { first: number; ports: number; stride: number }, port: number) =>
  port >= first && port < first + stride * ports && (port - first) % stride === 0

const port = fc.integer({ min: LOWEST_PORT, max: 65_535 })

describe("ports that a NAT gives to new mappings", () => {
  it("are the next ones where it counts, up or down, by any step", () => {
    for (const step of [1, 2, 8, -1, -4, 256, -256]) {
      const seen = [0, 1, 2, 3].map((n) => 40_000 + n * step)
      const range = next(seen)!
      for (let n = 4; n < 4 + 12; n++) expect(includes(range, 40_000 + n * step)).toBe(true)
      for (const past of seen) expect(includes(range, past)).toBe(false)
      expect(range.ports).toBe(64)
    }
  })

  it("go on with the lowest one after the last", () => {
    expect(next([65_531, 65_533, 65_535])).toEqual({ first: LOWEST_PORT + 1, stride: 2, ports: 64 })
    expect(next([1_030, 1_028, 1_026])).toEqual({ first: 1_026 - 128 + PORTS, stride: 2, ports: 64 })
  })

  it("are near where it counts and others open some in between", () => {
    const range = next([50_000, 50_003, 50_004, 50_010])!
    expect(includes(range, 50_011)).toBe(true)
    expect(includes(range, 50_050)).toBe(true)
    expect(range.stride).toBe(1)
  })

  it("cannot be told by where it draws them, or by too few", () => {
    expect(next([40_000, 12_000, 50_001, 3_000])).toBeUndefined()
    expect(next([40_000, 40_002, 40_001, 40_003])).toBeUndefined()
    expect(next([40_000, 50_000, 60_001])).toBeUndefined()
    expect(next([40_000, 40_001])).toBeUndefined()
    expect(next([40_000, 40_000, 40_000])).toBeUndefined()
    expect(next([])).toBeUndefined()
  })

  it("are near each other where a subscriber has a block of them, and anywhere else", () => {
    const block = around([41_024, 42_500, 41_900, 41_500])
    expect(includes(block, 40_976)).toBe(true)
    expect(includes(block, 43_000)).toBe(true)
    expect(block.ports).toBeLessThan(PORTS / 8)
    const anywhere = { first: LOWEST_PORT, stride: 1, ports: PORTS }
    expect(around([2_000, 41_024, 60_000])).toEqual(anywhere)
    expect(around([2_000])).toEqual(anywhere)
    expect(around([])).toEqual(anywhere)
  })

  it("are a range that can be asked for, whatever was seen", () => {
    fc.assert(
      fc.property(fc.array(port, { maxLength: 4 }), (seen) => {
        for (const range of [next(seen), around(seen)]) {
          if (range === undefined) continue
          expect(range.first).toBeGreaterThanOrEqual(LOWEST_PORT)
          expect(range.first).toBeLessThanOrEqual(65_535)
          expect(range.ports).toBeGreaterThan(0)
          expect(range.ports).toBeLessThanOrEqual(PORTS)
        }
      })
    )
  })
})

import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { mulberry32 } from "../../../../scenarios/support/Random.js"
import { LOWEST_PORT, PORTS } from "../../../../src/core/nat/PortGuess.js"
import { MAX_OPENS, PACE, PortOpener } from "../../../../src/core/peer/path/PortOpener.js"
import * as Endpoint from "../../../../src/domain/Endpoint.js"
import { some } from "../../../support/Effort.js"

const opener = (seed = 1) => {
  const random = mulberry32(seed)
  return new PortOpener((length) => Uint8Array.from({ length }, () => Math.floor(random() * 256)))
}

const guess = (first: string, stride: number, ports: number, count: number) =>
  ({ _tag: "Guess", first: Endpoint.parse(first)!, stride, ports, count }) as const

/** Ports and when they were opened, until nothing more is due. */
const drain = (of: PortOpener, from = 0) => {
  const opened: Array<{ readonly port: number; readonly at: number }> = []
  for (let now = from; ; now = Math.max(now, of.timeout)) {
    for (let next = of.poll(now); next !== undefined; next = of.poll(now)) opened.push({ port: next.port, at: now })
    if (of.timeout === Number.POSITIVE_INFINITY) return opened
  }
}

describe("ports that a peer asks for", () => {
  it("are each tried once, in another order each time, within the range and as many as asked for", () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.integer({ min: LOWEST_PORT, max: 65_535 }),
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 4_000 }),
        fc.integer({ min: 1, max: 2_000 }),
        (seed, first, stride, ports, count) => {
          const asked = opener(seed)
          asked.begin(guess(`192.0.2.1:${first}`, stride, ports, count), 0)
          const opened = drain(asked).map(({ port }) => port)
          expect(opened).toHaveLength(Math.min(count, ports, MAX_OPENS))
          expect(new Set(opened).size).toBe(opened.length)
          for (const port of opened) {
            expect(port).toBeGreaterThanOrEqual(LOWEST_PORT)
            expect(port).toBeLessThanOrEqual(65_535)
            expect(((port - first + PORTS) % PORTS) % stride === 0 || port < first).toBe(true)
          }
        }
      ),
      { numRuns: some(200) }
    )
    const [one, other] = [1, 2].map((seed) => {
      const asked = opener(seed)
      asked.begin(guess("192.0.2.1:1024", 1, PORTS, 100), 0)
      return drain(asked).map(({ port }) => port)
    })
    expect(one).not.toEqual(other)
  })

  it("are tried no faster than 64 at once and 200 in a second, however often they are asked for", () => {
    const asked = opener()
    const times: Array<number> = []
    for (let now = 0; now < 10_000; now += 10) {
      if (now % 500 === 0) asked.begin(guess("192.0.2.1:1024", 1, PORTS, 1_024), now)
      while (asked.poll(now) !== undefined) times.push(now)
    }
    expect(times.length).toBeLessThanOrEqual(PACE.burst + (PACE.perSecond * 10_000) / 1_000)
    expect(times.length).toBeGreaterThan(1_500)
  })

  it("are nothing where they are nobody's, none, or too many", () => {
    for (const bad of [
      guess("127.0.0.1:40000", 1, 64, 64),
      guess("224.0.0.1:40000", 1, 64, 64),
      guess("192.0.2.1:80", 1, 64, 64),
      guess("192.0.2.1:40000", 1, 0, 64),
      guess("192.0.2.1:40000", 1, 64, 0),
      guess("192.0.2.1:40000", 1, PORTS + 1, 64),
      guess("192.0.2.1:40000", 2 ** 40, 64, 64)
    ]) {
      const asked = opener()
      asked.begin(bad, 0)
      expect(drain(asked)).toEqual([])
    }
    const asked = opener()
    asked.begin(guess("192.0.2.1:40000", 1, 64, 64), 0)
    asked.stop()
    expect(drain(asked)).toEqual([])
  })
})

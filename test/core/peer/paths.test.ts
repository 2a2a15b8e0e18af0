import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { PROBE_SCHEDULE } from "../../../src/core/peer/path/Path.js"
import { Paths } from "../../../src/core/peer/path/Paths.js"
import { RttEstimator } from "../../../src/core/peer/recovery/RttEstimator.js"
import { channelId } from "../../support/ids.js"
import { direct } from "./Pair.js"

/** Sends all probes that fall due until `until`; how many there were. */
const probe = (paths: Paths, from: number, until: number, onProbe: (key: string, at: number) => void = () => {}) => {
  let count = 0
  for (let now = from; now <= until; now += 10) {
    paths.handleTimeout(now)
    for (let path = paths.dueProbe(now); path !== undefined; path = paths.dueProbe(now)) {
      path.onProbed(`token ${count++}`, now)
      onProbe(path.key, now)
    }
  }
  return count
}

describe("the paths of a connection", () => {
  it("are probed eight times, quickly at first", () => {
    const paths = new Paths(() => 0.5)
    paths.add(direct("192.0.2.1:1"), 1_000)
    const times: Array<number> = []
    probe(paths, 1_000, 20_000, (_, at) => times.push(at - 1_000))
    expect(times).toEqual(PROBE_SCHEDULE)
  })

  it("are proven only by the token that went out on the same path", () => {
    const paths = new Paths(() => 0.5)
    const here = direct("192.0.2.1:1")
    const there = direct("192.0.2.2:1")
    paths.add(here, 0)
    paths.add(there, 0)
    const first = paths.dueProbe(0)!
    first.onProbed("aa", 0)
    const other = paths.dueProbe(0)!
    other.onProbed("bb", 0)
    expect(paths.onPong(first, "bb", 40)).toBe(false)
    expect(paths.onPong(first, "cc", 40)).toBe(false)
    expect(paths.active).toBeUndefined()
    expect(paths.onPong(first, "aa", 40)).toBe(true)
    expect(paths.onPong(first, "aa", 50)).toBe(false)
    expect(paths.active).toBe(first)
    expect(first.trusted(40 + 6_499)).toBe(true)
    expect(first.trusted(40 + 6_500)).toBe(false)
  })

  it("are chosen by latency with hysteresis", () => {
    const paths = new Paths(() => 0.5)
    const prove = (text: string, rtt: number, now: number) => {
      const path = paths.heard(direct(text), 100, false, now)!
      path.probe(now)
      path.onProbed(`${text} ${now}`, now)
      paths.onPong(path, `${text} ${now}`, now + rtt)
      return path
    }
    const slow = prove("192.0.2.1:1", 100, 0)
    expect(paths.active).toBe(slow)
    prove("192.0.2.2:1", 95, 0)
    expect(paths.active).toBe(slow)
    const fast = prove("192.0.2.3:1", 80, 0)
    expect(paths.active).toBe(fast)
    const six = prove("[2001:db8::1]:1", 80, 0)
    expect(paths.active).toBe(six)
    const lan = prove("192.168.0.1:1", 70, 0)
    expect(paths.active).toBe(lan)
  })

  it("of one house stay within it, however busy the machine was at a single measurement", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ lan: fc.boolean(), noise: fc.integer({ min: 0, max: 24 }) }), { maxLength: 20 }),
        (measurements) => {
          const paths = new Paths(() => 0.5)
          let now = 0
          const prove = (text: string, rtt: number) => {
            const path = paths.heard(direct(text), 100, false, now)!
            path.probe(now)
            path.onProbed(`${text} ${now}`, now)
            paths.onPong(path, `${text} ${now}`, now + rtt)
            now += 100
            return path
          }
          prove("192.0.2.1:1", 0.3)
          const lan = prove("192.168.0.1:1", 24)
          expect(paths.active).toBe(lan)
          for (const { lan, noise } of measurements) prove(lan ? "192.168.0.1:1" : "192.0.2.1:1", 0.3 + noise)
          expect(paths.active).toBe(lan)
        }
      )
    )
  })

  it("are compared by what they take when nothing waits on them, for 10 to 20 s", () => {
    const rtt = new RttEstimator()
    rtt.update(20, 0, 0)
    for (let now = 100; now < 9_900; now += 100) rtt.update(300, 0, now)
    expect([rtt.unloaded, Math.round(rtt.smoothed)]).toEqual([20, 300])
    for (let now = 10_000; now < 20_000; now += 100) rtt.update(200, 0, now)
    expect(rtt.unloaded).toBe(20)
    rtt.update(200, 0, 20_000)
    expect(rtt.unloaded).toBe(200)
  })

  it("are eight at most, and attract few probes however many are announced", () => {
    const paths = new Paths(() => 0.5)
    let probes = 0
    for (let i = 0; i < 1_000; i++) {
      paths.add(direct(`192.0.2.1:${i + 1}`), 10 * i)
      paths.heard(direct(`192.0.2.2:${i + 1}`), 100, true, 10 * i)
      probes += probe(paths, 10 * i, 10 * i)
    }
    expect(paths.routes).toHaveLength(8)
    // 32 at once and one each two seconds, eight probes each, and heartbeats of the active path.
    expect(probes).toBeLessThan((32 + 5) * 8 + 50)
  })

  it("are probed anew when the peer calls, unless they are known to work, and as often as new ones at most", () => {
    const paths = new Paths(() => 0.5)
    const here = direct("192.0.2.1:1")
    paths.called(here, 0)
    expect(probe(paths, 0, 10_000)).toBe(8)
    paths.called(here, 10_000)
    const path = paths.dueProbe(10_000)!
    path.onProbed("aa", 10_000)
    paths.onPong(path, "aa", 10_010)
    paths.called(here, 12_000)
    expect(paths.dueProbe(12_000)).toBeUndefined()
    let probes = 0
    for (let now = 20_000; now < 120_000; now += 100) {
      for (let i = 0; i < 8; i++) paths.called(direct(`192.0.2.2:${i + 1}`), now)
      probes += probe(paths, now, now + 90)
    }
    // 32 series at once and one each two seconds.
    expect(probes).toBeLessThan((32 + 50) * 8 + 50)
  })

  it("have one relay, the newest, which takes the place of the one before and never counts as a candidate", () => {
    const paths = new Paths(() => 0.5)
    const relay = (name: string) => ({ _tag: "Relay", channel: channelId(name) }) as const
    paths.use(relay("old"), 100, 80, 0)
    for (let i = 0; i < 20; i++) paths.add(direct(`192.0.2.1:${i + 1}`), 0)
    paths.add(relay("new"), 0)
    expect(paths.active?.key).toBe("relay:new")
    expect(paths.active?.rtt.smoothed).toBe(80)
    expect(paths.routes.filter(({ _tag }) => _tag === "Relay")).toEqual([relay("new")])
    expect(paths.routes).toHaveLength(9)
    expect(paths.room(paths.active!, 0)).toBe(Number.POSITIVE_INFINITY)
  })

  it("are kept open by a probe in 25 to 28 s of silence, proven every 3 s of talk, and oftener while listening", () => {
    for (const [random, leads, silence] of [
      [0, true, 25_800],
      [1, true, 26_500],
      [0, false, 26_900],
      [1, false, 27_600]
    ] as const) {
      const paths = new Paths(() => random, "prefer-direct", leads)
      paths.add(direct("192.0.2.1:1"), 0)
      paths.use(direct("192.0.2.1:1"), 500, 20, 0)
      const answer = (until: number, from: number) => {
        const times: Array<number> = []
        for (let now = from; now <= until; now += 10) {
          paths.handleTimeout(now)
          const path = paths.dueProbe(now)
          if (path === undefined) continue
          path.onProbed(String(now), now)
          paths.onPong(path, String(now), now)
          times.push(now)
        }
        return times
      }
      const silent = answer(100_000, 0)
      expect(silent.length).toBeGreaterThan(3)
      for (let i = 1; i < silent.length; i++) expect(silent[i]! - silent[i - 1]!).toBe(silence)
      paths.onTraffic(100_000)
      const listening = answer(110_000, 100_010)
      for (let i = 1; i < listening.length; i++) expect(listening[i]! - listening[i - 1]!).toBe(750)
      expect(listening.length).toBeGreaterThan(10)
      const busy = answer(140_000, 112_000)
      expect(busy.length).toBeGreaterThan(5)
      for (let i = 1; i < busy.length; i++) expect(busy[i]! - busy[i - 1]!).toBe(3_000)
    }
  })
})

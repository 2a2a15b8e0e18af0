import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import type { FaultKind } from "../../../src/sim/faults/Fault.js"
import { faultShows } from "./FaultShows.js"
import { between, delays, flow, inversions, meanGap, stream, under } from "./Flow.js"

type Without = ReadonlyArray<FaultKind>

describe("faults of links", () => {
  it("none: everything arrives in order, after the latency", async () => {
    const got = await flow([], () => Effect.void)
    expect(got.map(({ n }) => n)).toEqual([...Array(500).keys()])
    expect(new Set(delays(got))).toEqual(new Set([0]))
  })

  faultShows("latency", async (without: Without) =>
    delays(await under(without, { kind: "latency", ms: 50 })).every((ms) => ms === 50)
  )
  faultShows("jitter", async (without: Without) => {
    const late = delays(await under(without, { kind: "jitter", ms: 8 }))
    return Math.min(...late) >= 0 && Math.max(...late) <= 8 && new Set(late).size > 100
  })
  faultShows("loss", async (without: Without) => {
    const { length } = await under(without, { kind: "loss", probability: 0.2 })
    return length > 360 && length < 440
  })
  faultShows("burst", async (without: Without) => {
    const burst = await under(without, { kind: "burst", enter: 0.05, leave: 0.15 })
    const loss = await under([], { kind: "loss", probability: 0.25 })
    return meanGap(burst) > 3.5 && meanGap(loss) < 2
  })
  faultShows("duplicate", async (without: Without) => {
    const got = await under(without, { kind: "duplicate", probability: 0.3 })
    return got.length > 600 && new Set(got.map(({ n }) => n)).size === 500
  })
  faultShows("replay", async (without: Without) => {
    const got = await under(without, { kind: "replay", probability: 0.1, ms: 30_000 })
    return delays(got).filter((ms) => ms === 30_000).length > 25 && got.length > 525
  })
  faultShows("reorder", async (without: Without) => {
    const got = await under(without, { kind: "reorder", probability: 0.2, ms: 100 })
    return got.length === 500 && inversions(got) > 30
  })
  faultShows("corrupt", async (without: Without) => {
    const got = await under(without, { kind: "corrupt", probability: 0.2 })
    return got.filter(({ intact, size }) => !intact && size === 100).length > 60
  })
  faultShows("truncate", async (without: Without) => {
    const got = await under(without, { kind: "truncate", probability: 0.2 })
    return got.filter(({ size }) => size < 100).length > 60
  })
  faultShows("bandwidth", async (without: Without) => {
    const got = await under(without, { kind: "bandwidth", bytesPerSecond: 6400 })
    return got.length === 500 && Math.abs(got[499]!.at - 10_001) < 20
  })
  faultShows("queue", async (without: Without) => {
    const slow = { kind: "bandwidth", bytesPerSecond: 6400 } as const
    const got = await flow(without, ({ sim }) =>
      Effect.zipRight(sim.begin(slow), sim.begin({ kind: "queue", bytes: 1000 }))
    )
    return got.length < 300 && Math.max(...delays(got)) < 200
  })
  faultShows("mtu", async (without: Without) => (await under(without, { kind: "mtu", bytes: 127 })).length === 0)
  it("mtu: a datagram that just fits passes", async () => {
    expect((await under([], { kind: "mtu", bytes: 128 })).length).toBe(500)
  })
  faultShows("block", async (without: Without) => {
    const there = await between(without, { kind: "block", from: "a", to: "b" })
    const back = await between(without, { kind: "block", from: "b", to: "a" })
    return there.length === 300 && back.length === 500
  })
  faultShows("partition", async (without: Without) => {
    const got = await between(without, { kind: "partition", from: ["b"], to: ["a"] })
    return got.length === 300 && got.every(({ at }) => at <= 1001 || at >= 3001)
  })
  faultShows("clog", async (without: Without) => {
    const got = await between(without, { kind: "clog", from: "a" })
    return got.length === 500 && got.every(({ at }) => at <= 1001 || at >= 3001)
  })
  faultShows("flap", async (without: Without) => {
    const { length } = await under(without, { kind: "flap", upMs: 100, downMs: 300 })
    return length > 120 && length < 135
  })
  faultShows("udp-blocked", async (without: Without) => {
    const udp = await under(without, { kind: "udp-blocked" })
    const tcp = await stream(without, (sim) => sim.begin({ kind: "udp-blocked" }))
    return udp.length === 0 && tcp.ok
  })
  faultShows("tcp-blocked", async (without: Without) => {
    const udp = await under(without, { kind: "tcp-blocked" })
    const tcp = await stream(without, (sim) => sim.begin({ kind: "tcp-blocked" }))
    return udp.length === 500 && tcp.chunks.length === 0
  })
  faultShows("tcp-rechunk", async (without: Without) => {
    const { ok, chunks } = await stream(without, (sim) => sim.begin({ kind: "tcp-rechunk", bytes: 5 }))
    return ok && Math.max(...chunks) <= 5 && new Set(chunks).size === 5
  })
  faultShows("tcp-reset", async (without: Without) => {
    const { ok, ends } = await stream(without, (sim) => sim.begin({ kind: "tcp-reset", probability: 0.05 }))
    return !ok && ends.join() === "reset"
  })

  it("carries a stream whole through loss, reordering, corruption and partitions", async () => {
    const { ok, ends, at } = await stream([], (sim) =>
      Effect.all([
        sim.begin({ kind: "loss", probability: 0.1 }),
        sim.begin({ kind: "reorder", probability: 0.3, ms: 200 }),
        sim.begin({ kind: "corrupt", probability: 0.05 }),
        sim.begin({ kind: "flap", upMs: 730, downMs: 211 })
      ])
    )
    expect([ok, ends]).toEqual([true, ["ended"]])
    expect(at).toBeGreaterThan(1500)
  })
})

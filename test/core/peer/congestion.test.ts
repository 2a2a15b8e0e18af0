import { describe, expect, it } from "vitest"
import { Bottleneck, type LinkOptions } from "../../../scenarios/links/Bottleneck.js"
import { Bbr } from "../../../src/core/peer/recovery/Bbr.js"
import type { CongestionController } from "../../../src/core/peer/recovery/CongestionController.js"
import { NewReno } from "../../../src/core/peer/recovery/NewReno.js"

/** 20 Mbit/s and 40 ms: small, so that a few virtual seconds are a moment. */
const LINK: LinkOptions = { rate: 2_500, delay: 20, queue: 100_000, loss: 0 }

/** What each flow got of the link in `ms`, in parts, after two seconds to begin. */
const parts = (link: LinkOptions, flows: ReadonlyArray<() => CongestionController>, ms = 5_000) => {
  const net = new Bottleneck(3, link)
  const pairs = flows.map((flow) => net.pair(flow))
  net.run(2_000)
  const before = pairs.map((pair) => pair.received)
  net.run(ms)
  return pairs.map((pair, i) => (pair.received - before[i]!) / (ms * link.rate))
}

const offsets = [97, 194, 35, 132, 229]
const bbr = () => {
  const offset = offsets.shift()!
  offsets.push(offset)
  return new Bbr(offset)
}
const reno = () => new NewReno()

describe("congestion control", () => {
  it("fills a link, by the reference and by the model", () => {
    expect(parts(LINK, [reno])[0]).toBeGreaterThan(0.85)
    expect(parts(LINK, [bbr])[0]).toBeGreaterThan(0.85)
  })

  it("by the model does not mind random loss, nor a shallow queue", () => {
    expect(parts({ ...LINK, loss: 0.01 }, [bbr])[0]).toBeGreaterThan(0.85)
    expect(parts({ ...LINK, loss: 0.05 }, [bbr])[0]).toBeGreaterThan(0.75)
    expect(parts({ ...LINK, queue: 15_000 }, [bbr])[0]).toBeGreaterThan(0.8)
  })

  it("by the model does not mind packets that overtake each other, once it has seen that they do", () => {
    for (const ms of [2, 5, 20])
      expect(parts({ ...LINK, reorder: { part: 0.2, ms } }, [bbr])[0], `${ms} ms`).toBeGreaterThan(0.75)
  })

  it("shares a link between two flows, and leaves room for one that backs off", () => {
    const [first, second] = parts(LINK, [bbr, bbr], 15_000) as [number, number]
    expect((first + second) ** 2 / (2 * (first ** 2 + second ** 2))).toBeGreaterThan(0.9)
    expect(parts(LINK, [bbr, reno], 15_000)[1]).toBeGreaterThan(0.2)
  })

  it("keeps the queue short: the round trip grows by no more than the pipe again", () => {
    const net = new Bottleneck(5, { ...LINK, queue: 1_000_000 })
    const pair = net.pair(bbr)
    net.run(5_000)
    expect(pair.left.peers.status(pair.right.id)!.path!.rttMs).toBeLessThan(90)
  })
})

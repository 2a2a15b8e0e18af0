import { describe, expect, it } from "vitest"
import { Epoch } from "../../../src/core/peer/keys/Epoch.js"
import { KeyRing } from "../../../src/core/peer/keys/KeyRing.js"
import { crypto } from "../../../src/layers/node/Crypto.js"

const setUp = () => {
  const released: Array<number> = []
  const epoch = (index: number, now = 0) =>
    new Epoch(crypto, index, index, new Uint8Array(32), new Uint8Array(32), now, false)
  const first = epoch(0)
  return { epoch, first, released, ring: new KeyRing(first, { release: (index) => released.push(index) }) }
}

describe("the keys of a connection", () => {
  it("change with the first packet under new ones, whichever of several handshakes it belongs to", () => {
    const { epoch, released, ring } = setUp()
    const [one, two] = [epoch(1), epoch(2)]
    ring.expect(one, 0)
    ring.expect(two, 0)
    ring.onUsed(one, 10)
    expect(ring.current).toBe(one)
    ring.onUsed(two, 20)
    expect(ring.current).toBe(two)
    expect(released).toEqual([])
  })

  it("do not change back for late packets, nor for what the peer gave up when it answered us", () => {
    const { epoch, first, ring } = setUp()
    const [abandoned, ours] = [epoch(1), epoch(2)]
    ring.expect(abandoned, 0)
    ring.advance(ours, 5)
    ring.onUsed(abandoned, 10)
    ring.onUsed(first, 11)
    expect(ring.current).toBe(ours)
  })

  it("open packets for a minute after their last use, and are wiped then", () => {
    const { epoch, released, ring } = setUp()
    const next = epoch(1)
    ring.expect(epoch(2), 0)
    ring.advance(next, 0)
    expect(ring.timeout).toBe(60_000)
    ring.handleTimeout(59_999)
    expect(released).toEqual([])
    ring.handleTimeout(60_000)
    expect(released.sort()).toEqual([0, 2])
    expect(ring.current).toBe(next)
  })

  it("are no more than seven, however often they are made", () => {
    const { epoch, released, ring } = setUp()
    for (let index = 1; index <= 100; index++) ring.expect(epoch(index), index)
    expect(released).toEqual(Array.from({ length: 94 }, (_, index) => index + 1))
    ring.wipe()
    expect(released).toHaveLength(101)
  })
})

import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AckRanges } from "../../../src/core/peer/recovery/AckRanges.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { MAX_ACK_RANGES } from "../../../src/protocol/Frame.js"
import { World } from "./Pair.js"

describe("acknowledgements", () => {
  it("hold exactly the newest ranges of what came", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 200 }), (numbers) => {
        const acks = new AckRanges()
        for (const number of new Set(numbers)) acks.onReceived(number, true, 0)
        const { ranges } = acks.take(0)!
        expect(ranges.length).toBeLessThanOrEqual(MAX_ACK_RANGES)
        for (const [i, range] of ranges.entries()) {
          expect(range.end).toBeGreaterThan(range.start)
          if (i > 0) expect(range.end).toBeLessThan(ranges[i - 1]!.start)
        }
        const told = new Set(
          ranges.flatMap(({ end, start }) => Array.from({ length: end - start }, (_, i) => start + i))
        )
        for (const number of told) expect(numbers).toContain(number)
        if (ranges.length < MAX_ACK_RANGES) expect(told.size).toBe(new Set(numbers).size)
        expect(ranges[0]!.end - 1).toBe(Math.max(...numbers))
      })
    )
  })

  it("are due with every second eliciting packet, or after 25 ms", () => {
    const acks = new AckRanges()
    acks.onReceived(0, false, 100)
    expect(acks.due).toBeUndefined()
    acks.onReceived(1, true, 100)
    expect(acks.due).toBe(125)
    acks.onReceived(2, false, 110)
    expect(acks.due).toBe(125)
    acks.onReceived(3, true, 120)
    expect(acks.due).toBe(120)
    expect(acks.take(121)).toEqual({ _tag: "Ack", ranges: [{ start: 0, end: 4 }], delay: 1 })
    expect(acks.due).toBeUndefined()
    expect(acks.take(121)).toBeUndefined()
    acks.onReceived(4, true, 130)
    expect(acks.due).toBe(155)
  })

  it("leave out what the peer knows to be acknowledged, never the newest range", () => {
    const acks = new AckRanges()
    for (const number of [0, 1, 3, 4, 6, 7]) acks.onReceived(number, true, 100)
    acks.onTold(4)
    expect(acks.take(100)).toMatchObject({ ranges: [{ start: 6, end: 8 }] })
    acks.onTold(7)
    acks.onReceived(8, true, 110)
    expect(acks.take(110)).toMatchObject({ ranges: [{ start: 6, end: 9 }] })
    // One that comes after all is acknowledged all the same.
    acks.onReceived(2, true, 120)
    expect(acks.take(120)!.ranges).toEqual([
      { start: 6, end: 9 },
      { start: 2, end: 3 }
    ])
  })

  it("stay short in a long talk, although each 128th number is left out", () => {
    const world = new World(1)
    world.keepsPackets = false
    const alice = world.node("alice", "192.0.2.1:1000")
    const bob = world.node("bob", "192.0.2.2:2000")
    world.introduce(alice, bob)
    world.introduce(bob, alice)
    world.run(1_000)
    let most = 0
    bob.tamperFrames = (frames) => {
      for (const frame of Frame.decode(frames) ?? [])
        if (frame._tag === "Ack") most = Math.max(most, frame.ranges.length)
    }
    for (let i = 0; i < 1_000; i++) {
      alice.send(bob, "ping")
      bob.send(alice, "pong")
      world.run(60)
    }
    expect(alice.sealedCount).toBeGreaterThan(8 * 128)
    expect(most).toBeGreaterThan(0)
    expect(most).toBeLessThanOrEqual(3)
  })

  it("are due at once when a packet came out of order", () => {
    const acks = new AckRanges()
    acks.onReceived(0, true, 100)
    acks.take(101)
    acks.onReceived(2, true, 110)
    expect(acks.due).toBe(110)
    acks.take(110)
    acks.onReceived(1, true, 120)
    expect(acks.due).toBe(120)
    expect(acks.take(120)).toMatchObject({ ranges: [{ start: 0, end: 3 }], delay: 10 })
  })
})

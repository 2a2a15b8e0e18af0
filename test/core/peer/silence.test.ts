import { describe, expect, it } from "vitest"
import { type LinkOptions, World } from "./Pair.js"

/** Two who have asked for each other, and for a minute have said nothing. */
const silent = (seed: number, relayed: boolean, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  world.relay = true
  if (relayed) world.blocks = () => true
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  alice.send(bob, "hello")
  world.run(60_000)
  const before = world.sent.length
  /** Packets of the busier side since then. */
  const busier = () =>
    Math.max(...[alice, bob].map((node) => world.sent.slice(before).filter(({ from }) => from === node).length))
  return { world, alice, bob, busier }
}

describe("somebody who only listens", () => {
  it("opens a router again that has forgotten everything, within a second and without a relay", () => {
    for (let seed = 0; seed < 8; seed++) {
      const world = new World(seed)
      const alice = world.node("alice", "203.0.113.1:4000")
      const bob = world.node("bob", "203.0.113.2:4000")
      const channel = world.channel()
      world.introduce(alice, bob, channel)
      world.introduce(bob, alice, channel)
      world.run(1_000)
      bob.send(alice, "hello")
      world.run(200 + seed * 900)
      let isOpen = false
      world.blocks = ({ address }) => {
        if (address === "203.0.113.1") isOpen = true
        return !isOpen
      }
      world.run(1_000, () => isOpen)
      expect(isOpen).toBe(true)
      bob.send(alice, "still there?")
      world.run(100)
      expect(alice.texts).toEqual(["hello", "still there?"])
    }
  })
})

describe("silence", () => {
  it("costs a side less than three packets a minute, new keys included", () => {
    for (const relayed of [false, true]) {
      for (const latency of [0, 25, 150]) {
        for (let seed = 0; seed < 4; seed++) {
          const { world, alice, bob, busier } = silent(seed, relayed, { latency, relayLatency: latency })
          world.run(600_000)
          expect(busier()).toBeLessThan(30)
          expect(busier()).toBeGreaterThan(20)
          expect([alice.count("Disconnected"), bob.count("Disconnected")]).toEqual([0, 0])
        }
      }
    }
  })

  it("leaves no side without a packet for 28 s, which keeps its NAT open", () => {
    const { world, alice, bob } = silent(3, false)
    const from = world.now
    world.run(600_000)
    for (const node of [alice, bob]) {
      const times = world.sent.filter((sent) => sent.from === node && sent.at > from - 30_000).map(({ at }) => at)
      for (let i = 1; i < times.length; i++) expect(times[i]! - times[i - 1]!).toBeLessThan(28_000)
    }
  })

  it("ends with new keys when the old ones are due for them", () => {
    const { world, alice, bob } = silent(4, false)
    const handshakes = () => world.sent.filter(({ data }) => data[0] === 1).length
    const before = handshakes()
    world.run(70_000)
    // 130 s old: nobody needs new ones before something is said.
    expect(handshakes()).toBe(before)
    alice.send(bob, "still there?")
    bob.send(alice, "sure")
    world.run(1_000)
    expect(handshakes()).toBe(before + 1)
    expect(alice.texts).toEqual(["sure"])
    expect(bob.texts).toEqual(["hello", "still there?"])
  })
})

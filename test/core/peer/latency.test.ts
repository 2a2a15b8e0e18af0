import { describe, expect, it } from "vitest"
import { World } from "./Pair.js"

/** 25 ms each way. `gap` ms between messages; ms from the writing of each to its showing, ascending. */
const latencies = (seed: number, loss: number, count: number, gap: number): ReadonlyArray<number> => {
  const world = new World(seed, { latency: 25, loss })
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  alice.keepsPlaintext = bob.keepsPlaintext = false
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(10_000)
  const start = world.now
  const shown: Array<number> = []
  for (let i = 0; i < count; i++) {
    world.run(start + i * gap - world.now)
    alice.send(bob, `${i} ${"x".repeat(90)}`)
    // Looks at each packet's time, at most a millisecond late.
    while (world.now < start + (i + 1) * gap) {
      world.run(1)
      while (shown.length < bob.messages.length) shown.push(world.now)
    }
  }
  world.run(5_000, () => bob.messages.length === count)
  while (shown.length < count) shown.push(world.now)
  return shown.map((at, i) => at - start - i * gap).sort((left, right) => left - right)
}

const p99 = (sorted: ReadonlyArray<number>): number => sorted[Math.floor(sorted.length * 0.99)]!

describe("what a lost packet costs a conversation", () => {
  it("is next to nothing when lines follow each other: each takes along those before it", () => {
    expect(p99(latencies(1, 0.01, 1_000, 10))).toBeLessThanOrEqual(45)
    expect(p99(latencies(2, 0.05, 1_000, 10))).toBeLessThanOrEqual(60)
  })

  it("is little when a line stands alone: a spare copy follows", () => {
    expect(p99(latencies(3, 0.01, 500, 500))).toBeLessThanOrEqual(45)
    expect(p99(latencies(4, 0.05, 500, 500))).toBeLessThanOrEqual(90)
  })
})

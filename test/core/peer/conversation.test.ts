import { describe, expect, it } from "vitest"
import { World } from "./Pair.js"

const pair = (seed: number, link = {}) => {
  const world = new World(seed, link)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  return { world, alice, bob }
}

describe("a conversation", () => {
  it("brings a message to a peer that was asked for, and says so", () => {
    const { world, alice, bob } = pair(1)
    world.introduce(alice, bob)
    const id = alice.send(bob, "hello")
    world.run(1_000)
    expect(bob.texts).toEqual(["hello"])
    expect(alice.events.map((event) => event._tag)).toEqual(["Connected", "Delivered"])
    expect(alice.events[1]).toMatchObject({ id })
    expect(bob.events.map((event) => event._tag)).toEqual(["Connected", "Message"])
  })
})

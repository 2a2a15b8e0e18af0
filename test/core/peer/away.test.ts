import { describe, expect, it } from "vitest"
import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import { type Node, World } from "./Pair.js"

const pair = () => {
  const world = new World(1, {})
  return { world, alice: world.node("alice", "203.0.113.1:4000"), bob: world.node("bob", "203.0.113.2:4000") }
}

/** What somebody was told of the other's being away. */
const told = ({ events }: Node) =>
  events.flatMap((event: PeerEvent) => (event._tag === "Away" ? [event.text ?? "is back"] : []))

describe("somebody who is away", () => {
  it("is so to a caller whom they have not answered, and before whom they come back", () => {
    const { alice, bob, world } = pair()
    bob.peers.setAway("lunch", world.now)
    world.introduce(alice, bob)
    world.run(2_000)
    expect(told(alice)).toEqual(["lunch"])
    expect(told(bob)).toEqual([])
    bob.peers.setAway("", world.now)
    world.run(2_000)
    bob.peers.setAway(undefined, world.now)
    world.run(2_000)
    expect(told(alice)).toEqual(["lunch", "", "is back"])
  })

  it("is so on each new connection, and of somebody who is there nothing is said", () => {
    const { alice, bob, world } = pair()
    world.introduce(alice, bob)
    world.introduce(bob, alice)
    world.run(2_000)
    expect(told(alice)).toEqual([])
    bob.peers.setAway("lunch", world.now)
    world.run(2_000)
    alice.start()
    world.introduce(alice, bob)
    world.introduce(bob, alice)
    world.run(5_000)
    expect(told(alice)).toEqual(["lunch", "lunch"])
    bob.peers.setAway(undefined, world.now)
    bob.peers.setAway("again", world.now)
    world.run(2_000)
    expect(told(alice)).toEqual(["lunch", "lunch", "again"])
  })

  it("says no more than fits, and nothing that is not text", () => {
    const { alice, bob, world } = pair()
    bob.peers.setAway("é".repeat(200), world.now)
    world.introduce(alice, bob)
    world.run(2_000)
    expect(told(alice)).toEqual(["é".repeat(128)])
  })
})

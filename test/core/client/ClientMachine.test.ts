import { describe, expect, it } from "vitest"
import { some } from "../../../scenarios/product/Seeds.js"
import { Model } from "./Model.js"
import { World } from "./World.js"

const meet = (seed = 1) => {
  const world = new World(seed)
  world.startServer()
  const alice = world.person("alice")
  const bob = world.person("bob")
  for (const person of [alice, bob]) {
    const registered = person.ask((machine, now) => machine.register(person.name, now))
    expect(registered).toMatchObject({ nick: person.name })
  }
  return { world, alice, bob }
}

describe("a client's machine", () => {
  it("registers, is told of others, and talks once both have asked", () => {
    const { alice, bob, world } = meet()
    world.pass(1_000)
    expect(alice.told("Joined")).toEqual([{ _tag: "Joined", nick: "bob" }])
    expect(alice.ask((machine, now) => machine.query("bob", now))).toMatchObject({ nick: "bob", asked: true })
    expect(alice.say("bob", "one")).toBeUndefined()
    world.until("bob hears", () => bob.heard("alice").length === 1)
    expect(bob.say("alice", "too early")).toBe("NotConnected")
    expect(bob.told("Incoming")).toHaveLength(1)
    bob.ask((machine, now) => machine.query("alice", now))
    expect(bob.say("alice", "two")).toBeUndefined()
    world.until("alice hears", () => alice.heard("bob").length === 1)
    world.until("both know", () => alice.told("Delivered").length === 1 && bob.told("Delivered").length === 1)
    expect(alice.told("Mutual")).toHaveLength(1)
    expect(bob.told("Mutual")).toHaveLength(1)
  })
})

/** `PARLEY_SIM_FIRST=17` begins with another seed; a failure names its own. */
const { firstSeed, seeds, timeoutMs } = some(60)

describe("three people, whatever happens to the network, the server and their programs", () => {
  it("see what they must see: law 1 to 4", { timeout: timeoutMs }, async () => {
    for (let seed = firstSeed; seed < firstSeed + seeds; seed++) {
      const model = new Model(seed)
      model.play(60)
      model.heal()
      // A worker that is silent for a minute is taken for dead.
      await new Promise((resume) => setImmediate(resume))
    }
  })
})

import { describe, expect, it, vi } from "vitest"
import { some } from "../../../scenarios/product/Seeds.js"
import { Model } from "./Model.js"
import { type Person, World } from "./World.js"

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
    expect(alice.told("Joined"), "bob is nobody alice knows").toEqual([])
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
    bob.drive((machine, now) => machine.close("exit", "", now))
    world.pass(1_000)
    expect(alice.told("Left")).toEqual([{ _tag: "Left", nick: "bob" }])
    expect(alice.told("Present")).toEqual([])
  })

  it("is told when somebody comes whom it asked for in vain", () => {
    const { alice, world } = meet()
    expect(alice.ask((machine, now) => machine.query("carol", now))).toMatchObject({ _tag: "NoSuchPeer" })
    for (const nick of ["dave", "carol"]) {
      const person = world.person(nick)
      person.ask((machine, now) => machine.register(nick, now))
    }
    world.until("carol is there", () => alice.told("Joined").length > 0)
    expect(alice.told("Joined")).toEqual([{ _tag: "Joined", nick: "carol" }])
  })

  it("is told of the same people by a server that knows only how to watch everybody", () => {
    const { alice, bob, world } = meet()
    asToAnOldServer(alice)
    expect(alice.ask((machine, now) => machine.query("bob", now))).toMatchObject({ nick: "bob" })
    world.pass(1_000)
    const eve = world.person("eve")
    eve.ask((machine, now) => machine.register("eve", now))
    for (const person of [eve, bob]) person.drive((machine, now) => machine.close("exit", "", now))
    world.until("bob is gone", () => alice.told("Left").length > 0)
    const again = world.person("bob", bob.profiles)
    again.ask((machine, now) => machine.register("bob", now))
    world.until("bob is back", () => alice.told("Joined").length > 0)
    expect(alice.told("Joined")).toEqual([{ _tag: "Joined", nick: "bob" }])
    expect(alice.told("Left")).toEqual([{ _tag: "Left", nick: "bob" }])
    expect(alice.say("bob", "for you")).toBeUndefined()
    world.until("bob reads", () => again.heard("alice").length === 1)
  })

  it("is told of everybody while it wants that, and who is here already of those whom it names", () => {
    const { alice, bob, world } = meet()
    alice.drive((machine, now) => machine.watch("bob", now))
    alice.drive((machine, now) => machine.watch(undefined, now))
    world.pass(1_000)
    expect(alice.told("Present")).toEqual([{ _tag: "Present", nicks: ["bob"] }])
    const carol = world.person("carol")
    carol.ask((machine, now) => machine.register("carol", now))
    world.until("carol is there", () => alice.told("Joined").length > 0)
    expect(alice.told("Joined")).toEqual([{ _tag: "Joined", nick: "carol" }])
    alice.drive((machine, now) => machine.unwatch(undefined, now))
    world.pass(1_000)
    for (const person of [carol, bob]) person.drive((machine, now) => machine.close("exit", "", now))
    world.pass(1_000)
    expect(alice.told("Left")).toEqual([{ _tag: "Left", nick: "bob" }])
  })
})

/** What the server does not know of a request, it does not look at. */
const asToAnOldServer = ({ machine }: Person): void => {
  const poll = machine.pollServer.bind(machine)
  vi.spyOn(machine, "pollServer").mockImplementation(() => {
    const output = poll()
    if (!(output instanceof Uint8Array)) return output
    const { nicks, ...request } = JSON.parse(new TextDecoder().decode(output))
    return new TextEncoder().encode(`${JSON.stringify(request)}\n`)
  })
}

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

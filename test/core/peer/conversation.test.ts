import { describe, expect, it } from "vitest"
import { type LinkOptions, type Node, World } from "./Pair.js"

const pair = (seed: number, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  return { world, alice, bob }
}

/** Both ask for each other. */
const mutual = (seed: number, link: Partial<LinkOptions> = {}) => {
  const { world, alice, bob } = pair(seed, link)
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  return { world, alice, bob }
}

const undelivered = (node: Node, to: Node) => node.peers.status(to.id)?.undelivered

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
    expect(alice.events[0]).toMatchObject({ path: { kind: "direct", address: "203.0.113.2:4000", rttMs: 50 } })
  })

  it("brings the time at which each message was written, where there is one", () => {
    const { world, alice, bob } = mutual(1, { loss: 0.2 })
    const times = [1_774_000_000_000, undefined, 1, 1_774_000_000_001]
    for (const [i, at] of times.entries()) alice.peers.send(bob.id, `${i}`, world.now, at)
    world.run(10_000)
    const arrived = bob.events.flatMap((event) => (event._tag === "Message" ? [event.writtenAt] : []))
    expect(arrived).toEqual(times)
  })

  it("brings the first message within two round trips, both ways", () => {
    const { world, alice, bob } = pair(2)
    world.introduce(alice, bob)
    alice.send(bob, "hello")
    expect(world.run(1_000, () => bob.messages.length > 0)).toBe(true)
    expect(world.now).toBe(1_000 + 3 * 25)
  })

  it("is exactly once and in order over a bad network", () => {
    for (let seed = 0; seed < 60; seed++) {
      const { world, alice, bob } = mutual(seed, { latency: 20, jitter: 60, loss: 0.02 * (seed % 10), duplicate: 0.1 })
      const expected = { alice: [] as Array<string>, bob: [] as Array<string> }
      for (let i = 0; i < 30; i++) {
        const text = `${i} ${"x".repeat(Math.floor(world.random() * 2_000))}`
        const [from, to, name] =
          world.random() < 0.5 ? ([alice, bob, "bob"] as const) : ([bob, alice, "alice"] as const)
        from.send(to, text)
        expected[name].push(text)
        world.run(world.random() * 200)
      }
      const done = () => undelivered(alice, bob) === 0 && undelivered(bob, alice) === 0
      expect(world.run(60_000, done), `seed ${seed} did not finish`).toBe(true)
      expect(bob.texts, `seed ${seed}`).toEqual(expected.bob)
      expect(alice.texts, `seed ${seed}`).toEqual(expected.alice)
      expect(alice.count("Disconnected") + bob.count("Disconnected"), `seed ${seed}`).toBe(0)
    }
  })

  it("carries messages of the largest size, in both directions at once, and refuses larger and empty ones", () => {
    const { world, alice, bob } = mutual(3, { loss: 0.02, jitter: 10 })
    const large = (letter: string) => letter.repeat(64 * 1024)
    for (let i = 0; i < 6; i++) {
      alice.send(bob, large(String(i)))
      bob.send(alice, large(String(i)))
    }
    expect(world.run(60_000, () => undelivered(alice, bob) === 0 && undelivered(bob, alice) === 0)).toBe(true)
    expect(bob.texts).toEqual([..."012345"].map(large))
    expect(alice.texts).toEqual([..."012345"].map(large))
    expect(alice.peers.send(bob.id, `${large("x")}x`, world.now)).toEqual({ _tag: "BadLength" })
    expect(alice.peers.send(bob.id, "", world.now)).toEqual({ _tag: "BadLength" })
    expect(alice.peers.send(bob.id, "é".repeat(32 * 1024 + 1), world.now)).toEqual({ _tag: "BadLength" })
  })

  it("carries 2,000 messages", () => {
    const { world, alice, bob } = mutual(4, { loss: 0.01, jitter: 5 })
    const texts = Array.from({ length: 2_000 }, (_, i) => `message ${i}`)
    for (const text of texts) alice.send(bob, text)
    expect(world.run(60_000, () => undelivered(alice, bob) === 0)).toBe(true)
    expect(bob.texts).toEqual(texts)
  })

  it("repairs the loss of a lone message long before a round trip has passed", () => {
    const { world, alice, bob } = mutual(5)
    world.run(10_000)
    const sentAt = world.now
    let dropped = 0
    world.blocks = (_, __, data) => data.length > 100 && dropped++ === 0
    alice.send(bob, "a lone message that is long enough to be told from probes")
    expect(world.run(1_000, () => bob.messages.length === 1)).toBe(true)
    expect(dropped).toBeGreaterThan(0)
    expect(world.now - sentAt).toBe(25 + 15)
  })

  it("repairs the loss of a lone message and of its copy within two round trips and a half", () => {
    const { world, alice, bob } = mutual(5)
    world.run(10_000)
    const sentAt = world.now
    let dropped = 0
    world.blocks = (_, __, data) => data.length > 90 && dropped++ < 2
    alice.send(bob, "a lone message that is long enough to be told from probes")
    expect(world.run(1_000, () => bob.messages.length === 1)).toBe(true)
    expect(dropped).toBeGreaterThan(1)
    expect(world.now - sentAt).toBeLessThan(2.5 * 50 + 25)
  })

  it("keeps the sender waiting while the other application stalls, and goes on when it does", () => {
    const { world, alice, bob } = mutual(6)
    bob.shows = false
    const texts = Array.from({ length: 100 }, (_, i) => `${i}${"y".repeat(10_000)}`)
    for (const text of texts) alice.send(bob, text)
    world.run(30_000)
    const window = 256 * 1024
    expect(bob.texts.join("").length).toBeLessThanOrEqual(window)
    expect(bob.texts.join("").length).toBeGreaterThan(window - 22_000)
    expect(alice.connected(bob)).toBe(true)
    for (const message of bob.messages) bob.peers.delivered(alice.id, message.id, world.now)
    bob.shows = true
    expect(world.run(30_000, () => undelivered(alice, bob) === 0)).toBe(true)
    expect(bob.texts).toEqual(texts)
  })

  it("bounds what a stalled application holds over any number of connections, and loses nothing", () => {
    const { world, alice, bob } = mutual(10)
    bob.shows = false
    for (let round = 0; round < 5; round++) {
      if (round > 0) {
        alice.start()
        world.introduce(alice, bob)
      }
      for (let i = 0; i < 20; i++) alice.send(bob, `${round} ${i} ${"y".repeat(10_000)}`)
      world.run(10_000)
    }
    expect(bob.texts.join("").length).toBeLessThan(512 * 1024 + 64 * 1024)
    for (const message of [...bob.messages]) bob.peers.delivered(alice.id, message.id, world.now)
    bob.shows = true
    expect(world.run(30_000, () => undelivered(alice, bob) === 0)).toBe(true)
    const last = bob.texts.filter((text) => text.startsWith("4 ")).map((text) => text.split(" ")[1])
    expect(last).toEqual(Array.from({ length: 20 }, (_, i) => String(i)))
  })

  it("ends with a goodbye, at once and on both sides", () => {
    const { world, alice, bob } = mutual(7)
    world.run(1_000)
    alice.peers.close(bob.id, world.now)
    world.run(100)
    expect(alice.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "closed" })
    expect(bob.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "left", undelivered: 0 })
    expect(alice.peers.status(bob.id)).toBeUndefined()
    expect(alice.peers.send(bob.id, "too late", world.now)).toEqual({ _tag: "NotConsented" })
    const sent = world.sent.length
    world.run(200_000)
    expect(world.sent.slice(sent).filter(({ from }) => from === alice)).toEqual([])
  })

  it("says goodbye to everybody", () => {
    const world = new World(8)
    const alice = world.node("alice", "203.0.113.1:4000")
    const others = Array.from({ length: 5 }, (_, i) => world.node(`peer ${i}`, `203.0.113.${i + 10}:4000`))
    for (const other of others) world.introduce(alice, other)
    world.run(1_000)
    alice.peers.closeAll(world.now)
    world.run(100)
    for (const other of others) expect(other.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "left" })
    expect(alice.peers.peers()).toEqual([])
  })

  it("refuses to fill the outbox beyond its bounds, and gives it up when told", () => {
    const world = new World(9)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    bob.online = false
    world.introduce(alice, bob)
    const ids = Array.from({ length: 128 }, () => alice.send(bob, "z".repeat(64 * 1024)))
    expect(alice.peers.send(bob.id, "z", world.now)).toEqual({ _tag: "OutboxFull" })
    expect(alice.peers.dropOutbox(bob.id, world.now)).toEqual(ids)
    for (let i = 0; i < 10_000; i++) alice.send(bob, "z")
    expect(alice.peers.send(bob.id, "z", world.now)).toEqual({ _tag: "OutboxFull" })
  })
})

import { describe, expect, it } from "vitest"
import * as Bytes from "../../../src/protocol/Bytes.js"
import { introduction, type LinkOptions, type Node, World } from "./Pair.js"

const pair = (seed: number, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  return { world, alice: world.node("alice", "203.0.113.1:4000"), bob: world.node("bob", "203.0.113.2:4000") }
}

const mutual = (seed: number, link: Partial<LinkOptions> = {}) => {
  const { world, alice, bob } = pair(seed, link)
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(2_000)
  return { world, alice, bob, channel }
}

const lower = (left: Node, right: Node) =>
  Bytes.compare(left.record.staticKey, right.record.staticKey) < 0 ? left : right

describe("handshakes", () => {
  it("make one connection when both begin at once, with the lower static key as initiator", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, alice, bob } = pair(seed, { loss: seed < 5 ? 0 : 0.3, jitter: 40, duplicate: 0.2 })
      const channel = world.channel()
      world.introduce(alice, bob, channel)
      world.introduce(bob, alice, channel)
      alice.send(bob, "from alice")
      bob.send(alice, "from bob")
      const done = () => alice.texts.length === 1 && bob.texts.length === 1
      expect(world.run(30_000, done), `seed ${seed}`).toBe(true)
      world.run(15_000)
      for (const node of [alice, bob]) {
        expect(node.count("Connected"), `seed ${seed}`).toBe(1)
        expect(node.count("Mutual"), `seed ${seed}`).toBe(1)
        expect(node.count("Disconnected"), `seed ${seed}`).toBe(0)
      }
      const answers = world.sent.filter(({ data }) => data[0] === 2)
      const leader = lower(alice, bob)
      expect(new Set(answers.map(({ from }) => from.name)), `seed ${seed}`).not.toContain(leader.name)
      const requests = world.sent.filter(({ data, from }) => data[0] === 1 && from === leader)
      expect(new Set(requests.map(({ data }) => Bytes.toHex(data))).size, `seed ${seed}`).toBe(1)
    }
  })

  it("make one connection when both begin at once on two channels", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, alice, bob } = pair(seed, { loss: seed < 5 ? 0 : 0.2, jitter: 40 })
      world.introduce(alice, bob)
      world.run(seed * 3)
      world.introduce(bob, alice)
      alice.send(bob, "from alice")
      bob.send(alice, "from bob")
      expect(
        world.run(10_000, () => alice.texts.length === 1 && bob.texts.length === 1),
        `seed ${seed}`
      ).toBe(true)
      world.run(60_000)
      for (const node of [alice, bob]) {
        expect(node.events.filter(({ _tag }) => _tag === "Disconnected").length, `seed ${seed}`).toBeLessThanOrEqual(1)
        expect(node.texts, `seed ${seed}`).toHaveLength(1)
      }
    }
  })

  it("connect when the side with the lower key is the one that knows no good address", () => {
    for (let seed = 0; seed < 6; seed++) {
      const { world, alice, bob } = mutual(seed)
      const first = lower(alice, bob)
      const second = first === alice ? bob : alice
      world.blocks = () => true
      world.run(40_000)
      expect(first.connected(second)).toBe(false)
      second.endpoints = [{ family: "ipv4", address: "198.51.100.77", port: 7 }]
      world.blocks = () => false
      expect(
        world.run(60_000, () => first.connected(second) && second.connected(first)),
        `seed ${seed}`
      ).toBe(true)
    }
  })

  it("survive the loss of their first packets", () => {
    for (const type of [1, 2]) {
      const { world, alice, bob } = pair(type)
      let dropped = 0
      world.blocks = (_, __, data) => data[0] === type && dropped++ < 3
      world.introduce(alice, bob)
      alice.send(bob, "hello")
      expect(world.run(3_000, () => bob.texts.length === 1)).toBe(true)
      expect(dropped).toBeGreaterThanOrEqual(3)
      const requests = world.sent.filter(({ data }) => data[0] === 1).map(({ data }) => Bytes.toHex(data))
      expect(new Set(requests).size).toBe(1)
      const replies = world.sent.filter(({ data }) => data[0] === 2).map(({ data }) => Bytes.toHex(data))
      expect(new Set(replies).size).toBe(1)
    }
  })

  it("are made anew when the other side has forgotten what it answered", () => {
    const { world, alice, bob } = pair(11)
    world.blocks = (_, __, data) => data[0] === 2
    world.introduce(alice, bob)
    world.run(50_000)
    world.blocks = () => false
    expect(world.run(20_000, () => alice.connected(bob) && bob.connected(alice))).toBe(true)
  })

  it("are begun again by the side that gave up its own for one that came to nothing", () => {
    const { world, alice, bob } = pair(12)
    const leader = lower(alice, bob)
    const follower = leader === alice ? bob : alice
    const channel = world.channel()
    world.blocks = (from) => follower.owns(from)
    world.introduce(alice, bob, channel)
    world.introduce(bob, alice, channel)
    world.run(1_000)
    leader.peers.close(follower.id, world.now)
    world.run(120_000)
    expect(follower.events).toEqual([{ _tag: "Disconnected", peer: leader.id, reason: "unreachable", undelivered: 0 }])
  })

  it("give up after 90 s, keep the outbox, and start over with a new query", () => {
    const { world, alice, bob } = pair(3)
    bob.online = false
    world.introduce(alice, bob)
    alice.send(bob, "are you there?")
    world.run(89_000)
    expect(alice.events).toEqual([])
    world.run(2_000)
    expect(alice.events).toEqual([{ _tag: "Disconnected", peer: bob.id, reason: "unreachable", undelivered: 1 }])
    const sent = world.sent.length
    world.run(300_000)
    expect(world.sent.slice(sent).filter(({ from }) => from === alice)).toEqual([])
    bob.online = true
    world.introduce(alice, bob)
    world.run(1_000)
    expect(bob.texts).toEqual(["are you there?"])
  })

  it("are refused from a stranger, for another pair, and with another identity's key", () => {
    const { world, alice, bob } = pair(4)
    const mallory = world.node("mallory", "203.0.113.3:4000")
    const channel = world.channel()
    // Bob was told of Alice on this channel; Mallory knows the channel and even its pair key.
    world.introduce(alice, bob, channel)
    alice.online = false
    mallory.peers.invite(
      { channel: channel.name, pairKey: channel.pairKey, record: bob.record, candidates: bob.endpoints },
      world.now
    )
    world.run(10_000)
    expect(bob.events).toEqual([])
    expect(mallory.events).toEqual([])
    expect(world.sent.filter(({ data, from }) => from === bob && data[0] === 2)).toEqual([])
  })

  it("are refused when the record inside names another identity or another key than the introduction", () => {
    for (const claim of ["another identity", "another key"]) {
      const { world, alice, bob } = pair(13)
      const mallory = world.node("mallory", "203.0.113.3:4000")
      const [honest, claimed] = claim === "another key" ? [mallory, alice] : [alice, mallory]
      const replace = (payload: Uint8Array) => {
        const at = Buffer.from(payload).indexOf(honest.record.identity)
        expect(at).toBeGreaterThan(0)
        payload.set(claimed.record.identity, at)
        return payload
      }
      honest.tamper = replace
      const channel = world.channel()
      bob.peers.admit(introduction(alice, channel), world.now)
      honest.peers.invite(introduction(bob, channel), world.now)
      world.run(10_000)
      expect(bob.cryptoCalls, claim).toBeGreaterThan(0)
      expect(bob.events, claim).toEqual([])
      expect(
        world.sent.filter(({ data, from }) => from === bob && data[0] === 2),
        claim
      ).toEqual([])
    }
  })

  it("are not believed when the answer names another identity", () => {
    const { world, alice, bob } = pair(14)
    bob.tamper = (payload) => {
      payload.set(alice.record.identity, Buffer.from(payload).indexOf(bob.record.identity))
      return payload
    }
    world.introduce(alice, bob)
    alice.send(bob, "is it you?")
    world.run(10_000)
    expect(alice.events).toEqual([])
    expect(alice.sealed).toEqual([])
  })

  it("change nothing when every packet of a conversation is replayed, from anywhere, at any time", () => {
    const { world, alice, bob } = mutual(5)
    for (let i = 0; i < 10; i++) {
      alice.send(bob, `a${i}`)
      bob.send(alice, `b${i}`)
      world.run(500)
    }
    const trace = [...world.trace]
    const before = [alice.events.length, bob.events.length]
    const replayAll = () => {
      for (const { data, from, to } of trace) {
        to.peers.handleDatagram(from, data.slice(), world.now)
        to.peers.handleDatagram(
          { _tag: "Direct", endpoint: { family: "ipv4", address: "198.51.100.9", port: 9 } },
          data.slice(),
          world.now
        )
        to.drain()
      }
    }
    replayAll()
    world.run(30_000)
    replayAll()
    world.run(30_000)
    expect([alice.events.length, bob.events.length]).toEqual(before)
    // Only the stored answer to the very last handshake goes to the replayer; no data does.
    const toReplayer = world.sent.filter(({ to }) => to === "198.51.100.9:9")
    expect(toReplayer.every(({ data }) => data[0] === 2)).toBe(true)
    expect(alice.peers.status(bob.id)?.path?.address).toBe("203.0.113.2:4000")
    alice.send(bob, "still here")
    world.run(1_000)
    expect(bob.texts.at(-1)).toBe("still here")
  })

  it("change nothing when bits are flipped in flight, beyond the loss of the packet", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { world, alice, bob } = pair(seed)
      world.blocks = (_, __, data) => {
        if (world.random() < 0.2) data[Math.floor(world.random() * data.length)]! ^= 1 << Math.floor(world.random() * 8)
        return false
      }
      const channel = world.channel()
      world.introduce(alice, bob, channel)
      world.introduce(bob, alice, channel)
      const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`)
      for (const text of texts) alice.send(bob, text)
      expect(
        world.run(30_000, () => bob.texts.length === 20),
        `seed ${seed}`
      ).toBe(true)
      expect(bob.texts).toEqual(texts)
      expect(alice.count("Disconnected")).toBe(0)
    }
  })

  it("bring what was not delivered to a restarted peer exactly once, and nothing twice to the one that stayed", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, alice, bob } = mutual(seed, { loss: 0.05, jitter: 30 })
      for (let i = 0; i < 10; i++) {
        alice.send(bob, `before ${i}`)
        bob.send(alice, `reply ${i}`)
      }
      world.run(world.random() * 150)
      const confirmed = alice.count("Delivered")
      bob.online = false
      for (let i = 0; i < 5; i++) alice.send(bob, `meanwhile ${i}`)
      world.run(world.random() * 60_000)
      const shownBefore = bob.texts.length
      bob.start()
      bob.online = true
      if (seed % 2 === 0) world.introduce(bob, alice)
      else world.introduce(alice, bob)
      // A confirmation of the old process may be under way still when it died, so what it had confirmed is a lower
      // bound.
      expect(
        world.run(30_000, () => alice.peers.status(bob.id)?.undelivered === 0),
        `seed ${seed}`
      ).toBe(true)
      const all = [
        ...Array.from({ length: 10 }, (_, i) => `before ${i}`),
        ...Array.from({ length: 5 }, (_, i) => `meanwhile ${i}`)
      ]
      const after = bob.texts.slice(shownBefore)
      expect(after, `seed ${seed}`).toEqual(all.slice(all.length - after.length))
      expect(all.length - after.length, `seed ${seed}`).toBeGreaterThanOrEqual(confirmed)
      expect(all.length - after.length, `seed ${seed}`).toBeLessThanOrEqual(shownBefore)
      expect(new Set(alice.texts).size, `seed ${seed}`).toBe(alice.texts.length)
    }
  })

  it("work again on the same channel after either side has closed", () => {
    const { world, alice, bob, channel } = mutual(16)
    for (let i = 0; i < 8; i++) {
      const [from, to] = i % 2 === 0 ? [alice, bob] : [bob, alice]
      const other = i % 4 < 2 ? from : to
      other.peers.close(other === from ? to.id : from.id, world.now)
      world.run(500)
      world.introduce(from, to, channel)
      from.send(to, `message ${i}`)
      expect(
        world.run(1_000, () => to.texts.at(-1) === `message ${i}`),
        `round ${i}`
      ).toBe(true)
    }
  })

  it("tell the application of a replaced connection before the new one", () => {
    const { world, alice, bob } = mutual(6)
    bob.start()
    world.introduce(bob, alice)
    world.run(1_000)
    const tags = alice.events.map((event) => (event._tag === "Disconnected" ? event.reason : event._tag))
    expect(tags).toEqual(["Connected", "Mutual", "replaced", "Connected", "Mutual"])
  })

  it("keep a living connection when the server introduces the pair again", () => {
    const { world, alice, bob } = mutual(7)
    for (let i = 0; i < 10; i++) {
      world.introduce(i % 2 === 0 ? alice : bob, i % 2 === 0 ? bob : alice)
      alice.send(bob, `message ${i}`)
      world.run(1_000)
    }
    expect(bob.texts).toHaveLength(10)
    for (const node of [alice, bob])
      expect(node.events.filter((event) => event._tag.endsWith("onnected"))).toHaveLength(1)
  })

  it("renew the keys every two minutes under a running conversation, and use no key with a counter twice", () => {
    const { world, alice, bob } = mutual(8, { loss: 0.03, jitter: 20, duplicate: 0.05 })
    const texts: Array<string> = []
    for (let i = 0; i < 400; i++) {
      texts.push(`message ${i}`)
      alice.send(bob, texts.at(-1)!)
      if (i % 3 === 0) bob.send(alice, `reply ${i}`)
      world.run(18_000)
    }
    expect(bob.texts).toEqual(texts)
    for (const node of [alice, bob]) {
      expect(node.count("Disconnected")).toBe(0)
      const pairs = node.sealed.map(({ counter, key }) => `${key} ${counter}`)
      expect(new Set(pairs).size).toBe(pairs.length)
      expect(new Set(node.sealed.map(({ counter }) => counter)).size).toBe(node.sealed.length)
      // Two hours, 120 s each, a round trip in between.
      expect(new Set(node.sealed.map(({ key }) => key)).size).toBeGreaterThan(55)
      expect(new Set(node.sealed.map(({ key }) => key)).size).toBeLessThan(62)
    }
  })

  it("use no key with a counter twice over restarts, goodbyes and crossing queries", () => {
    const { world, alice, bob } = pair(9, { loss: 0.1, jitter: 50 })
    for (let i = 0; i < 40; i++) {
      const [from, to] = world.random() < 0.5 ? [alice, bob] : [bob, alice]
      const dice = world.random()
      if (dice < 0.2) from.start()
      else if (dice < 0.3) from.peers.close(to.id, world.now)
      else world.introduce(from, to)
      from.peers.send(to.id, `message ${i}`, world.now)
      world.run(world.random() * 5_000)
    }
    const pairs = [...alice.sealed, ...bob.sealed].map(({ counter, key }) => `${key} ${counter}`)
    expect(pairs.length).toBeGreaterThan(200)
    expect(new Set(pairs).size).toBe(pairs.length)
  })

  it("are needed every three minutes: older keys seal nothing", () => {
    const { world, alice, bob } = mutual(15)
    const since = world.now
    world.blocks = (_, __, data) => data[0] === 1
    world.run(200_000)
    const late = world.sent.filter(({ at, data }) => data[0] === 3 && at > since + 180_000)
    expect(late).toEqual([])
    for (const node of [alice, bob])
      expect(node.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "timeout" })
    world.blocks = () => false
    expect(world.run(60_000, () => alice.connected(bob) && bob.connected(alice))).toBe(true)
  })

  it("are begun by the other side when the initiator does not renew the keys in time", () => {
    const { world, alice, bob } = pair(10)
    const other = lower(alice, bob)
    const initiator = other === alice ? bob : alice
    world.introduce(initiator, other)
    world.run(2_000)
    world.blocks = (from, _, data) => data[0] === 1 && initiator.owns(from)
    world.run(200_000)
    expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
    initiator.send(other, "still one connection")
    world.run(1_000)
    expect(other.texts).toEqual(["still one connection"])
  })
})

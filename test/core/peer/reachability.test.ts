import { describe, expect, it } from "vitest"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { peerId } from "../../support/ids.js"
import { introduction, type LinkOptions, type Node, World } from "./Pair.js"

const endpoint = (text: string) => Endpoint.parse(text)!

const mutual = (seed: number, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(2_000)
  return { world, alice, bob }
}

const path = (node: Node, to: Node) => node.peers.status(to.id)?.path

describe("paths", () => {
  it("prefer the LAN, and tell when the path changes", () => {
    const world = new World(1)
    const alice = world.node("alice", "203.0.113.1:4000", ["192.168.1.10:4000"])
    const bob = world.node("bob", "203.0.113.1:4001", ["192.168.1.11:4000"])
    world.blocks = (_, to) => Endpoint.scope(to) === "private" && world.now < 2_000
    world.introduce(alice, bob)
    world.run(1_000)
    expect(path(alice, bob)).toMatchObject({ kind: "direct" })
    world.run(3_000)
    expect(path(alice, bob)).toMatchObject({ kind: "lan", address: "192.168.1.11:4000" })
    expect(path(bob, alice)).toMatchObject({ kind: "lan", address: "192.168.1.10:4000" })
    expect(alice.events.map((event) => event._tag)).toEqual(["Connected", "PathChanged"])
  })

  it("fall back to another candidate when the one in use dies", () => {
    const world = new World(2)
    const alice = world.node("alice", "203.0.113.1:4000", ["192.168.1.10:4000"])
    const bob = world.node("bob", "203.0.113.1:4001", ["192.168.1.11:4000"])
    world.introduce(alice, bob)
    world.introduce(bob, alice)
    world.run(3_000)
    expect(path(alice, bob)?.kind).toBe("lan")
    world.blocks = (_, to) => Endpoint.scope(to) === "private"
    const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`)
    for (const text of texts) {
      alice.send(bob, text)
      world.run(1_000)
    }
    expect(bob.texts).toEqual(texts)
    expect(path(alice, bob)?.kind).toBe("direct")
    expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
  })

  it("follow a peer whose address changes in the middle of a conversation, without a new handshake", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { world, alice, bob } = mutual(seed, { loss: 0.02, jitter: 10 })
      const handshakes = world.sent.filter(({ data }) => data[0] === 1).length
      const expected: Array<string> = []
      for (let i = 0; i < 60; i++) {
        if (i % 20 === 10) alice.endpoints = [endpoint(`198.51.100.${i}:${1000 + i}`)]
        expected.push(`message ${i}`)
        bob.send(alice, expected.at(-1)!)
        if (i % 2 === 0) alice.send(bob, `reply ${i}`)
        world.run(500)
      }
      world.run(5_000)
      expect(alice.texts, `seed ${seed}`).toEqual(expected)
      expect(path(bob, alice)?.address, `seed ${seed}`).toBe("198.51.100.50:1050")
      expect(alice.count("Disconnected") + bob.count("Disconnected"), `seed ${seed}`).toBe(0)
      expect(world.sent.filter(({ data }) => data[0] === 1).length, `seed ${seed}`).toBe(handshakes)
    }
  })

  it("answer a peer that has moved at its new address at once", () => {
    const { world, alice, bob } = mutual(11)
    alice.send(bob, "before")
    world.run(1_000)
    alice.endpoints = [endpoint("198.51.100.7:7000")]
    alice.send(bob, "I have moved")
    world.run(100, () => bob.texts.length === 2)
    bob.send(alice, "so I see")
    expect(world.run(100, () => alice.texts.length === 1)).toBe(true)
    expect(bob.events.at(-1)).toMatchObject({ _tag: "PathChanged", path: { address: "198.51.100.7:7000" } })
  })

  it("find another candidate soon when the one in use died in a long silence", () => {
    const world = new World(12)
    const alice = world.node("alice", "203.0.113.1:4000", ["192.168.1.10:4000"])
    const bob = world.node("bob", "203.0.113.1:4001", ["192.168.1.11:4000"])
    world.introduce(alice, bob)
    world.run(100_000)
    expect(path(alice, bob)?.kind).toBe("lan")
    world.blocks = (_, to) => Endpoint.scope(to) === "private"
    alice.send(bob, "which way?")
    expect(world.run(2_000, () => bob.texts.length === 1)).toBe(true)
  })

  it("reach a new address that the peer announces before it hears from there", () => {
    const { world, alice, bob } = mutual(3)
    const next = endpoint("198.51.100.7:7000")
    // Both addresses work; the old one stops a little later.
    alice.endpoints = [...alice.endpoints, next]
    alice.peers.setLocal(alice.signed, alice.endpoints, world.now)
    world.run(2_000)
    expect(world.sent.some(({ from, to }) => from === bob && to === "198.51.100.7:7000")).toBe(true)
    alice.endpoints = [next]
    bob.send(alice, "over there")
    expect(world.run(14_000, () => alice.texts.length === 1)).toBe(true)
  })

  it("notice a dead peer within 25 s of a conversation, and find it again when it is back", () => {
    const { world, alice, bob } = mutual(4)
    bob.online = false
    const diedAt = world.now
    alice.send(bob, "hello?")
    expect(world.run(60_000, () => alice.count("Disconnected") === 1)).toBe(true)
    expect(world.now - diedAt).toBeLessThanOrEqual(25_000)
    expect(alice.events.at(-1)).toMatchObject({ reason: "timeout", undelivered: 1 })
    world.run(600_000)
    expect(alice.count("Disconnected")).toBe(1)
    bob.online = true
    expect(world.run(60_000, () => bob.texts.length === 1)).toBe(true)
    expect(bob.texts).toEqual(["hello?"])
  })

  it("survive an outage that is shorter than that", () => {
    const { world, alice, bob } = mutual(5)
    for (let i = 0; i < 5; i++) {
      world.blocks = () => true
      alice.send(bob, `message ${i}`)
      world.run(10_000)
      world.blocks = () => false
      expect(
        world.run(5_000, () => bob.texts.length === i + 1),
        `outage ${i}`
      ).toBe(true)
      world.run(5_000)
    }
    expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
  })

  it("stay up in silence for hours, with less than three packets a minute from each side", () => {
    const { world, alice, bob } = mutual(6)
    world.run(60_000)
    const before = world.sent.length
    world.run(3_600_000)
    // One side probes every 24 to 28 s, the other answers. Beside that, keys are renewed every two minutes.
    for (const node of [alice, bob]) {
      const packets = world.sent.slice(before).filter(({ data, from }) => from === node && data[0] === 3)
      expect(packets.length).toBeLessThan(3 * 60)
      expect(packets.length).toBeGreaterThan(3_600 / 28)
    }
    expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
    alice.send(bob, "still there?")
    expect(world.run(100, () => bob.texts.length === 1)).toBe(true)
  })

  it("open the filters of two strict NATs for each other", () => {
    const world = new World(7)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    const opened = new Set<string>()
    world.blocks = (from, to) => {
      opened.add(`${Endpoint.format(from)} ${Endpoint.format(to)}`)
      return !opened.has(`${Endpoint.format(to)} ${Endpoint.format(from)}`)
    }
    world.introduce(alice, bob)
    alice.send(bob, "through the wall")
    expect(world.run(1_000, () => bob.texts.length === 1)).toBe(true)
    expect(world.sent.some(({ data, from }) => from === bob && data.length === 1 && data[0] === 0)).toBe(true)
  })

  it("send an address that was never proven at most three times what came from it, besides eight small probes", () => {
    const { world, alice, bob } = mutual(8)
    // Alice's packets are captured and sent on from a victim's address, which of course never answers.
    const victim = endpoint("192.0.2.66:666")
    let received = 0
    world.blocks = (from, _, data) => {
      if (!alice.owns(from)) return false
      received += data.length
      bob.peers.handleDatagram({ _tag: "Direct", endpoint: victim }, data.slice(), world.now)
      return true
    }
    for (let i = 0; i < 20; i++) {
      bob.send(alice, "x".repeat(5_000))
      alice.send(bob, `message ${i}`)
      world.run(400)
    }
    const probes = 8 * 38 * 4
    const toVictim = world.sent
      .filter(({ to }) => to === "192.0.2.66:666")
      .reduce((sum, { data }) => sum + data.length, 0)
    expect(toVictim).toBeGreaterThan(0)
    expect(toVictim).toBeLessThanOrEqual(3 * received + probes)
  })

  it("send false candidates nothing but eight small probes each", () => {
    const world = new World(9)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    const channel = world.channel()
    const victims = Array.from({ length: 7 }, (_, i) => endpoint(`192.0.2.${i + 1}:53`))
    bob.peers.setLocal(bob.signed, [...bob.endpoints, ...victims], world.now)
    bob.peers.admit(introduction(alice, channel), world.now)
    alice.peers.invite({ ...introduction(bob, channel), candidates: [...bob.endpoints, ...victims] }, world.now)
    alice.send(bob, "hello")
    world.run(600_000)
    for (const victim of victims) {
      const packets = world.sent.filter(({ from, to }) => from === alice && to === Endpoint.format(victim))
      const probes = packets.filter(({ data }) => data[0] === 3)
      expect(probes.length).toBeLessThanOrEqual(8)
      expect(Math.max(...probes.map(({ data }) => data.length))).toBeLessThanOrEqual(64)
      // One HS1 may go there as well, before anybody has answered.
      expect(packets.length - probes.length).toBeLessThanOrEqual(1)
    }
  })

  it("send nothing to what is no peer's address", () => {
    const world = new World(13)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    const unusable = ["224.0.0.1:5", "255.255.255.255:5", "0.0.0.0:5", "[ff02::1]:5", "203.0.113.9:0"].map(endpoint)
    bob.peers.setLocal(bob.signed, [...bob.endpoints, ...unusable.slice(0, 4)], world.now)
    const channel = world.channel()
    alice.peers.admit({ ...introduction(bob, channel), candidates: unusable }, world.now)
    bob.peers.invite(introduction(alice, channel), world.now)
    world.run(10_000)
    expect(alice.connected(bob)).toBe(true)
    expect(world.sent.filter(({ from, to }) => from === alice && to !== "203.0.113.2:4000")).toEqual([])
  })

  it("of this machine are used only for a program on this machine, and such as mean another one here never", () => {
    for (const isHere of [false, true]) {
      const world = new World(14)
      const alice = world.node("alice", "203.0.113.1:4000")
      const bob = world.node("bob", "203.0.113.2:4000")
      const named = ["127.0.0.1:53", "[::1]:53", "169.254.169.254:80", "[fe80::1]:4000"]
      bob.peers.setLocal(bob.signed, [...bob.endpoints, ...named.map(endpoint)], world.now)
      const channel = world.channel()
      alice.peers.admit({ ...introduction(bob, channel), isHere }, world.now)
      bob.peers.invite(introduction(alice, channel), world.now)
      world.run(10_000)
      bob.peers.setLocal(bob.signed, [...named.map(endpoint), ...bob.endpoints], world.now)
      world.run(10_000)
      expect(alice.connected(bob)).toBe(true)
      const sent = new Set(world.sent.filter(({ from }) => from === alice).map(({ to }) => to))
      expect(sent).toEqual(new Set(["203.0.113.2:4000", ...(isHere ? ["127.0.0.1:53", "[::1]:53"] : [])]))
    }
  })

  it("probe at once after a nudge", () => {
    const { world, alice, bob } = mutual(10)
    world.run(60_000)
    const before = world.sent.length
    alice.peers.nudge(bob.id, world.now)
    alice.drain()
    expect(world.sent.length).toBeGreaterThan(before)
    alice.peers.nudge(peerId("nobody"), world.now)
  })
})

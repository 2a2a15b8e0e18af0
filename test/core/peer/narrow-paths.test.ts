import { describe, expect, it } from "vitest"
import { type Node, World } from "./Pair.js"

/** Two that are connected, on a path or a relay that carries `limit` bytes and swallows larger packets. */
const meet = (limit: () => number, relay = false) => {
  const world = new World(7)
  world.blocks = (_from, _to, data) => relay || data.length > limit()
  world.relay = relay
  world.relayBlocks = (_from, _to, data) => data.length > limit()
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(5_000, () => alice.count("Mutual") > 0 && bob.count("Mutual") > 0)
  return { alice, bob, world }
}

const LONG = "x".repeat(3_000)

/** Sends `bytes` on a stream, and reads it on the other side: how many came within a minute. */
const transfer = (world: World, from: Node, to: Node, bytes: number): number => {
  const stream = from.peers.openStream(to.id, world.now)
  if (typeof stream !== "number") throw new Error(stream._tag)
  let written = 0
  let read = 0
  let looked = 0
  world.run(60_000, () => {
    if (looked === world.now) return false
    looked = world.now
    while (written < bytes) {
      const size = Math.min(8_192, bytes - written)
      written += size
      if (from.peers.writeStream(to.id, stream, new Uint8Array(size), world.now) !== true) break
    }
    for (;;) {
      const data = to.peers.readStream(from.id, stream, world.now)
      if (data === undefined || data === "end") break
      read += data.length
    }
    return read >= bytes
  })
  return read
}

const pathOf = (node: Node, peer: Node, now: number) =>
  node.peers.explain(peer.id, now)!.connection!.paths.find((path) => path.active)!

describe("a path that swallows large packets", () => {
  // 576 and 1,124 bytes of IP, less 28 of headers.
  it.each([548, 1_096])("carries long messages and streams where it takes %i bytes", (limit) => {
    const { alice, bob, world } = meet(() => limit)
    alice.send(bob, LONG)
    alice.send(bob, "and a line")
    world.run(3_000, () => bob.messages.length === 2)
    expect(bob.texts).toEqual([LONG, "and a line"])
    expect(transfer(world, alice, bob, 300_000)).toBe(300_000)
    expect(pathOf(alice, bob, world.now)).toMatchObject({ narrow: true, packetBytes: limit < 1_024 ? 512 : 1_024 })
  })

  it("is found to be one in the middle of a talk, and to be none any more", () => {
    let limit = 1_500
    const { alice, bob, world } = meet(() => limit)
    expect(transfer(world, alice, bob, 300_000)).toBe(300_000)
    expect(pathOf(alice, bob, world.now)).toMatchObject({ narrow: false, packetBytes: 1_432 })
    limit = 1_096
    alice.send(bob, LONG)
    world.run(3_000, () => bob.messages.length === 1)
    expect(bob.texts).toEqual([LONG])
    expect(transfer(world, alice, bob, 3_000_000)).toBe(3_000_000)
    expect(pathOf(alice, bob, world.now)).toMatchObject({ narrow: true, packetBytes: 1_024 })
    limit = 1_500
    world.run(600_000)
    expect(transfer(world, alice, bob, 300_000)).toBe(300_000)
    expect(pathOf(alice, bob, world.now)).toMatchObject({ narrow: false, packetBytes: 1_432 })
  })

  it("may as well be the relay's", () => {
    const { alice, bob, world } = meet(() => 515, true)
    alice.send(bob, LONG)
    world.run(3_000, () => bob.messages.length === 1)
    expect(bob.texts).toEqual([LONG])
    expect(transfer(world, alice, bob, 100_000)).toBe(100_000)
  })

  it("is not thought to be one because a tenth of all packets is lost", () => {
    const { alice, bob, world } = meet(() => 1_500)
    world.link = { ...world.link, loss: 0.1 }
    expect(transfer(world, alice, bob, 2_000_000)).toBe(2_000_000)
    expect(pathOf(alice, bob, world.now)).toMatchObject({ narrow: false })
  })
})

/**
 * Two on one local network, of whom one stands still for 300 ms at the begin of each 4 MB but the first: what is sent
 * to it meanwhile waits, as far as `buffer` bytes go, and is lost beyond. Gives how many packets of each size it was
 * sent.
 */
const stalling = (buffer: number, relay = false): { read: number; sizes: ReadonlyMap<number, number> } => {
  const world = new World(7, { latency: 1 })
  world.keepsPackets = false
  const sizes = new Map<number, number>()
  let until = 0
  let queued = 0
  world.blocks = (_from, to, data) => {
    world.link = { ...world.link, latency: 1 + Math.max(0, until - world.now) }
    if (to.address !== "192.168.1.3") return false
    sizes.set(data.length, (sizes.get(data.length) ?? 0) + 1)
    queued = world.now < until ? queued + data.length : 0
    return queued > buffer
  }
  const alice = world.node("alice", "192.168.1.2:4000")
  const bob = world.node("bob", "192.168.1.3:4000")
  alice.keepsPlaintext = bob.keepsPlaintext = false
  world.relay = relay
  alice.peers.setRelayRate({ burst: 65_536, perSecond: 65_536 })
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(5_000, () => alice.count("Mutual") > 0 && bob.count("Mutual") > 0)
  let read = 0
  for (let part = 0; part < 4; part++) {
    if (part > 0) until = world.now + 300
    read += transfer(world, alice, bob, 4_000_000)
  }
  return { read, sizes }
}

describe("a peer that stands still for a moment", () => {
  it.each([Number.POSITIVE_INFINITY, 50_000])(
    "is sent full packets afterwards, where %d bytes wait for it",
    (buffer) => {
      const { read, sizes } = stalling(buffer)
      expect(read).toBe(16_000_000)
      // Those that find the size once, some for each of three silences, and nearly all the rest full.
      expect(sizes.get(512)).toBeLessThan(100)
      expect(sizes.get(8_900)).toBeGreaterThan(16_000_000 / 8_900 - 100)
    }
  )

  it("is sent no small packets for copies that its relay has no room for", () => {
    const { read, sizes } = stalling(Number.POSITIVE_INFINITY, true)
    expect(read).toBe(16_000_000)
    expect(sizes.get(512)).toBeLessThan(600)
    expect(sizes.get(8_900)).toBeGreaterThan(16_000_000 / 8_900 - 100)
  })
})

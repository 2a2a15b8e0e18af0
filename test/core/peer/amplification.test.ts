import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { FREE, GUESSES, HANDSHAKES } from "../../../src/core/peer/path/AddressBudget.js"
import { PURSE } from "../../../src/core/peer/path/Path.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { full, some } from "../../support/Effort.js"
import { direct, type Node, World } from "./Pair.js"

/** Attacks on somebody who has nothing to do with it, by a peer that names or forges that address. */

const VICTIM = "198.51.100.66:666"
/** How long somebody is attacked. */
const HOURS = full ? 1 : 0.2
/** Bytes of the headers of IPv4 and UDP. */
const HEADERS = 28

const mutual = (seed: number) => {
  const world = new World(seed)
  const alice = world.node("alice", "203.0.113.1:4000")
  const mallory = world.node("mallory", "203.0.113.2:4000")
  const channel = world.channel()
  world.introduce(alice, mallory, channel)
  world.introduce(mallory, alice, channel)
  world.run(2_000)
  return { world, alice, mallory }
}

const frames = (...all: ReadonlyArray<Frame.Frame>): Uint8Array => {
  const bytes = new Uint8Array(1_100)
  const writer = new Writer(bytes)
  for (const frame of all) Frame.write(writer, frame)
  return bytes.subarray(0, writer.offset)
}

const at = (text: string) => Endpoint.parse(text.replace(/:(\d+).*$/, ":$1"))!

/** Alice, and so many peers of whom each names eight ports of the victim as addresses of its own. */
const named = (seed: number, relay: boolean, count: number) => {
  const world = new World(seed)
  world.relay = relay
  const alice = world.node("alice", "203.0.113.1:4000")
  for (let i = 0; i < count; i++) {
    const ports = Array.from({ length: 8 }, (_, j) => `198.51.100.66:${1_000 + 8 * i + j}`)
    const [first, ...more] = relay ? [`203.0.113.${10 + i}:4000`, ...ports.slice(1)] : ports
    world.node(`mallory ${i}`, first!, more)
  }
  const isVictim = (to: string) => to.startsWith("198.51.100.66:")
  world.blocks = (_, to) => isVictim(Endpoint.format(to))
  const bytes = () =>
    world.sent
      .filter(({ from, to }) => from === alice && isVictim(to))
      .reduce((sum, { data }) => sum + data.length + HEADERS, 0)
  return { alice, bytes, world }
}

/** What a hostile peer may put into a packet. */
const KIND = fc.constantFrom<(world: World) => ReadonlyArray<Frame.Frame>>(
  (world) => Array.from({ length: 1 + world.random() * 20 }, () => ({ _tag: "Ping", token: world.bytes(8) })),
  () => [{ _tag: "Consent" }],
  (world) => [{ _tag: "Consent" }, { _tag: "Ping", token: world.bytes(8) }],
  () => [{ _tag: "MaxData", stream: 1, limit: 100_000_000 }],
  () => [{ _tag: "Ack", delay: 0, ranges: [{ start: 0, end: 1 }] }],
  (world) => [{ _tag: "Pong", token: world.bytes(8), observed: undefined }]
)

/** What `from` has sent to an address since `after` (an index of `world.sent`). */
const sentTo = (world: World, from: Node, to: string, after = 0) => {
  const packets = world.sent.slice(after).filter((packet) => packet.from === from && packet.to === to)
  const payload = packets.reduce((sum, { data }) => sum + data.length, 0)
  return { packets: packets.length, payload, bytes: payload + HEADERS * packets.length }
}

/** Alice, and one who has asked for her and is asked back, and again and again has her guess at all ports there are. */
const guessing = (seed: number, seesAddresses: boolean) => {
  const world = new World(seed)
  world.relay = true
  world.seesAddresses = seesAddresses
  world.blocks = () => true
  const alice = world.node("alice", "203.0.113.1:4000")
  const mallory = world.node("mallory", "198.51.100.66:1000")
  const channel = world.channel()
  world.introduce(alice, mallory, channel)
  world.introduce(mallory, alice, channel)
  world.run(2_000)
  const begun = world.now
  while (world.now < begun + HOURS * 3_600_000) {
    const first = Endpoint.make("198.51.100.66", 1_024)!
    mallory.peers.searches.ask(alice.id, { _tag: "Guess", first, stride: 1, ports: 64_512, count: 1_024 }, world.now)
    mallory.send(alice, "go on")
    world.run(20_000)
  }
  const sent = world.sent.filter(({ from, to }) => from === alice && to.startsWith("198.51.100.66:"))
  const bytes = sent.reduce((sum, { data }) => sum + data.length + HEADERS, 0)
  const others = sent.reduce((sum, { data }) => sum + (data.length === 1 ? 0 : data.length + HEADERS), 0)
  return { bytes, others, ports: new Set(sent.map(({ to }) => to)).size }
}

describe("an address of which a peer says that ports are to be guessed", () => {
  it("gets as little as any other that was named, unless the server sees the peer there", () => {
    const { bytes } = guessing(1, false)
    expect(bytes).toBeLessThanOrEqual((1 + HOURS) * FREE)
    expect(bytes).toBeGreaterThan(FREE / 2)
  })

  it("gets 32 KiB at once and 32 KiB an hour of single bytes besides, where the server sees the peer", () => {
    const { bytes, others, ports } = guessing(2, true)
    expect(bytes - others).toBeLessThanOrEqual((1 + HOURS) * GUESSES)
    expect(ports).toBeGreaterThan(1_000)
    expect(others).toBeLessThanOrEqual((1 + HOURS) * FREE)
  })
})

describe("an address that a peer forges", () => {
  it("gets one PONG for a packet at most, however many PINGs are in it", () => {
    const { alice, mallory, world } = mutual(1)
    const from = direct(VICTIM)
    let received = 0
    for (let i = 0; i < 1_000; i++) {
      const pings = Array.from({ length: 16 }, () => ({ _tag: "Ping", token: world.bytes(8) }) as const)
      const packet = mallory.forge(frames(...pings))
      received += packet.length
      alice.peers.handleDatagram(from, packet, world.now)
      alice.drain()
      world.run(1)
    }
    const { packets, payload } = sentTo(world, alice, VICTIM)
    expect(packets).toBeGreaterThan(900)
    expect(packets).toBeLessThan(1_100)
    expect(payload).toBeLessThan(0.4 * received)
  })
})

describe("made-up acknowledgements", () => {
  it("end the connection as a violation before 256 packets are acknowledged", () => {
    for (let seed = 1; seed <= (full ? 20 : 5); seed++) {
      const { alice, mallory, world } = mutual(seed)
      const stream = alice.peers.openStream(mallory.id, world.now) as number
      alice.peers.writeStream(mallory.id, stream, new Uint8Array(60_000), world.now)
      world.run(500)
      // Mallory's program stops; what comes from its address from now on is made up.
      mallory.online = false
      const seen = () => world.sent.filter(({ data, from }) => from === alice && data[0] === 3).at(-1)!.data
      const last = () => Number(new DataView(seen().buffer, seen().byteOffset).getBigUint64(5))
      const first = last()
      const ended = world.run(60_000, () => {
        if (alice.count("Disconnected") > 0) return true
        const ack = { _tag: "Ack", delay: 0, ranges: [{ start: first, end: last() + 1 }] } as const
        alice.peers.writeStream(mallory.id, stream, new Uint8Array(60_000), world.now)
        alice.peers.handleDatagram(
          { _tag: "Direct", endpoint: mallory.endpoints[0]! },
          mallory.forge(frames(ack)),
          world.now
        )
        return false
      })
      expect(ended, `seed ${seed}`).toBe(true)
      expect(alice.events.at(-1), `seed ${seed}`).toMatchObject({ _tag: "Disconnected", reason: "closed" })
      expect(last() - first, `seed ${seed}`).toBeLessThan(256)
    }
  })
})

describe("an address that proved nothing", () => {
  it("gets at most three times what came from it, whatever a peer sends from there", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(fc.tuple(KIND, fc.nat(400)), { minLength: 1, maxLength: 60 }),
        (seed, steps) => {
          const { alice, mallory, world } = mutual(seed)
          const stream = alice.peers.openStream(mallory.id, world.now) as number
          const before = world.sent.length
          let payload = 0
          let wire = 0
          for (const [kind, pause] of steps) {
            alice.peers.writeStream(mallory.id, stream, new Uint8Array(5_000), world.now)
            const packet = mallory.forge(frames(...kind(world)))
            payload += packet.length
            wire += packet.length + HEADERS
            alice.peers.handleDatagram(direct(VICTIM), packet, world.now)
            alice.drain()
            world.run(pause)
            const sent = sentTo(world, alice, VICTIM, before)
            expect(sent.payload).toBeLessThanOrEqual(3 * payload)
            expect(sent.bytes).toBeLessThanOrEqual(3 * wire)
          }
        }
      ),
      { numRuns: some(60) }
    )
  })

  it("gets no more for old handshakes that somebody sends again from there", () => {
    const { alice, mallory, world } = mutual(2)
    const handshakes = world.trace.filter(({ data, to }) => data[0] === 1 && (to === alice || to === mallory))
    expect(handshakes.length).toBeGreaterThan(0)
    let received = 0
    for (let i = 0; i < 500; i++) {
      for (const { data, to } of handshakes) {
        received += data.length
        to.peers.handleDatagram(direct(VICTIM), data.slice(), world.now)
        to.drain()
      }
      world.run(100)
    }
    const sent = [alice, mallory].reduce((sum, node) => sum + sentTo(world, node, VICTIM).payload, 0)
    expect(sent).toBeGreaterThan(0)
    expect(sent).toBeLessThanOrEqual(3 * received)
  })

  for (const relay of [false, true])
    it(`gets 4 KiB at once and 4 KiB an hour, and some handshakes where there is no relay, however many peers name it and however often (${relay ? "with" : "without"} relay)`, () => {
      const { alice, bytes, world } = named(3, relay, full ? 8 : 4)
      const start = world.now
      while (world.now < start + HOURS * 3_600_000) {
        for (const mallory of world.nodes.slice(1)) world.introduce(alice, mallory)
        world.run(full ? 90_000 : 180_000)
      }
      const handshakes = relay ? 0 : HANDSHAKES.burst + HOURS * 3_600 * HANDSHAKES.perSecond
      expect(bytes()).toBeGreaterThan(FREE / 2)
      expect(bytes()).toBeLessThanOrEqual((1 + HOURS) * FREE + handshakes)
    })

  it("gets as little when peers that are connected call to it again and again", () => {
    const { alice, bytes, world } = named(4, true, full ? 8 : 4)
    for (const mallory of world.nodes.slice(1)) world.introduce(alice, mallory)
    world.run(5_000)
    const start = world.now
    while (world.now < start + HOURS * 3_600_000) {
      for (const mallory of world.nodes.slice(1)) {
        const endpoints = Array.from({ length: 8 }, (_, i) => at(`198.51.100.66:${1 + world.random() * 9_000 + i}`))
        const packet = mallory.forge(frames({ _tag: "Candidates", endpoints }))
        alice.peers.handleDatagram(direct(Endpoint.format(mallory.endpoints[0]!)), packet, world.now)
      }
      alice.drain()
      world.run(full ? 5_000 : 60_000)
    }
    expect(bytes()).toBeGreaterThan(FREE / 2)
    const handshakes = HANDSHAKES.burst + HOURS * 3_600 * HANDSHAKES.perSecond
    expect(bytes()).toBeLessThanOrEqual((1 + HOURS) * FREE + handshakes)
  })

  it("shares four times that with its neighbours", () => {
    const { alice, mallory, world } = mutual(5)
    const start = world.now
    const before = world.sent.length
    for (let i = 0; world.now < start + HOURS * 3_600_000; i++) {
      const endpoints = Array.from({ length: 8 }, (_, j) => at(`198.51.100.${(8 * i + j) % 256}:53`))
      const packet = mallory.forge(frames({ _tag: "Candidates", endpoints }))
      alice.peers.handleDatagram(direct("203.0.113.2:4000"), packet, world.now)
      alice.drain()
      world.run(full ? 1_000 : 10_000)
    }
    const bytes = world.sent
      .slice(before)
      .filter(({ from, to }) => from === alice && to.startsWith("198.51.100."))
      .reduce((sum, { data }) => sum + data.length + HEADERS, 0)
    expect(bytes).toBeGreaterThan(FREE)
    expect(bytes).toBeLessThanOrEqual(4 * (1 + HOURS) * FREE)
  })
})

describe("an address that was a peer's once", () => {
  it("gets no bulk any more when it stops to answer, though the peer acknowledges all of it", () => {
    for (let seed = 1; seed <= (full ? 10 : 1); seed++) {
      const { alice, mallory, world } = mutual(seed)
      const stream = alice.peers.openStream(mallory.id, world.now) as number
      let received = 0
      let sent = 0
      const from = direct("203.0.113.2:4000")
      // Mallory gets to know what alice sends there by another way, and acknowledges just that.
      const counters: Array<number> = []
      mallory.online = false
      world.blocks = (source, to, data) => {
        if (!alice.owns(source)) return true
        if (Endpoint.format(to) === "203.0.113.2:4000") sent += data.length + HEADERS
        if (data[0] === 3) counters.push(Number(new DataView(data.buffer, data.byteOffset).getBigUint64(5)))
        return true
      }
      const lap = world.now + 7_000
      let afterwards = 0
      while (world.now < lap + (full ? 60_000 : 20_000)) {
        alice.peers.writeStream(mallory.id, stream, new Uint8Array(60_000), world.now)
        alice.drain()
        world.run(20)
        const unacknowledged = counters.splice(0)
        const ranges = unacknowledged
          .sort((a, b) => b - a)
          .reduce<Array<{ start: number; end: number }>>((all, number) => {
            if (all.at(-1)?.start === number + 1) all.at(-1)!.start = number
            else all.push({ start: number, end: number + 1 })
            return all
          }, [])
          .slice(0, 32)
        if (ranges.length === 0) continue
        const more = { _tag: "MaxData", stream, limit: 1e12 } as const
        const packet = mallory.forge(frames({ _tag: "Ack", delay: 0, ranges }, more))
        if (world.now < lap) afterwards = sent
        else received += packet.length + HEADERS
        alice.peers.handleDatagram(from, packet, world.now)
        alice.drain()
      }
      expect(alice.count("Disconnected"), `seed ${seed}`).toBe(0)
      console.log(`${afterwards} bytes while the proof was good, ${sent - afterwards} for ${received} since`)
      // It was a flood as long as the proof was good.
      expect(afterwards, `seed ${seed}`).toBeGreaterThan(1_000_000)
      expect(sent - afterwards, `seed ${seed}`).toBeLessThanOrEqual(3 * received + PURSE + FREE)
    }
  })
})

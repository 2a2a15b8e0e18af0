import { describe, expect, it } from "vitest"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { type Node, World } from "./Pair.js"

/** Attacks on somebody who has nothing to do with it, by a peer that names or forges that address. */

const VICTIM = "198.51.100.66:666"
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

/** What `from` has sent to an address since `after` (an index of `world.sent`). */
const sentTo = (world: World, from: Node, to: string, after = 0) => {
  const packets = world.sent.slice(after).filter((packet) => packet.from === from && packet.to === to)
  const payload = packets.reduce((sum, { data }) => sum + data.length, 0)
  return { packets: packets.length, payload, bytes: payload + HEADERS * packets.length }
}

describe("an address that a peer forges", () => {
  it("gets one PONG for a packet at most, however many PINGs are in it", () => {
    const { alice, mallory, world } = mutual(1)
    const from = { _tag: "Direct", endpoint: Endpoint.parse(VICTIM)! } as const
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
    for (let seed = 1; seed <= 10; seed++) {
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

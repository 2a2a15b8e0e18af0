import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { MAX_PEERS } from "../../../src/core/peer/PeerTable.js"
import { channelIdOf } from "../../../src/domain/ChannelId.js"
import { fromText } from "../../../src/protocol/Bytes.js"
import { some } from "../../support/Effort.js"
import { messageId, peerId } from "../../support/ids.js"
import { direct, introduction, World } from "./Pair.js"

const mutual = (seed: number) => {
  const world = new World(seed)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(2_000)
  return { world, alice, bob, channel }
}

describe("hostile input", () => {
  it("of random bytes leaves no trace", () => {
    const { world, alice, bob } = mutual(1)
    const before = [alice.events.length, bob.events.length]
    const source = direct("198.51.100.1:1")
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1300 }), fc.integer({ min: 0, max: 5 }), (bytes, type) => {
        if (bytes.length > 0) bytes[0] = type
        bob.peers.handleDatagram(source, bytes, world.now)
        bob.drain()
      }),
      { numRuns: some(3_000) }
    )
    expect(world.sent.filter(({ to }) => to === "198.51.100.1:1")).toEqual([])
    alice.send(bob, "fine")
    world.run(1_000)
    expect(bob.texts).toEqual(["fine"])
    expect([alice.events.length, bob.events.length]).toEqual([before[0]! + 1, before[1]! + 1])
  })

  it("of 10,000 handshakes that are no handshakes costs no memory and no curve operation", () => {
    const { world, bob, channel } = mutual(2)
    let curves = 0
    const crypto = bob.cryptoCalls
    for (let i = 0; i < 10_000; i++) {
      const junk = world.bytes(200)
      junk[0] = 1
      // Half of them even name a channel that exists.
      if (i % 2 === 0) junk.set(Buffer.from(channel.name, "base64url"), 1)
      bob.peers.handleDatagram(direct(`198.51.100.1:${1 + (i % 60_000)}`), junk, world.now)
      bob.drain()
    }
    curves = bob.cryptoCalls - crypto
    expect(curves).toBe(0)
    expect(world.sent.filter(({ to }) => to.startsWith("198.51.100.1:"))).toEqual([])
    expect(bob.peers.peers()).toHaveLength(1)
  })

  it("of truncated and extended packets leaves no trace", () => {
    const { world, alice, bob } = mutual(3)
    alice.send(bob, "once")
    world.run(1_000)
    const events = bob.events.length
    for (const { data, from, to } of [...world.trace]) {
      for (const length of [0, 1, 12, 13, 28, 29, data.length - 1]) {
        to.peers.handleDatagram(from, data.slice(0, length), world.now)
      }
      const longer = new Uint8Array(data.length + 1)
      longer.set(data)
      to.peers.handleDatagram(from, longer, world.now)
      to.drain()
    }
    expect(bob.events.length).toBe(events)
  })

  it("of introductions is bounded, and forgets nobody that matters", () => {
    const { world, alice, bob } = mutual(4)
    const record = (i: number) => {
      const identity = new Uint8Array(32)
      identity.set(fromText(`stranger ${i}`))
      return { ...bob.record, identity }
    }
    for (let i = 0; i < MAX_PEERS + 200; i++) {
      const channel = world.channel()
      alice.peers.admit(
        {
          ...introduction(bob, { ...channel, name: channelIdOf(fromText(`c${1e6 + i}`)) }),
          record: record(i)
        },
        world.now
      )
    }
    expect(alice.peers.peers().length).toBeLessThanOrEqual(MAX_PEERS)
    expect(alice.peers.peers()).toContain(bob.id)
    alice.send(bob, "still friends")
    world.run(1_000)
    expect(bob.texts).toEqual(["still friends"])
  })

  it("of an introduction to ourselves is ignored", () => {
    const { world, alice } = mutual(5)
    const before = alice.peers.peers()
    alice.peers.invite(introduction(alice, world.channel()), world.now)
    expect(alice.peers.peers()).toEqual(before)
  })

  it("to an application that does not drain its events is dropped, and comes again when it does", () => {
    const world = new World(6)
    const bob = world.node("bob", "203.0.113.2:4000")
    const senders = Array.from({ length: 5 }, (_, i) => world.node(`sender ${i}`, `203.0.113.${10 + i}:4000`))
    for (const sender of senders) {
      sender.keepsPlaintext = false
      world.introduce(sender, bob)
      world.introduce(bob, sender)
    }
    world.run(1_000)
    bob.shows = false
    const drain = bob.drain
    bob.drain = () => {
      for (let t = bob.peers.pollTransmit(world.now); t !== undefined; t = bob.peers.pollTransmit(world.now)) {
        world.transmit(bob, t)
      }
    }
    for (const sender of senders) for (let i = 0; i < 4_000; i++) sender.send(bob, "x")
    world.run(10_000)
    let undrained = 0
    let texts = 0
    bob.drain = drain
    for (let event = bob.peers.pollEvent(); event !== undefined; event = bob.peers.pollEvent()) {
      undrained++
      if (event._tag === "Message") texts++
    }
    expect(undrained).toBeGreaterThanOrEqual(16_384)
    expect(undrained).toBeLessThan(16_384 + 100)
    // What was polled above is lost to this application, but what was dropped before comes now.
    world.run(10_000)
    expect(bob.texts.length).toBe(senders.length * 4_000 - texts)
  })

  it("in frames that no honest peer sends ends the connection, with a word of why", () => {
    const illegal: ReadonlyArray<readonly [string, ReadonlyArray<number>]> = [
      ["an unknown frame", [32]],
      ["an acknowledgement of what was never sent", [3, 0x7f, 0xff, 0, 0, 0]],
      ["data on a stream that cannot be the next", [4, 0x50, 0, 0, 1, 0]],
      ["data beyond the window", [4, 0, 0x80, 0x10, 0, 0, 1, 0]],
      ["a reset of the chat stream", [8, 0, 0]],
      ["a record that is none", [4, 0, 0, 2, 1, 1]],
      ["nine candidates", [6, 9]]
    ]
    for (const [name, bytes] of illegal) {
      const { world, alice, bob } = mutual(8)
      alice.tamperFrames = (frames) => {
        if (frames.length < 48) return
        frames.fill(0)
        frames.set(bytes)
      }
      alice.send(bob, "x".repeat(30))
      world.run(1_000)
      expect(bob.events.at(-1), name).toMatchObject({ _tag: "Disconnected", reason: "closed" })
      expect(alice.events.at(-1), name).toMatchObject({ _tag: "Disconnected", reason: "left" })
      expect(bob.texts, name).toEqual([])
    }
  })

  it("from our own side, about peers and messages that do not exist, is ignored", () => {
    const { world, alice, bob } = mutual(7)
    bob.peers.delivered(alice.id, messageId("unknown"), world.now)
    bob.peers.delivered(peerId("unknown"), messageId("unknown"), world.now)
    expect(bob.peers.dropOutbox(peerId("unknown"), world.now)).toEqual([])
    bob.peers.close(peerId("unknown"), world.now)
    bob.peers.nudge(peerId("unknown"), world.now)
    expect(bob.peers.status(peerId("unknown"))).toBeUndefined()
    expect(bob.peers.send(peerId("unknown"), "hello", world.now)).toEqual({ _tag: "NotConsented" })
  })
})

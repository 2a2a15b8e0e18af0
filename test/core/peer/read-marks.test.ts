import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ReadMarks } from "../../../src/core/peer/chat/ReadMarks.js"
import type { PeerEvent } from "../../../src/core/peer/PeerEvent.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { messageId } from "../../support/ids.js"
import { type LinkOptions, World } from "./Pair.js"

/** Alice and bob, who have asked for each other. */
const mutual = (seed: number, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  return { world, alice, bob }
}

describe("what was read", () => {
  it("is told to the sender: that message and all before it, once", () => {
    const { world, alice, bob } = mutual(1)
    const ids = ["one", "two", "three"].map((text) => alice.send(bob, text))
    world.run(1_000)
    expect(alice.count("Read")).toBe(0)
    bob.peers.read(alice.id, ids[1]!, world.now)
    bob.peers.read(alice.id, ids[0]!, world.now)
    bob.peers.read(alice.id, ids[1]!, world.now)
    world.run(1_000)
    const reads = () => alice.events.filter((event) => event._tag === "Read")
    expect(reads()).toEqual([{ _tag: "Read", peer: bob.id, id: ids[1] }])
    bob.peers.read(alice.id, ids[2]!, world.now)
    world.run(1_000)
    expect(reads()).toHaveLength(2)
  })

  it("is not told before it is delivered, nor of what never came", () => {
    const { world, alice, bob } = mutual(2)
    bob.shows = false
    const id = alice.send(bob, "hello")
    world.run(1_000)
    bob.peers.read(alice.id, id, world.now)
    bob.peers.read(alice.id, messageId("f".repeat(32)), world.now)
    world.run(1_000)
    expect(alice.count("Read") + alice.count("Delivered")).toBe(0)
    bob.peers.delivered(alice.id, id, world.now)
    world.run(1_000)
    expect(alice.events.slice(-2).map(({ _tag }) => _tag)).toEqual(["Delivered", "Read"])
  })

  it("is not told to somebody whom we have not asked for, until we do (law 2)", () => {
    const world = new World(3)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    const channel = world.channel()
    world.introduce(alice, bob, channel)
    const id = alice.send(bob, "hello")
    world.run(1_000)
    bob.peers.read(alice.id, id, world.now)
    world.run(5_000)
    expect([alice.count("Delivered"), alice.count("Read")]).toEqual([1, 0])
    world.introduce(bob, alice, channel)
    world.run(5_000)
    expect(alice.count("Read")).toBe(1)
  })

  it("arrives after a delivery and in order, whatever the network and however often the connection breaks", () => {
    for (let seed = 0; seed < 40; seed++) {
      const { world, alice, bob } = mutual(seed, { latency: 20, jitter: 60, loss: 0.04 * (seed % 8), duplicate: 0.1 })
      const sent: Array<MessageId> = []
      for (let i = 0; i < 20; i++) {
        sent.push(alice.send(bob, `${i}`))
        world.run(world.random() * 300)
        const last = bob.messages.at(-1)
        if (last !== undefined && world.random() < 0.5) bob.peers.read(alice.id, last.id, world.now)
        if (world.random() < 0.15) {
          bob.peers.close(alice.id, world.now)
          world.run(world.random() * 300)
          const channel = world.channel()
          world.introduce(alice, bob, channel)
          world.introduce(bob, alice, channel)
        }
      }
      const end = () => alice.peers.status(bob.id)?.undelivered === 0
      expect(world.run(120_000, end), `seed ${seed}`).toBe(true)
      bob.peers.read(alice.id, sent.at(-1)!, world.now)
      const isLast = (event: PeerEvent) => event._tag === "Read" && event.id === sent.at(-1)
      // A connection may be on its way, and has to be made first.
      world.run(120_000, () => alice.events.some(isLast))
      const marks = alice.events.flatMap((event) =>
        event._tag === "Delivered" || event._tag === "Read" ? [[event._tag, sent.indexOf(event.id)] as const] : []
      )
      let delivered = -1
      let read = -1
      for (const [tag, index] of marks) {
        if (tag === "Delivered") delivered = index
        else {
          expect(index, `seed ${seed}`).toBeGreaterThan(read)
          expect(index, `seed ${seed}`).toBeLessThanOrEqual(delivered)
          read = index
        }
      }
      expect(read, `seed ${seed}`).toBe(sent.length - 1)
    }
  })
})

describe("the marks of a conversation", () => {
  it("are bounded, and the newest one survives", () => {
    const marks = new ReadMarks()
    for (let n = 0; n < 5_000; n++) marks.onDelivered(messageId(n))
    expect([
      marks.onRead(messageId("0")),
      marks.onRead(messageId("4800")),
      marks.onRead(messageId("4700")),
      marks.onRead(messageId("4999"))
    ]).toEqual([false, true, false, true])
    for (let n = 0; n < 100; n++) marks.mark(messageId(n))
    const taken: Array<string> = []
    for (let id = marks.take(NONE); id !== undefined; id = marks.take(NONE)) taken.push(id)
    expect([taken.length, taken.at(-1)]).toEqual([16, "99"])
  })

  it("repeat what was told last, before anything newer", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom("mark", "take", "repeat"), { maxLength: 40 }), (steps) => {
        const marks = new ReadMarks()
        let made = 0
        let told = -1
        for (const step of steps) {
          if (step === "mark") marks.mark(messageId(made++))
          if (step === "repeat") marks.repeat()
          if (step === "take") {
            const id = Number(marks.take(NONE) ?? told)
            expect(id).toBeGreaterThanOrEqual(told)
            told = id
          }
        }
        while (marks.take(NONE) !== undefined) told = made - 1
        expect(told).toBe(made - 1)
      })
    )
  })
})

const NONE = { has: () => false }

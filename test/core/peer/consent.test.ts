import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { ChatChannel } from "../../../src/core/peer/chat/ChatChannel.js"
import { Conversation } from "../../../src/core/peer/chat/Conversation.js"
import { PendingFrames } from "../../../src/core/peer/recovery/PendingFrames.js"
import { encode as toBase64Url } from "../../../src/domain/Base64Url.js"
import { Writer } from "../../../src/protocol/Bytes.js"
import { RecordReader, textSize, writeKnown } from "../../../src/protocol/ChatRecord.js"
import * as Frame from "../../../src/protocol/Frame.js"
import { peerId } from "../../support/ids.js"
import { type Node, type Sealed, World } from "./Pair.js"

/** The texts in the stream data of sealed packets, put together as a receiver would, for each run of keys by itself. */
const sealedTexts = (sealed: ReadonlyArray<Sealed>): number => {
  let texts = 0
  for (const { plaintext } of sealed) {
    for (const frame of Frame.decode(plaintext) ?? []) {
      // A record that starts in this frame shows its type in clear; every text starts in some frame.
      if (frame._tag !== "Stream") continue
      new RecordReader().push(frame.data, (record) => {
        if (record._tag === "Text") texts++
        return true
      })
    }
  }
  return texts
}

const hasStreamData = (sealed: ReadonlyArray<Sealed>): boolean =>
  sealed.some(({ plaintext }) => Frame.decode(plaintext)?.some((frame) => frame._tag === "Stream"))

const pair = (seed: number, link = {}) => {
  const world = new World(seed, link)
  return { world, alice: world.node("alice", "203.0.113.1:4000"), bob: world.node("bob", "203.0.113.2:4000") }
}

describe("consent", () => {
  it("lets the invited side say nothing, and the inviter sixteen messages", () => {
    const { world, alice, bob } = pair(1)
    world.introduce(alice, bob)
    world.run(1_000)
    expect(bob.peers.send(alice.id, "not yet", world.now)).toEqual({ _tag: "NotConsented" })
    const ids = Array.from({ length: 20 }, (_, i) => alice.send(bob, `message ${i}`))
    world.run(10_000)
    expect(bob.texts).toEqual(Array.from({ length: 16 }, (_, i) => `message ${i}`))
    const held = alice.events.flatMap((event) => (event._tag === "CreditExhausted" ? [event.id] : []))
    expect(held).toEqual(ids.slice(16))
    expect(alice.peers.status(bob.id)).toMatchObject({ consent: "inviting", mutual: false, undelivered: 4 })
    expect(bob.peers.status(alice.id)).toMatchObject({ consent: "invited", mutual: false })
    expect(sealedTexts(alice.sealed)).toBe(16)

    world.introduce(bob, alice)
    bob.send(alice, "now I may")
    world.run(1_000)
    expect(bob.texts).toHaveLength(20)
    expect(alice.texts).toEqual(["now I may"])
    expect(alice.count("Mutual")).toBe(1)
    expect(bob.count("Mutual")).toBe(1)
    expect(alice.peers.status(bob.id)).toMatchObject({ consent: "mutual", mutual: true, undelivered: 0 })
  })

  it("says the limit that goes with it aloud, also where the handshake has said it", () => {
    const { world, alice, bob } = pair(12)
    world.introduce(alice, bob)
    world.introduce(bob, alice)
    world.run(1_000)
    for (const side of [alice, bob]) {
      const frames = side.sealed.flatMap(({ plaintext }) => Frame.decode(plaintext) ?? [])
      expect(frames.slice(0, 3)).toContainEqual({ _tag: "MaxData", stream: 0, limit: 256 * 1024 })
    }
  })

  it("never sends half a message that is beyond the credit", () => {
    const { world, alice, bob } = pair(2)
    world.introduce(alice, bob)
    alice.send(bob, "a".repeat(30_000))
    const held = alice.send(bob, "b".repeat(10_000))
    const behind = alice.send(bob, "c")
    world.run(5_000)
    expect(bob.texts).toEqual(["a".repeat(30_000)])
    expect(alice.events).toContainEqual({ _tag: "CreditExhausted", peer: bob.id, id: held })
    expect(alice.events).toContainEqual({ _tag: "CreditExhausted", peer: bob.id, id: behind })
    expect(
      alice.sealed.some(
        ({ plaintext }) => plaintext.includes(0x62, 100) && plaintext.filter((b) => b === 0x62).length > 500
      )
    ).toBe(false)
    world.introduce(bob, alice)
    world.run(5_000)
    expect(bob.texts).toEqual(["a".repeat(30_000), "b".repeat(10_000), "c"])
  })

  it("counts the credit over all connections of a process", () => {
    const { world, alice, bob } = pair(3)
    for (let round = 0; round < 5; round++) {
      if (round > 0) alice.start()
      world.introduce(alice, bob)
      for (let i = 0; i < 5; i++) alice.send(bob, `${round} ${i}`)
      world.run(2_000)
    }
    expect(bob.texts).toHaveLength(16)
    expect(alice.peers.status(bob.id)).toMatchObject({ connected: true, undelivered: 5 })
  })

  it("tells the sender of what was shown on credit even when the confirmation was lost with its connection", () => {
    const { world, alice, bob } = pair(4)
    bob.shows = false
    world.introduce(alice, bob)
    for (let i = 0; i < 16; i++) alice.send(bob, `message ${i}`)
    world.run(2_000)
    world.blocks = () => true
    for (const { id } of bob.messages) bob.peers.delivered(alice.id, id, world.now)
    world.run(60_000)
    expect(alice.connected(bob)).toBe(false)
    world.blocks = () => false
    world.introduce(alice, bob)
    world.run(5_000)
    expect(alice.peers.status(bob.id)).toMatchObject({ undelivered: 0, connected: true })
    expect(bob.texts).toHaveLength(16)
  })

  /** Bob asked for alice, and his program was killed when it had shown these, and before a confirmation was out. */
  const killed = (seed: number, texts: ReadonlyArray<string>) => {
    const { world, alice, bob } = pair(seed)
    world.introduce(alice, bob)
    world.introduce(bob, alice)
    world.run(1_000)
    bob.shows = false
    for (const text of texts) alice.send(bob, text)
    world.run(2_000)
    const shown = bob.messages.map(({ id }) => id)
    bob.shows = true
    bob.messages.length = 0
    bob.start({ nextSequence: 0, outbox: [], delivered: [], shown })
    world.run(60_000)
    world.introduce(alice, bob)
    return { world, alice, bob, shown }
  }

  it("uses no credit for what is not shown: sixteen repetitions after a kill, and then something new", () => {
    const texts = Array.from({ length: 16 }, (_, i) => `message ${i}`)
    const { world, alice, bob, shown } = killed(11, texts)
    expect(shown).toHaveLength(16)
    alice.send(bob, "something new")
    world.run(2_000)
    expect(bob.texts).toEqual(["something new"])
    expect(alice.peers.status(bob.id)).toMatchObject({ undelivered: 0, mutual: false })
    for (let i = 0; i < 20; i++) alice.send(bob, `more ${i}`)
    world.run(2_000)
    // The credit is what it always was: sixteen that are shown.
    expect(bob.texts).toHaveLength(16)
    expect(bob.connected(alice)).toBe(true)
  })

  it("uses no credit for what is not shown, also of messages that are larger than all of the credit", () => {
    const { world, alice, bob, shown } = killed(12, ["a".repeat(50_000), ...Array(100).fill("b"), "c".repeat(20_000)])
    expect(shown).toHaveLength(102)
    alice.send(bob, "something new")
    world.run(5_000)
    expect(bob.texts.at(-1)).toBe("something new")
    expect(alice.peers.status(bob.id)).toMatchObject({ undelivered: 0, connected: true })
  })

  it("gives back no more credit than was used, whatever the other side says", () => {
    const conversation = new Conversation(peerId("bob"), () => {})
    conversation.consented = true
    const terms = { consent: false, creditMessages: 2, creditBytes: 100, features: 0 }
    const channel = new ChatChannel(conversation, () => {}, new PendingFrames(), terms, true)
    const record = new Writer(new Uint8Array(20))
    writeKnown(record, 1_000, 1_000_000)
    for (let i = 0; i < 5; i++)
      conversation.send(
        "12345",
        Uint8Array.from({ length: 16 }, () => i)
      )
    channel.fill()
    expect(conversation.undelivered).toBe(5)
    expect(channel.stream.unsent).toBe(2 * textSize(0, 5))
    const said = record.finish()!
    for (let i = 0; i < 2; i++) channel.receive(i * said.length, said)
    channel.fill()
    expect(channel.stream.unsent).toBe(4 * textSize(0, 5))
  })

  it("ends a connection whose other side sends more than was granted", () => {
    const { world, alice, bob } = pair(5)
    // Bob's machine keeps to the rule, but Alice is made to believe that he gave consent.
    bob.tamper = (payload) => {
      payload[20]! |= 1
      return payload
    }
    world.introduce(alice, bob)
    world.run(1_000)
    expect(alice.count("Mutual")).toBe(1)
    for (let i = 0; i < 17; i++) alice.send(bob, `message ${i}`)
    world.run(1_000)
    expect(bob.texts).toHaveLength(16)
    expect(bob.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "closed" })
    expect(alice.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "left" })
  })

  it("keeps our consent through silence and goodbye, and withdraws it on close", () => {
    const { world, alice, bob } = pair(6)
    world.introduce(alice, bob)
    world.run(1_000)
    world.introduce(bob, alice)
    world.run(1_000)
    bob.peers.close(alice.id, world.now)
    world.run(1_000)
    expect(alice.peers.status(bob.id)).toMatchObject({ consent: "inviting", mutual: false, connected: false })
    expect(typeof alice.peers.send(bob.id, "later", world.now)).toBe("string")
    expect(bob.peers.send(alice.id, "no", world.now)).toEqual({ _tag: "NotConsented" })
    world.introduce(alice, bob)
    world.run(1_000)
    expect(bob.texts).toEqual(["later"])
    expect(bob.peers.status(alice.id)).toMatchObject({ consent: "invited" })
    expect(bob.peers.send(alice.id, "no", world.now)).toEqual({ _tag: "NotConsented" })
  })

  it("keeps an outbox that outlived our consent to itself when the peer asks for us", () => {
    const { world, alice, bob } = pair(8)
    bob.online = false
    world.introduce(alice, bob)
    alice.send(bob, "do I want this?")
    world.run(1_000)
    alice.peers.close(bob.id, world.now)
    bob.online = true
    world.introduce(bob, alice)
    world.run(10_000)
    expect(alice.connected(bob)).toBe(true)
    expect(sealedTexts(alice.sealed)).toBe(0)
    expect(alice.peers.status(bob.id)).toMatchObject({ consent: "invited", undelivered: 1 })
    world.introduce(alice, bob)
    world.run(1_000)
    expect(bob.texts).toEqual(["do I want this?"])
  })

  it("holds whatever the order of calls: no text of a side is ever sealed while that side has not asked", () => {
    const step = fc.record({
      who: fc.boolean(),
      what: fc.constantFrom("introduce", "send", "send", "close", "restart", "run", "run", "drop"),
      ms: fc.integer({ min: 0, max: 20_000 })
    })
    fc.assert(
      fc.property(fc.integer(), fc.array(step, { maxLength: 30 }), (seed, steps) => {
        const { world, alice, bob } = pair(seed, { loss: 0.1, jitter: 30 })
        const asked = new Map<Node, boolean>([
          [alice, false],
          [bob, false]
        ])
        const check = (node: Node) => {
          const sealed = node.sealed.splice(0)
          if (asked.get(node) !== true) expect(sealedTexts(sealed)).toBe(0)
        }
        for (const { ms, what, who } of steps) {
          const [from, to] = who ? [alice, bob] : [bob, alice]
          if (what === "introduce") {
            check(from)
            world.introduce(from, to)
            asked.set(from, true)
          } else if (what === "send") from.peers.send(to.id, `text of ${from.name}`, world.now)
          else if (what === "close") {
            from.peers.close(to.id, world.now)
            from.sealed.length = 0
            asked.set(from, false)
          } else if (what === "restart") {
            from.sealed.length = 0
            from.start()
            asked.set(from, false)
          } else if (what === "drop") from.peers.dropOutbox(to.id, world.now)
          else world.run(ms)
          check(alice)
          check(bob)
        }
      }),
      { numRuns: 120 }
    )
  })

  it("is seen by the tap that the law is tested with", () => {
    const { world, alice, bob } = pair(7)
    world.introduce(alice, bob)
    alice.send(bob, "hello")
    world.run(1_000)
    expect(sealedTexts(alice.sealed)).toBeGreaterThan(0)
    expect(hasStreamData(bob.sealed)).toBe(true)
    expect(sealedTexts(bob.sealed)).toBe(0)
    expect(new Set(alice.sealed.map(({ key }) => key)).has(toBase64Url(new Uint8Array(32)))).toBe(false)
  })
})

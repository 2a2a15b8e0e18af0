import { describe, expect, it } from "vitest"
import { CREDIT_MESSAGES, MAX_GROUP_MESSAGE } from "../../../src/core/peer/chat/Conversation.js"
import { groupIdOf } from "../../../src/domain/GroupId.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import * as GroupRecord from "../../../src/protocol/GroupRecord.js"
import { messageId } from "../../support/ids.js"
import { type Node, World } from "./Pair.js"

const id = groupIdOf(new Uint8Array(16).fill(7))

/** Three of whom the first has asked for the others, and as many of them for it as `asking` says. */
const three = (seed: number, asking = 2, link = {}) => {
  const world = new World(seed, link)
  const [alice, bob, carol] = ["alice", "bob", "carol"].map((name, i) =>
    world.node(name, `203.0.113.${i + 1}:4000`)
  ) as [Node, Node, Node]
  for (const [i, other] of [bob, carol].entries()) {
    const channel = world.channel()
    world.introduce(alice, other, channel)
    if (i < asking) world.introduce(other, alice, channel)
  }
  const record = (...members: ReadonlyArray<Node>): GroupRecord.GroupRecord => ({
    kind: "Text",
    id,
    name: "team",
    members: members.map(({ id: peer, name: nick }) => ({ peer, nick }))
  })
  let sent = 0
  const say = (text: string, to: ReadonlyArray<Node> = [bob, carol]): MessageId => {
    const one = messageId((++sent).toString(16).padStart(32, "0"))
    const group = GroupRecord.encode(record(bob, carol))
    for (const node of to) alice.peers.sendToMember(node.id, { id: one, text, writtenAt: 1, group }, world.now)
    return one
  }
  return { world, alice, bob, carol, record, say }
}

const groupsOf = (node: Node) => node.events.flatMap((event) => (event._tag === "Message" ? [event.group] : []))
const deliveries = (node: Node) => node.events.flatMap((event) => (event._tag === "Delivered" ? [event] : []))

describe("a text to a group", () => {
  it("says to whom it went, is one message to each of them, and is told delivered by each", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { world, alice, bob, carol, record, say } = three(seed, 2, { loss: 0.2, jitter: 40, duplicate: 0.1 })
      const ids = [say("hi"), say("all")]
      alice.send(bob, "to you alone")
      world.run(20_000)
      expect(bob.texts).toEqual(["hi", "all", "to you alone"])
      expect(carol.texts).toEqual(["hi", "all"])
      expect(groupsOf(bob)).toEqual([record(bob, carol), record(bob, carol), undefined])
      expect(deliveries(alice).filter(({ group }) => group === id)).toHaveLength(4)
      for (const one of ids) for (const { id: peer } of [bob, carol]) expect(alice.peers.holds(peer, one)).toBe(false)
      expect(alice.peers.knowsGroups(bob.id)).toBe(true)
    }
  })

  it("goes to strangers within their credit alone, and waits for the others", () => {
    const { world, alice, bob, carol, say } = three(1, 1)
    for (let i = 0; i < CREDIT_MESSAGES + 2; i++) say(`${i}`)
    world.run(10_000)
    expect(bob.texts).toHaveLength(CREDIT_MESSAGES + 2)
    expect(carol.texts).toHaveLength(CREDIT_MESSAGES)
    const held = alice.events.flatMap((event) => (event._tag === "CreditExhausted" ? [event.group] : []))
    expect(held).toEqual([id, id])
    world.introduce(carol, alice)
    world.run(5_000)
    expect(carol.texts).toHaveLength(CREDIT_MESSAGES + 2)
  })

  it("may wait for somebody whom we have asked for and who is not there yet; nothing else may", () => {
    const world = new World(1)
    const alice = world.node("alice", "203.0.113.1:4000")
    const bob = world.node("bob", "203.0.113.2:4000")
    const group = GroupRecord.encode({ kind: "Text", id, name: "team", members: [] })
    const one = messageId("a".repeat(32))
    expect(alice.peers.send(bob.id, "hi", world.now)).toEqual({ _tag: "NotConsented" })
    expect(alice.peers.sendToMember(bob.id, { id: one, text: "hi", writtenAt: 1, group }, world.now)).toBe(one)
    expect(alice.peers.holds(bob.id, one)).toBe(true)
    // Somebody who only asks for us gets nothing of it.
    const channel = world.channel()
    world.introduce(bob, alice, channel)
    world.run(5_000)
    expect(bob.texts).toEqual([])
    world.introduce(alice, bob, channel)
    world.run(5_000)
    expect(bob.texts).toEqual(["hi"])
    alice.peers.block(bob.id, world.now)
    const refused = alice.peers.sendToMember(bob.id, { id: one, text: "hi", writtenAt: 1, group }, world.now)
    expect(refused).toEqual({ _tag: "NotConsented" })
  })

  it("is a plain one that names the group to a program which knows no groups, within the limits of a message", () => {
    const { world, alice, bob, carol, say } = three(2)
    bob.tamper = withoutGroups
    const long = "x".repeat(MAX_GROUP_MESSAGE)
    say("hi")
    say(long)
    say(`${long}y`)
    world.run(5_000)
    expect(bob.texts).toEqual(["[team] hi", `[team] ${long}`])
    expect(groupsOf(bob)).toEqual([undefined, undefined])
    expect(carol.texts).toEqual(["hi", long])
    expect(alice.peers.knowsGroups(bob.id)).toBe(false)
    expect(deliveries(alice)).toHaveLength(4)
  })

  it("is not told read: a mark says something of what was said to each other alone", () => {
    const { world, alice, bob, say } = three(3)
    const first = say("to all")
    const second = alice.send(bob, "to you")
    world.run(2_000)
    bob.peers.read(alice.id, first, world.now)
    world.run(2_000)
    expect(alice.count("Read")).toBe(0)
    bob.peers.read(alice.id, second, world.now)
    world.run(2_000)
    expect(alice.events.filter(({ _tag }) => _tag === "Read")).toMatchObject([{ id: second }])
  })
})

/** A handshake's payload as earlier versions make it: the fourth bit of `features`, behind 21 bytes, is not set. */
const withoutGroups = (payload: Uint8Array): Uint8Array => {
  payload[24]! &= ~0b1000
  return payload
}

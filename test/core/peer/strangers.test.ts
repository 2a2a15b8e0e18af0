import { beforeEach, describe, expect, it } from "vitest"
import { MAX_PEERS, MAX_REMEMBERED, MAX_STRANGERS, PeerTable } from "../../../src/core/peer/PeerTable.js"
import { peerIdOf } from "../../../src/domain/PeerId.js"
import { full } from "../../support/Effort.js"
import { direct, introduction, type Node, World } from "./Pair.js"

const STRANGER_STAYS = 30 * 60_000

let world: World
let alice: Node

const crowd = (count: number, name = "stranger"): ReadonlyArray<Node> =>
  Array.from({ length: count }, (_, i) => {
    const node = world.node(`${name} ${i}`, `198.51.${100 + Math.floor(i / 250)}.${1 + (i % 250)}:4000`)
    node.keepsPlaintext = false
    return node
  })

/** They ask for alice, one after the other, and connect. */
const call = (callers: ReadonlyArray<Node>): void => {
  for (const caller of callers) {
    world.introduce(caller, alice)
    world.run(100)
  }
}

const connected = (nodes: ReadonlyArray<Node>): ReadonlyArray<Node> => nodes.filter((node) => alice.connected(node))

beforeEach(() => {
  world = new World(7)
  world.keepsPackets = false
  alice = world.node("alice", "203.0.113.1:4000")
  alice.keepsPlaintext = false
})

describe("strangers", () => {
  it("have 64 places together, and the one that has said nothing for longest makes room", () => {
    expect(MAX_STRANGERS).toBe(64)
    const strangers = crowd(100)
    call(strangers)
    expect(connected(strangers)).toEqual(strangers.slice(-64))
    expect(alice.peers.peers()).toHaveLength(64)
    expect(alice.count("LetGo")).toBe(36)
    // Whoever was let go is told, and does not come back by itself.
    expect(strangers[0]!.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "left" })
  })

  it("never keep us from asking for somebody, nor somebody from calling us", () => {
    // As many as took all places once (1,024), or so many that each place changes hands.
    call(crowd(full ? MAX_PEERS + 10 : 2 * MAX_STRANGERS))
    const carol = world.node("carol", "203.0.113.3:4000")
    world.introduce(alice, carol)
    const dave = world.node("dave", "203.0.113.4:4000")
    world.introduce(dave, alice)
    world.run(1_000)
    expect(alice.connected(carol)).toBe(true)
    dave.send(alice, "hello")
    world.run(1_000)
    expect(alice.texts).toEqual(["hello"])
  })

  it("never take the place of anybody whom we have asked for, connected or not", () => {
    const asked = Array.from({ length: 70 }, (_, i) => world.node(`friend ${i}`, `203.0.113.${100 + i}:4000`))
    for (const friend of asked) {
      friend.online = friend !== asked[1]
      world.introduce(alice, friend)
      world.run(50)
    }
    call(crowd(70))
    for (const friend of asked) expect(alice.peers.status(friend.id)).toMatchObject({ consent: "inviting" })
    expect(connected(asked)).toHaveLength(69)
  })

  it("keep their place by what they say, and not by asking again and again", () => {
    const [talker, ...others] = crowd(MAX_STRANGERS)
    call([talker!, ...others])
    const silent = others[0]!
    for (let i = 0; i < 20; i++) {
      world.introduce(silent, alice)
      world.run(50)
    }
    talker!.send(alice, "still here")
    world.run(500)
    call([world.node("new", "203.0.113.9:4000")])
    expect(alice.connected(talker!)).toBe(true)
    expect(alice.connected(silent)).toBe(false)
  })

  it("are let go when they say nothing for half an hour, unless they are asked back", () => {
    const [asked, silent, talker] = crowd(3)
    call([asked!, silent!, talker!])
    world.introduce(alice, asked!)
    world.run(STRANGER_STAYS - 60_000)
    talker!.send(alice, "are you there?")
    expect(connected([asked!, silent!, talker!])).toHaveLength(3)
    world.run(61_000)
    expect(connected([asked!, silent!, talker!])).toEqual([asked, talker])
    world.run(STRANGER_STAYS)
    expect(connected([asked!, silent!, talker!])).toEqual([asked])
  })

  it("get no credit anew, and repeat nothing, when they come back after they were let go", () => {
    const [talker] = crowd(1)
    alice.shows = false
    call([talker!])
    for (let i = 0; i < 10; i++) talker!.send(alice, `message ${i}`)
    world.run(500)
    call(crowd(MAX_STRANGERS, "other"))
    expect(alice.connected(talker!)).toBe(false)
    // Shown only now: the sender is told when it is back.
    for (const { id } of alice.messages) alice.peers.delivered(talker!.id, id, world.now)
    alice.shows = true
    for (let i = 10; i < 20; i++) talker!.send(alice, `message ${i}`)
    call([talker!])
    world.run(2_000)
    expect(alice.texts).toEqual(Array.from({ length: 16 }, (_, i) => `message ${i}`))
    expect(talker!.peers.status(alice.id)).toMatchObject({ undelivered: 4 })
  })

  it("never keep us from asking, even when nobody has looked at what all of them said", () => {
    const table = new PeerTable(alice.identity.signKeys.publicKey, {
      // Strangers who have said something and were let go, and nothing of it was shown.
      make: (peer) =>
        ({
          peer,
          isStranger: true,
          isOpen: false,
          conversation: { isUnshown: true },
          introductions: new Map()
        }) as never,
      letGo: () => {},
      forgotten: () => {}
    })
    const introduce = (i: number, asking: boolean) => {
      const identity = new Uint8Array(32)
      new DataView(identity.buffer).setUint32(0, i)
      const record = { ...alice.record, identity }
      const taken = table.introduce({ ...introduction(alice, world.channel()), record }, asking)
      return typeof taken === "string" ? taken : "Taken"
    }
    for (let i = 0; i < MAX_STRANGERS + MAX_REMEMBERED; i++) expect(introduce(i, false)).toBe("Taken")
    expect(introduce(5_000, false)).toBe("NoRoom")
    expect(introduce(5_001, true)).toBe("Taken")
  })

  it("leave room for our own policies of paths", () => {
    const [stranger] = crowd(1)
    for (let i = 0; i < 3_000; i++) {
      const identity = new Uint8Array(32)
      new DataView(identity.buffer).setUint32(0, i)
      alice.peers.setPolicy(peerIdOf(identity), "direct-only", world.now)
      const record = { ...stranger!.record, identity }
      expect(alice.peers.admit({ ...introduction(stranger!, world.channel()), record }, world.now)).toBe("Taken")
    }
    const carol = world.node("carol", "203.0.113.3:4000")
    alice.peers.setPolicy(carol.id, "relay-only", world.now)
    alice.peers.invite(introduction(carol, world.channel()), world.now)
    expect(alice.peers.explain(carol.id, world.now)).toMatchObject({ policy: "relay-only", told: 0 })
  })
})

describe("places of those we ask for", () => {
  it("are bounded too, and refused aloud", () => {
    const asked = crowd(MAX_PEERS + 1)
    const taken = asked.map((node) => alice.peers.invite(introduction(node, world.channel()), world.now))
    expect(taken.filter((one) => one === "Taken")).toHaveLength(MAX_PEERS)
    expect(taken.at(-1)).toBe("NoRoom")
    alice.peers.close(asked[5]!.id, world.now)
    expect(alice.peers.invite(introduction(asked.at(-1)!, world.channel()), world.now)).toBe("Taken")
  }, 60_000)

  it("tell an introduction of ourselves, or on a channel that is somebody else's", () => {
    const [bob, carol] = crowd(2)
    const channel = world.channel()
    expect(alice.peers.admit(introduction(alice, channel), world.now)).toBe("Ourselves")
    expect(alice.peers.admit(introduction(bob!, channel), world.now)).toBe("Taken")
    expect(alice.peers.invite(introduction(carol!, channel), world.now)).toBe("OtherPeer")
  })
})

describe("somebody who is blocked", () => {
  it("hears nothing any more: no goodbye, no answer, no probe", () => {
    const [mallory] = crowd(1)
    world.keepsPackets = true
    call([mallory!])
    const channel = world.channel()
    alice.peers.block(mallory!.id, world.now)
    expect(alice.peers.isBlocked(mallory!.id)).toBe(true)
    world.run(10)
    world.sent.length = 0
    const curve = alice.cryptoCalls
    expect(alice.peers.admit(introduction(mallory!, channel), world.now)).toBe("Blocked")
    expect(alice.peers.invite(introduction(mallory!, channel), world.now)).toBe("Blocked")
    mallory!.peers.invite(introduction(alice, channel), world.now)
    mallory!.send(alice, "answer me")
    for (const { data } of [...world.trace]) alice.peers.handleDatagram(direct("198.51.100.1:4000"), data, world.now)
    world.run(200_000)
    expect(world.sent.filter(({ from }) => from === alice)).toEqual([])
    expect(alice.cryptoCalls).toBe(curve)
    expect(mallory!.events.at(-1)).toMatchObject({ _tag: "Disconnected", reason: "timeout" })
    expect(alice.events.slice(-2)).toMatchObject([{ _tag: "Disconnected", reason: "closed" }, { _tag: "LetGo" }])
    alice.peers.unblock(mallory!.id)
    call([mallory!])
    world.run(1_000)
    expect(alice.texts).toEqual(["answer me"])
  })
})

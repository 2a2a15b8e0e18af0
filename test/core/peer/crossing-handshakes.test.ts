import { describe, expect, it } from "vitest"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Bytes from "../../../src/protocol/Bytes.js"
import * as Wire from "../../../src/protocol/Handshake.js"
import { some } from "../../support/Effort.js"
import { introduction, type Node, World } from "./Pair.js"

/**
 * Handshakes of two that are both there all the time, in every order that loss, delay, outages and a server which
 * introduces them again and again bring about. Neither process ends, and no outage is long enough for one to give the
 * other up.
 */
const run = (seed: number, steps: number) => {
  const world = new World(seed, { latency: 20, jitter: 150, loss: 0.15, duplicate: 0.1 })
  const [alice, bob] = [world.node("alice", "203.0.113.1:4000"), world.node("bob", "203.0.113.2:4000")]
  const other = (node: Node) => (node === alice ? bob : alice)
  const pick = () => (world.random() < 0.5 ? alice : bob)
  const said = new Map<Node, Array<string>>([
    [alice, []],
    [bob, []]
  ])
  const say = (node: Node, text: string) => {
    said.get(node)!.push(text)
    node.send(other(node), text)
  }
  let isOut = false
  world.blocks = () => isOut
  /** The server tells both, one sooner than the other. */
  const introduce = (asking: Node, channel: ReturnType<World["channel"]>) => {
    const asked = other(asking)
    const tell = [
      () => asked.peers.admit(introduction(asking, channel), world.now),
      () => asking.peers.invite(introduction(asked, channel), world.now)
    ]
    if (world.random() < 0.5) tell.reverse()
    tell[0]!()
    world.run(world.random() ** 3 * 1_000)
    tell[1]!()
  }
  let channel = world.channel()
  for (const node of world.random() < 0.5 ? [alice, bob] : [bob, alice]) {
    introduce(node, channel)
    world.run(world.random() ** 3 * 1_000)
    if (world.random() < 0.3) channel = world.channel()
  }
  for (let i = 0; i < steps; i++) {
    const node = pick()
    const dice = world.random()
    if (dice < 0.3) {
      say(node, `${i} of ${node.name}`)
    } else if (dice < 0.6) {
      if (world.random() < 0.5) channel = world.channel()
      introduce(node, channel)
      if (world.random() < 0.5) introduce(other(node), world.random() < 0.5 ? channel : world.channel())
    } else if (dice < 0.7 && alice.connected(bob) && bob.connected(alice)) {
      node.endpoints = [Endpoint.parse(`203.0.113.${node === alice ? 1 : 2}:${4_001 + i}`)!]
      if (world.random() < 0.5) node.peers.setLocal(node.signed, node.endpoints, world.now)
      // Nobody finds one that has moved and says nothing, nor do two that have moved at once find each other.
      say(node, `moved ${i}`)
      world.run(5_000)
    } else if (dice < 0.8) {
      isOut = true
      world.run(world.random() * 4_000)
      isOut = false
      // Several in a row would be a long one.
      world.run(3_000)
    } else if (dice < 0.9) node.peers.nudge(other(node).id, world.now)
    else world.run(world.random() * 150_000)
    world.run(world.random() ** 3 * 3_000)
  }
  world.link = { ...world.link, loss: 0 }
  world.run(30_000)
  for (const node of [alice, bob]) {
    const ends = node.events.filter(({ _tag }) => _tag === "Disconnected")
    expect(ends, `seed ${seed}: ${node.name}`).toEqual([])
    expect(node.count("Connected"), `seed ${seed}: ${node.name}`).toBe(1)
    expect(node.texts, `seed ${seed}: ${node.name}`).toEqual(said.get(other(node)))
  }
}

describe("crossing handshakes", () => {
  it("never replace a connection that both sides have", () => {
    for (let seed = 0; seed < SEEDS; seed++) run(seed, 25)
  }, 60_000)

  it("do not happen where one asks back as soon as it hears of the other's call", () => {
    const { alice, begun, bob, world } = askedBack()
    world.run(30)
    // Alice's HS1 is on the relay's way: one way takes 40 ms.
    expect(alice.connected(bob)).toBe(false)
    expect(world.run(120, () => bob.texts.length === 1 && alice.texts.length === 1)).toBe(true)
    world.run(1_000)
    expect([begun(alice), begun(bob)]).toEqual([1, 0])
  })

  it("wait 100 ms for a caller who does not begin, and no longer", () => {
    const { begun, bob, world } = askedBack((from) => from.name === "alice")
    world.blocks = () => true
    world.run(99)
    expect(begun(bob)).toBe(0)
    world.run(2)
    expect(begun(bob)).toBe(1)
  })

  it("begin at once where no relay carries what the caller begins", () => {
    const { begun, bob, world } = askedBack(undefined, false)
    world.run(1)
    expect(begun(bob)).toBe(1)
  })

  it("begin at once when the call was long ago", () => {
    const { begun, bob, world } = askedBack((from) => from.name === "alice", true, 1_001)
    expect(begun(bob)).toBe(1)
    world.run(1)
  })

  it("connect at once with somebody who is back, though the goodbye of the life before comes in between", () => {
    const world = new World(1)
    const nodes = [world.node("alice", "203.0.113.1:4000"), world.node("bob", "203.0.113.2:4000")]
    // Of two that begin at once, the one with the lower key goes on.
    nodes.sort((a, b) => Bytes.compare(a.record.staticKey, b.record.staticKey))
    const [stays, leaves] = nodes as [Node, Node]
    const meet = () => {
      const channel = world.channel()
      world.introduce(stays, leaves, channel)
      world.introduce(leaves, stays, channel)
    }
    meet()
    world.run(1_000)
    const before = world.sent.length
    world.blocks = () => true
    leaves.peers.close(stays.id, world.now)
    leaves.drain()
    const [goodbye] = world.sent.slice(before)
    world.blocks = () => false
    leaves.start()
    meet()
    world.run(10)
    stays.peers.handleDatagram({ _tag: "Direct", endpoint: leaves.endpoints[0]! }, goodbye!.data.slice(), world.now)
    expect(world.run(1_000, () => stays.connected(leaves) && leaves.connected(stays))).toBe(true)
  })
})

/** Alice asks for bob, who asks back after so many ms. `begun`: the HS1 that somebody has made, each counted once. */
const askedBack = (relayBlocks?: World["relayBlocks"], relay = true, after = 0) => {
  const world = new World(1)
  world.relay = relay
  if (relayBlocks !== undefined) world.relayBlocks = relayBlocks
  const [alice, bob] = [world.node("alice", "203.0.113.1:4000"), world.node("bob", "203.0.113.2:4000")]
  const [channel, blocks] = [world.channel(), world.blocks]
  if (after > 0) world.blocks = () => true
  world.introduce(alice, bob, channel)
  world.run(after)
  world.blocks = blocks
  alice.send(bob, "hi")
  bob.peers.invite({ ...introduction(alice, channel), relay }, world.now)
  bob.send(alice, "hello")
  world.run(0)
  const begun = (node: Node) => {
    const made = world.sent.filter(({ data, from }) => from === node && data[0] === Wire.HS1)
    return new Set(made.map(({ data }) => Buffer.from(data).toString("hex"))).size
  }
  return { alice, begun, bob, world }
}

/** The faults that this was written for showed in one of a hundred. */
const SEEDS = some(100)

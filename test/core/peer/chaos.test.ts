import { describe, expect, it } from "vitest"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { type Node, World } from "./Pair.js"

/** Everything that can happen to two peers, at random; then the network heals, and the promises are checked. */
const run = (seed: number, steps: number) => {
  const world = new World(seed, { latency: 10, jitter: 40, loss: 0.05, duplicate: 0.05 })
  const nodes = [world.node("alice", "203.0.113.1:4000"), world.node("bob", "203.0.113.2:4000")] as const
  const other = (node: Node) => (node === nodes[0] ? nodes[1] : nodes[0])
  const pick = (): Node => nodes[world.random() < 0.5 ? 0 : 1]
  /** What the present process of a node was made to say and has not given up, in order. */
  const said = new Map<Node, Array<string>>(nodes.map((node) => [node, []]))
  /** Where the messages of the present process of a node begin. */
  const shownFrom = new Map<Node, number>(nodes.map((node) => [node, 0]))
  const asked = new Set<Node>()
  /** Confirms what came while nothing was shown; nothing is confirmed before what came before it. */
  const catchUp = (node: Node) => {
    for (const { id } of node.messages) node.peers.delivered(other(node).id, id, world.now)
  }
  let channel = world.channel()
  let blocked: Node | undefined
  let count = 0
  world.blocks = (from) => blocked?.owns(from) === true
  world.introduce(nodes[0], nodes[1], channel)
  asked.add(nodes[0])

  for (let i = 0; i < steps; i++) {
    const node = pick()
    const dice = world.random()
    if (dice < 0.45) {
      const text = `${count++} of ${node.name} ${"x".repeat(world.random() < 0.1 ? 20_000 : 20)}`
      if (typeof node.peers.send(other(node).id, text, world.now) === "string") said.get(node)!.push(text)
    } else if (dice < 0.55) {
      if (world.random() < 0.3) channel = world.channel()
      world.introduce(node, other(node), channel)
      asked.add(node)
    } else if (dice < 0.6) {
      node.endpoints = [{ ...Endpoint.parse("198.51.100.1:1")!, port: 1_000 + count++ }]
      node.peers.setLocal(node.signed, node.endpoints, world.now)
    } else if (dice < 0.65) blocked = world.random() < 0.5 ? node : undefined
    else if (dice < 0.68) {
      node.start()
      asked.delete(node)
      said.set(node, [])
      shownFrom.set(node, node.messages.length)
      channel = world.channel()
    } else if (dice < 0.7) {
      node.peers.close(other(node).id, world.now)
      asked.delete(node)
    } else if (dice < 0.72) {
      node.shows = !node.shows
      if (node.shows) catchUp(node)
    }
    world.run(world.random() ** 3 * 20_000)
  }

  blocked = undefined
  for (const node of nodes) {
    node.shows = true
    catchUp(node)
  }
  channel = world.channel()
  for (const node of nodes) world.introduce(node, other(node), channel)
  const done = () => nodes.every((node) => node.peers.status(other(node).id)?.undelivered === 0)
  expect(world.run(120_000, done), `seed ${seed}: not everything was delivered`).toBe(true)
  for (const node of nodes) {
    const shown = node.messages.slice(shownFrom.get(node)!)
    expect(new Set(shown.map(({ id }) => id)).size, `seed ${seed}: shown twice`).toBe(shown.length)
    // Of what the other side's present process said, this process has shown an end of the list, in order.
    const expected = said.get(other(node))!
    const texts = shown.map(({ text }) => text).filter((text) => expected.includes(text))
    expect(texts, `seed ${seed}: order`).toEqual(expected.slice(expected.length - texts.length))
  }
  const pairs = nodes.flatMap((node) => node.sealed.map(({ counter, key }) => `${key} ${counter}`))
  expect(new Set(pairs).size, `seed ${seed}: a nonce was used twice`).toBe(pairs.length)
}

describe("two peers in chaos", () => {
  it("keep every promise, for each seed", () => {
    for (let seed = 0; seed < 40; seed++) run(seed, 40)
  })
})

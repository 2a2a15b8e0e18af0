import { describe, expect, it } from "vitest"
import { MAX_OUTBOX } from "../../../src/core/peer/chat/Conversation.js"
import { type Node, World } from "./Pair.js"

/** `PARLEY_MESSAGES=1000000 npx vitest run test/core/peer/many-messages` takes some minutes. */
const MESSAGES = Number(process.env.PARLEY_MESSAGES ?? 50_000)

describe("a conversation of very many messages", () => {
  it(
    "loses, doubles and disorders none of them at 5 % loss, both ways at once",
    () => {
      const world = new World(1, { latency: 20, jitter: 10, loss: 0.05, duplicate: 0.02 })
      const alice = world.node("alice", "203.0.113.1:4000")
      const bob = world.node("bob", "203.0.113.2:4000")
      for (const node of [alice, bob]) node.keepsPlaintext = false
      world.keepsPackets = false
      const channel = world.channel()
      world.introduce(alice, bob, channel)
      world.introduce(bob, alice, channel)

      const each = MESSAGES / 2
      const said = new Map<Node, number>([
        [alice, 0],
        [bob, 0]
      ])
      const shown = new Map<Node, number>([
        [alice, 0],
        [bob, 0]
      ])
      const talk = (node: Node, other: Node) => {
        let next = said.get(node)!
        if (next === each || node.peers.status(other.id)!.undelivered > MAX_OUTBOX / 2) return
        for (let i = 0; i < MAX_OUTBOX / 2 && next < each; i++) node.send(other, `${next++} of ${each}`)
        said.set(node, next)
      }
      /** Each is the one after the last; what was looked at is forgotten. */
      const listen = (node: Node) => {
        let next = shown.get(node)!
        for (const { text } of node.messages)
          if (text !== `${next++} of ${each}`) expect(text).toBe(`${next - 1} of ${each}`)
        shown.set(node, next)
        node.messages.length = 0
        for (const event of node.events) if (event._tag === "Disconnected") expect(event).toBeUndefined()
        node.events.length = 0
      }
      const done = () => {
        listen(alice)
        listen(bob)
        talk(alice, bob)
        talk(bob, alice)
        return [alice, bob].every((node) => shown.get(node) === each)
      }
      const started = world.now
      expect(world.run(MESSAGES, done)).toBe(true)
      const isConfirmed = () =>
        alice.peers.status(bob.id)?.undelivered === 0 && bob.peers.status(alice.id)?.undelivered === 0
      expect(world.run(60_000, isConfirmed)).toBe(true)
      const seconds = (world.now - started) / 1_000
      const { lost, sent } = alice.peers.explain(bob.id, world.now)!.connection!
      console.log(
        `${MESSAGES} messages in ${seconds.toFixed(1)} s of virtual time, ${lost} of ${sent} packets found lost`
      )
    },
    30 * 60_000
  )
})

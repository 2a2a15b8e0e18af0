import { describe, expect, it } from "vitest"
import { CHANNEL_BYTES, type ChannelId, channelIdOf } from "../../../src/domain/ChannelId.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import * as Handshake from "../../../src/protocol/Handshake.js"
import { channelId, peerId } from "../../support/ids.js"
import { type LinkOptions, type Node, RELAY, World } from "./Pair.js"

const endpoint = (text: string) => Endpoint.parse(text)!
const path = (node: Node, to: Node) => node.peers.status(to.id)?.path
const changes = (node: Node) =>
  node.events.flatMap((event) =>
    event._tag === "Connected" || event._tag === "PathChanged" ? [`${event._tag} ${event.path.kind}`] : []
  )

const relayed = (seed: number, link: Partial<LinkOptions> = {}) => {
  const world = new World(seed, link)
  world.relay = true
  const alice = world.node("alice", "203.0.113.1:4000")
  const bob = world.node("bob", "203.0.113.2:4000")
  return { world, alice, bob }
}

const mutual = (seed: number, link: Partial<LinkOptions> = {}) => {
  const all = relayed(seed, link)
  const { world, alice, bob } = all
  const channel = world.channel()
  world.introduce(alice, bob, channel)
  world.introduce(bob, alice, channel)
  world.run(3_000)
  return all
}

/** One message a side each 200 ms while `during` runs its course; what was sent, for each side. */
const talk = (world: World, alice: Node, bob: Node, steps: number, during: (step: number) => void) => {
  const sent = { byAlice: [] as Array<string>, byBob: [] as Array<string> }
  let stalled = 0
  let lastAt = world.now
  for (let i = 0; i < steps; i++) {
    during(i)
    const before = bob.texts.length
    sent.byAlice.push(`a${i}`)
    sent.byBob.push(`b${i}`)
    alice.send(bob, `a${i}`)
    bob.send(alice, `b${i}`)
    world.run(200)
    if (bob.texts.length > before) lastAt = world.now
    stalled = Math.max(stalled, world.now - lastAt)
  }
  world.run(10_000)
  return { sent, stalled }
}

describe("the relay", () => {
  it("carries the first message within one and a half of its round trips, where nothing else works", () => {
    const { world, alice, bob } = relayed(1)
    world.blocks = () => true
    const start = world.now
    world.introduce(alice, bob)
    alice.send(bob, "hi")
    expect(world.run(10_000, () => bob.texts.length === 1)).toBe(true)
    expect(world.now - start).toBeLessThanOrEqual(1.5 * 80)
    expect(path(alice, bob)).toMatchObject({ kind: "relay" })
    expect(changes(alice)).toEqual(["Connected relay"])
  })

  it("gives way to a direct path as soon as both filters are open, and nothing is lost or doubled", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, alice, bob } = relayed(seed, { latency: 50, relayLatency: 60, jitter: 5, loss: 0.02 })
      const opened = new Set<string>()
      world.blocks = (from, to) => {
        if (world.now < 3_000) return true
        opened.add(`${Endpoint.format(from)} ${Endpoint.format(to)}`)
        return !opened.has(`${Endpoint.format(to)} ${Endpoint.format(from)}`)
      }
      const channel = world.channel()
      world.introduce(alice, bob, channel)
      world.introduce(bob, alice, channel)
      const { sent } = talk(world, alice, bob, 50, () => {})
      expect(bob.texts, `seed ${seed}`).toEqual(sent.byAlice)
      expect(alice.texts, `seed ${seed}`).toEqual(sent.byBob)
      for (const [node, peer] of [
        [alice, bob],
        [bob, alice]
      ] as const) {
        expect(path(node, peer)?.kind, `seed ${seed}`).toBe("direct")
        expect(changes(node), `seed ${seed}`).toEqual(["Connected relay", "PathChanged direct"])
      }
    }
  })

  it("is quiet while the direct path works, and little more than a keepalive while it does not", () => {
    const { world, alice, bob } = mutual(3)
    const count = (node: Node) => world.sent.filter(({ from, to }) => from === node && to === RELAY).length
    world.run(10_000)
    // After a silence nobody knows whether the direct path still works.
    alice.send(bob, "hello again")
    world.run(1_000)
    const before = count(alice)
    for (let i = 0; i < 100; i++) {
      alice.send(bob, `message ${i}`)
      world.run(500)
    }
    expect(count(alice)).toBe(before)
    world.blocks = () => true
    alice.send(bob, "still there?")
    world.run(200_000)
    expect(path(alice, bob)?.kind).toBe("relay")
    const start = world.sent.length
    world.run(600_000)
    const idle = world.sent.slice(start).filter(({ data }) => data[0] === 3)
    for (const node of [alice, bob]) expect(idle.filter(({ from }) => from === node).length).toBeLessThan(30)
    expect(alice.count("Disconnected")).toBe(0)
  })

  it("takes over within a second and a half when the direct path dies, and gives it back", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { world, alice, bob } = mutual(seed)
      const { sent, stalled } = talk(world, alice, bob, 400, (step) => {
        world.blocks = () => step >= 20 && step < 50
      })
      expect(bob.texts, `seed ${seed}`).toEqual(sent.byAlice)
      expect(alice.texts, `seed ${seed}`).toEqual(sent.byBob)
      expect(stalled, `seed ${seed}`).toBeLessThan(1_500)
      expect(changes(alice), `seed ${seed}`).toEqual([
        "Connected relay",
        "PathChanged direct",
        "PathChanged relay",
        "PathChanged direct"
      ])
      expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
    }
  })

  it("is no loss when it dies while the direct path works", () => {
    const { world, alice, bob } = mutual(5)
    const { sent } = talk(world, alice, bob, 100, (step) => {
      world.relayBlocks = () => step > 20
    })
    expect(bob.texts).toEqual(sent.byAlice)
    expect(changes(alice)).toEqual(changes(bob))
    expect(changes(alice).filter((change) => change.startsWith("PathChanged relay"))).toEqual([])
  })

  it("carries what a path loses in one direction only", () => {
    for (const deaf of ["203.0.113.1:4000", "203.0.113.2:4000"]) {
      const { world, alice, bob } = mutual(6)
      const { sent, stalled } = talk(world, alice, bob, 60, (step) => {
        if (step === 10) world.blocks = (_, to) => Endpoint.format(to) === deaf
      })
      expect(bob.texts).toEqual(sent.byAlice)
      expect(alice.texts).toEqual(sent.byBob)
      expect(stalled).toBeLessThan(1_500)
      expect(path(alice, bob)?.kind).toBe("relay")
      expect(path(bob, alice)?.kind).toBe("relay")
    }
  })

  it("carries what is said first after a silence as well, in case the direct path has died meanwhile", () => {
    const { world, alice, bob } = mutual(7)
    world.run(100_000)
    expect(path(alice, bob)?.kind).toBe("direct")
    world.blocks = () => true
    alice.send(bob, "are you there?")
    expect(world.run(45, () => bob.texts.length === 1)).toBe(true)
    // The answer must not wait for anything either.
    bob.send(alice, "yes")
    expect(world.run(45, () => alice.texts.length === 1)).toBe(true)
  })

  it("does not come and go with single losses", () => {
    for (let seed = 0; seed < 10; seed++) {
      const { world, alice, bob } = mutual(seed, { loss: 0.05 })
      world.run(5_000)
      const before = changes(alice).length + changes(bob).length
      const { sent } = talk(world, alice, bob, 100, () => {})
      expect(bob.texts, `seed ${seed}`).toEqual(sent.byAlice)
      expect(changes(alice).length + changes(bob).length, `seed ${seed}`).toBe(before)
    }
  })

  it("serves two who ask for each other at the same moment", () => {
    for (let seed = 0; seed < 20; seed++) {
      const { world, alice, bob } = relayed(seed, { jitter: 20, loss: 0.1 })
      world.blocks = () => true
      const channel = world.channel()
      world.introduce(alice, bob, channel)
      world.introduce(bob, alice, channel)
      alice.send(bob, "from alice")
      bob.send(alice, "from bob")
      world.run(20_000)
      expect(bob.texts, `seed ${seed}`).toEqual(["from alice"])
      expect(alice.texts, `seed ${seed}`).toEqual(["from bob"])
    }
  })

  it("keeps law 2: not a byte of text to whom we have not asked for", () => {
    const { world, alice, bob } = relayed(8)
    world.blocks = () => true
    world.introduce(alice, bob)
    alice.send(bob, "hi")
    world.run(5_000)
    expect(bob.peers.send(alice.id, "secret", world.now)).toEqual({ _tag: "NotConsented" })
    expect(bob.sealed.some(({ plaintext }) => Buffer.from(plaintext).includes("secret"))).toBe(false)
  })

  it("of a new introduction replaces the one whose session ended", () => {
    const { world, alice, bob } = relayed(9)
    world.blocks = () => true
    const first = world.channel()
    world.introduce(alice, bob, first)
    world.introduce(bob, alice, first)
    alice.send(bob, "one")
    world.run(2_000)
    // The server restarted: it knows nothing of the old channel, and introduces the two again.
    world.relay = false
    world.run(5_000)
    world.relay = true
    const second = world.channel()
    world.introduce(alice, bob, second)
    alice.send(bob, "two")
    world.run(5_000)
    expect(bob.texts).toEqual(["one", "two"])
    expect(path(alice, bob)?.address).toBe(second.name)
    expect(alice.count("Connected")).toBe(1)
  })

  it("carries nothing on a channel that nobody told of", () => {
    const { world, alice, bob } = mutual(10)
    world.blocks = () => true
    const held: Array<Uint8Array> = []
    world.relayBlocks = (from, _, data) => from === alice && held.push(data.slice()) > 0
    alice.send(bob, "held back")
    world.run(200)
    expect(held.length).toBeGreaterThan(0)
    const deliver = (channel: ChannelId) => {
      for (const packet of held) bob.peers.handleDatagram({ _tag: "Relay", channel }, packet.slice(), world.now)
      bob.drain()
    }
    deliver(channelIdOf(new Uint8Array(CHANNEL_BYTES)))
    deliver(channelId(""))
    expect(bob.texts).toEqual([])
    deliver(channelId("AAAAAAAAAAE"))
    expect(bob.texts).toEqual(["held back"])
  })

  it("looks for a direct path after a minute while it is in use, then ever less often, on both sides at once", () => {
    const { world, alice, bob } = mutual(11)
    const opened = new Map<string, number>()
    // The filters forget after 30 s, so both have to try within that time.
    world.blocks = (from, to) => {
      opened.set(`${Endpoint.format(from)} ${Endpoint.format(to)}`, world.now)
      if (world.now < 100_000) return true
      return world.now - (opened.get(`${Endpoint.format(to)} ${Endpoint.format(from)}`) ?? -1e9) > 30_000
    }
    for (let i = 0; i < 190; i++) {
      alice.send(bob, `message ${i}`)
      world.run(1_000)
      if (world.now < 170_000 && i > 20) expect(path(alice, bob)?.kind).toBe("relay")
    }
    expect(path(alice, bob)?.kind).toBe("direct")
    expect(path(bob, alice)?.kind).toBe("direct")
  })
})

describe("a policy", () => {
  it("of relay-only sends no direct packet, answers none, and tells no address", () => {
    const { world, alice, bob } = relayed(20)
    alice.peers.setPolicy(undefined, "relay-only", world.now)
    const told: Array<Uint8Array> = []
    alice.tamper = (payload) => {
      told.push(payload.slice())
      return payload
    }
    const channel = world.channel()
    world.introduce(alice, bob, channel)
    world.introduce(bob, alice, channel)
    const { sent } = talk(world, alice, bob, 20, (step) => {
      if (step === 5) alice.peers.setLocal(alice.signed, [endpoint("198.51.100.9:9")], world.now)
      if (step === 10) alice.peers.nudge(bob.id, world.now)
    })
    world.run(300_000)
    expect(bob.texts).toEqual(sent.byAlice)
    expect(alice.texts).toEqual(sent.byBob)
    expect(world.sent.filter(({ from, to }) => from === alice && to !== RELAY)).toEqual([])
    // Bob, who was told by the server, tries.
    expect(world.sent.some(({ from, to }) => from === bob && to === "203.0.113.1:4000")).toBe(true)
    expect(told.length).toBeGreaterThan(0)
    for (const payload of told) expect(Handshake.decodePayload(payload)?.candidates).toEqual([])
    for (const { plaintext } of alice.sealed)
      expect(Buffer.from(plaintext).includes(Buffer.from([198, 51, 100, 9]))).toBe(false)
    expect(path(bob, alice)?.kind).toBe("relay")
  })

  it("of direct-only never uses the relay", () => {
    const { world, alice, bob } = relayed(21)
    alice.peers.setPolicy(undefined, "direct-only", world.now)
    world.blocks = () => true
    world.introduce(alice, bob)
    alice.send(bob, "hi")
    world.run(100_000)
    expect(world.sent.filter(({ from, to }) => from === alice && to === RELAY)).toEqual([])
    expect(bob.texts).toEqual([])
    expect(alice.count("Disconnected")).toBe(1)
  })

  it("may be that of one peer, and changes in the middle of a conversation", () => {
    const { world, alice, bob } = mutual(22)
    expect(path(alice, bob)?.kind).toBe("direct")
    const { sent } = talk(world, alice, bob, 60, (step) => {
      if (step === 20) alice.peers.setPolicy(bob.id, "relay-only", world.now)
      if (step === 40) {
        expect(path(alice, bob)?.kind).toBe("relay")
        alice.peers.setPolicy(bob.id, "prefer-direct", world.now)
      }
    })
    expect(bob.texts).toEqual(sent.byAlice)
    expect(alice.texts).toEqual(sent.byBob)
    expect(path(alice, bob)?.kind).toBe("direct")
    expect(alice.count("Disconnected") + bob.count("Disconnected")).toBe(0)
  })
})

describe("the report", () => {
  it("tells what was tried, what answered, when the path changed, and what the networks are like", () => {
    const { world, alice, bob } = relayed(30)
    alice.peers.setNetworks({ ipv4: "hard", ipv6: "absent" }, world.now)
    bob.peers.setNetworks({ ipv4: "easy", ipv6: "none" }, world.now)
    world.blocks = () => world.now < 5_000
    const channel = world.channel()
    world.introduce(alice, bob, channel)
    world.introduce(bob, alice, channel)
    alice.send(bob, "hi")
    world.run(20_000)
    const report = alice.peers.explain(bob.id, world.now)!
    expect(report).toMatchObject({
      connected: true,
      policy: "prefer-direct",
      relayOffered: true,
      own: { ipv4: "hard", ipv6: "absent" },
      peer: { ipv4: "easy", ipv6: "none" },
      told: 1
    })
    const [relay, direct] = report.connection!.paths
    expect(relay).toMatchObject({ kind: "relay", active: false, source: "server" })
    expect(direct).toMatchObject({ kind: "direct", address: "203.0.113.2:4000", active: true })
    expect(direct!.probes).toBeGreaterThan(direct!.answers)
    expect(direct!.provenMsAgo).toBeGreaterThanOrEqual(0)
    expect(report.changes.map(({ path, reason }) => `${path?.kind} ${reason}`)).toEqual([
      "relay first",
      "direct better"
    ])
    expect(bob.peers.explain(alice.id, world.now)?.peer).toEqual({ ipv4: "hard", ipv6: "absent" })
    alice.peers.setNetworks({ ipv4: "blocked", ipv6: "absent" }, world.now)
    world.run(1_000)
    expect(bob.peers.explain(alice.id, world.now)?.peer, "told when it changes").toMatchObject({ ipv4: "blocked" })
    expect(alice.peers.explain(peerId("nobody"), world.now)).toBeUndefined()
  })

  it("keeps a bounded history", () => {
    const { world, alice, bob } = mutual(31)
    for (let i = 0; i < 60; i++) {
      alice.peers.setPolicy(bob.id, i % 2 === 0 ? "relay-only" : "prefer-direct", world.now)
      world.run(3_000)
    }
    expect(alice.peers.explain(bob.id, world.now)!.changes.length).toBe(32)
  })
})

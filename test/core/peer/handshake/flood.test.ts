import { beforeEach, describe, expect, it } from "vitest"
import * as Handshake from "../../../../src/core/peer/handshake/Handshake.js"
import type { Route } from "../../../../src/core/peer/Route.js"
import { type ChannelId, channelIdBytes } from "../../../../src/domain/ChannelId.js"
import { crypto } from "../../../../src/layers/node/Crypto.js"
import * as Bytes from "../../../../src/protocol/Bytes.js"
import { PacketType } from "../../../../src/protocol/DataPacket.js"
import { direct, introduction, type Node, World } from "../Pair.js"

let world: World
let alice: Node
let bob: Node

type Channel = { readonly name: ChannelId; readonly pairKey: Uint8Array }

/** A handshake that `from` begins with alice, as its owner could make it. */
const begins = (from: Node, channel: Channel, attempt: number): Handshake.Initiation =>
  Handshake.initiate({
    crypto,
    staticKeys: from.identity.staticKeys,
    ephemeralSecret: world.bytes(32),
    remoteStatic: alice.record.staticKey,
    channel: channelIdBytes(channel.name),
    pairKey: channel.pairKey,
    senderIndex: attempt,
    payload: {
      attempt,
      connection: world.bytes(8),
      peerConnection: new Uint8Array(8),
      consent: true,
      features: 0,
      creditMessages: 16,
      creditBytes: 32_768,
      record: from.signed,
      candidates: []
    }
  })!

/** Hands alice a packet; what she sends because of it. */
const give = (packet: Uint8Array, from: Route): ReadonlyArray<Uint8Array> => {
  const before = world.sent.length
  alice.peers.handleDatagram(from, packet.slice(), world.now)
  alice.drain()
  return world.sent.slice(before).flatMap(({ data, from }) => (from === alice ? [data] : []))
}

const isHs2 = (packet: Uint8Array) => packet[0] === PacketType.handshake2
const isRetry = (packet: Uint8Array) => packet[0] === PacketType.retry

beforeEach(() => {
  world = new World(21)
  alice = world.node("alice", "203.0.113.1:4000")
  // Of two who begin at once, bob leads: so alice answers him although she has asked for him.
  do bob = world.node("bob", "203.0.113.2:4000")
  while (Bytes.compare(bob.record.staticKey, alice.record.staticKey) > 0)
  world.nodes.splice(1, world.nodes.length - 2)
})

describe("old handshakes that somebody else repeats", () => {
  /** Twenty fresh ones in 20 s, while `old` ones come at `rate` a second; how many are answered. */
  const answered = (old: ReadonlyArray<Uint8Array>, channel: Channel, rate: number): number => {
    let count = 0
    let at = 0
    for (let i = 1; i <= 20; i++) {
      for (let j = 0; j < rate; j++) {
        world.run(1_000 / rate)
        give(old[at++ % old.length]!, direct("198.51.100.66:666"))
      }
      const fresh = begins(bob, channel, 1_000 + i)
      const [answer] = give(fresh.packet, direct("203.0.113.2:4000"))
      if (answer === undefined) continue
      if (isHs2(answer)) count++
      if (!isRetry(answer)) continue
      const terms = { crypto, pairKey: channel.pairKey, hs1: fresh.packet, receiverStatic: bob.record.staticKey }
      const cookie = Handshake.openRetry(terms, answer)!
      const again = give(Handshake.withCookie(crypto, cookie, fresh.packet), direct("203.0.113.2:4000"))
      if (again.some(isHs2)) count++
    }
    return count
  }

  const collect = (channel: Channel, count: number): ReadonlyArray<Uint8Array> =>
    Array.from({ length: count }, (_, i) => begins(bob, channel, i + 1).packet)

  for (const rate of [25, 100])
    it(`stop no fresh one, at ${rate} a second, and cost one opening in all`, () => {
      const channel = world.channel()
      alice.peers.invite(introduction(bob, channel), world.now)
      const [old] = collect(channel, 1)
      give(begins(bob, channel, 500).packet, direct("203.0.113.2:4000"))
      const before = alice.cryptoCalls
      expect(answered([old!], channel, rate)).toBe(20)
      expect(alice.cryptoCalls - before).toBeLessThanOrEqual(21)
    })

  it("stop no fresh one even when there are more of them than anybody remembers", () => {
    const channel = world.channel()
    alice.peers.admit(introduction(bob, channel), world.now)
    const old = collect(channel, 300)
    give(begins(bob, channel, 500).packet, direct("203.0.113.2:4000"))
    const before = alice.cryptoCalls
    expect(answered(old, channel, 100)).toBe(20)
    // 20 at once, ten a second, and the fresh ones.
    expect(alice.cryptoCalls - before).toBeLessThanOrEqual(20 + 10 * 20 + 20)
  })
})

describe("a flood of strangers' handshakes", () => {
  /** 60 strangers, 20 handshakes a second each; what happens meanwhile is `act`'s. */
  const flood = (ms: number, from: (i: number) => Route = (i) => direct(`198.51.100.${i + 1}:4000`)) => {
    const strangers = Array.from({ length: 60 }, (_, i) => {
      const node = world.node(`stranger ${i}`, `198.51.100.${i + 1}:4000`)
      node.online = false
      const channel = world.channel()
      alice.peers.admit(introduction(node, channel), world.now)
      return { node, channel }
    })
    const end = world.now + ms
    const sent: Array<Uint8Array> = []
    const answers: Array<Uint8Array> = []
    for (let attempt = 1; world.now < end; attempt++) {
      strangers.forEach(({ channel, node }, i) => {
        const { packet } = begins(node, channel, attempt)
        sent.push(packet)
        answers.push(...give(packet, from(i)))
      })
      world.run(50)
    }
    return { sent, answers }
  }

  it("is opened at the pace of one budget, and nothing that answers is larger than what was asked", () => {
    const before = alice.cryptoCalls
    const { answers, sent } = flood(4_000)
    expect(sent.length).toBeGreaterThan(4_000)
    // 20 at once and ten a second; without a cookie the other half of the budget is not touched.
    expect(alice.cryptoCalls - before).toBeLessThanOrEqual(20 + 40 + 1)
    expect(answers.filter(isHs2).length).toBeLessThanOrEqual(61)
    // 100 at once and 500 a second, of 53 bytes each.
    const retries = answers.filter(isRetry)
    expect(retries.length).toBeGreaterThan(1_000)
    expect(retries.length).toBeLessThanOrEqual(100 + 4 * 500 + 1)
    expect(new Set(retries.map(({ length }) => length))).toEqual(new Set([53]))
    expect(Math.min(...sent.map(({ length }) => length))).toBeGreaterThan(125)
  })

  it("does not delay anybody whom we have asked for, whoever begins", () => {
    flood(2_000)
    world.introduce(alice, bob)
    flood(100)
    expect(alice.connected(bob) && bob.connected(alice)).toBe(true)
    const carol = world.node("carol", "203.0.113.3:4000")
    alice.peers.invite(introduction(carol, world.channel()), world.now)
    world.introduce(carol, alice)
    flood(100)
    expect(alice.connected(carol) && carol.connected(alice)).toBe(true)
  })

  for (const way of ["directly", "over the relay"])
    it(`delays a stranger who shows its cookie by a round trip, ${way}`, () => {
      world.relay = way !== "directly"
      if (world.relay) world.blocks = (from, to) => [from, to].every(({ address }) => !address.startsWith("198"))
      flood(2_000)
      world.introduce(bob, alice)
      flood(250)
      expect(alice.connected(bob) && bob.connected(alice)).toBe(true)
      const way1 = world.sent.filter(({ from }) => from === bob).map(({ data }) => data[0])
      expect(way1).toContain(PacketType.handshake1WithCookie)
    })

  it("leaves something for others even when the strangers show their cookies, from one address", () => {
    const retried = new Map<string, Uint8Array>()
    const strangers = Array.from({ length: 60 }, (_, i) => {
      const node = world.node(`stranger ${i}`, `198.51.100.7:${4_000 + i}`)
      node.online = false
      const channel = world.channel()
      alice.peers.admit(introduction(node, channel), world.now)
      return { node, channel, route: direct(`198.51.100.7:${4_000 + i}`) }
    })
    const attack = (ms: number) => {
      for (let attempt = world.now; world.now < attempt + ms; world.run(50))
        for (const { channel, node, route } of strangers) {
          const hs1 = begins(node, channel, Math.floor(world.now)).packet
          const cookie = retried.get(channel.name)
          const [answer] = give(cookie === undefined ? hs1 : Handshake.withCookie(crypto, cookie, hs1), route)
          if (answer === undefined || !isRetry(answer)) continue
          const terms = { crypto, pairKey: channel.pairKey, hs1, receiverStatic: node.record.staticKey }
          retried.set(channel.name, Handshake.openRetry(terms, answer)!)
        }
    }
    attack(3_000)
    expect(retried.size).toBe(60)
    const before = alice.cryptoCalls
    world.introduce(bob, alice)
    attack(1_000)
    expect(alice.connected(bob)).toBe(true)
    // Ten a second for whoever comes, one a second for this address, and bob.
    expect(alice.cryptoCalls - before).toBeLessThanOrEqual(10 + 1 + 2)
  })
})

describe("RETRY", () => {
  const channel = { channel: new Uint8Array(8).fill(1), pairKey: new Uint8Array(32).fill(2) }
  const setup = () => {
    const name = world.channel()
    const { packet: hs1 } = begins(bob, name, 7)
    const terms = { crypto, pairKey: name.pairKey, hs1, receiverStatic: bob.record.staticKey }
    const cookie = world.bytes(16)
    return { terms, cookie, packet: Handshake.retry(terms, cookie, world.bytes(16)) }
  }

  it("brings the cookie to whoever knows the pair key, for this HS1 alone", () => {
    const { cookie, packet, terms } = setup()
    expect(Handshake.openRetry(terms, packet)).toEqual(cookie)
    expect(Handshake.openRetry({ ...terms, pairKey: channel.pairKey }, packet)).toBeUndefined()
    expect(Handshake.openRetry({ ...terms, receiverStatic: alice.record.staticKey }, packet)).toBeUndefined()
    expect(Handshake.openRetry({ ...terms, hs1: begins(bob, world.channel(), 7).packet }, packet)).toBeUndefined()
    for (let at = 0; at < packet.length; at++) {
      const forged = packet.slice()
      forged[at]! ^= 1
      expect(Handshake.openRetry(terms, forged)).toBeUndefined()
    }
    expect(Handshake.openRetry(terms, packet.subarray(1))).toBeUndefined()
  })

  it("causes at most one packet a second on a route, and none on a route that HS1 does not go to", () => {
    const name = world.channel()
    world.blocks = () => true
    alice.peers.invite(introduction(bob, name), world.now)
    alice.drain()
    const hs1 = world.sent.find(({ data }) => data[0] === PacketType.handshake1)!.data
    const terms = { crypto, pairKey: name.pairKey, hs1, receiverStatic: alice.record.staticKey }
    const forged = () => Handshake.retry(terms, world.bytes(16), world.bytes(16))
    expect(give(forged(), direct("198.51.100.66:53"))).toEqual([])
    const to = direct("203.0.113.2:4000")
    const caused = Array.from({ length: 100 }, () => give(forged(), to)).flat()
    expect(caused.map((data) => data[0])).toEqual([PacketType.handshake1WithCookie])
    expect(Handshake.unwrap(caused[0]!)!.hs1).toEqual(hs1)
  })

  it("is no use at another address, nor after four minutes", () => {
    const name = world.channel()
    alice.peers.admit(introduction(bob, name), world.now)
    let attempt = 0
    const others = Array.from({ length: 40 }, (_, i) => {
      const node = world.node(`stranger ${i}`, `198.51.100.${i + 1}:4000`)
      const channel = world.channel()
      alice.peers.admit(introduction(node, channel), world.now)
      return { node, channel }
    })
    /** Uses up what is there for whoever comes. */
    const exhaust = () => {
      world.run(60)
      for (const { channel, node } of others) give(begins(node, channel, ++attempt).packet, direct("198.51.100.9:9"))
    }
    const cookieFor = (from: Route): Uint8Array => {
      exhaust()
      const hs1 = begins(bob, name, ++attempt).packet
      const terms = { crypto, pairKey: name.pairKey, hs1, receiverStatic: bob.record.staticKey }
      return Handshake.openRetry(terms, give(hs1, from).find(isRetry)!)!
    }
    const opens = (cookie: Uint8Array, from: Route): boolean => {
      exhaust()
      return give(Handshake.withCookie(crypto, cookie, begins(bob, name, ++attempt).packet), from).some(isHs2)
    }
    const here = direct("203.0.113.2:4000")
    const cookie = cookieFor(here)
    expect(opens(cookie, direct("203.0.113.2:4001"))).toBe(false)
    expect(opens(cookie, here)).toBe(true)
    world.run(119_000)
    expect(opens(cookie, here)).toBe(true)
    world.run(121_000)
    cookieFor(direct("198.51.100.9:9"))
    expect(opens(cookie, here)).toBe(false)
  })
})

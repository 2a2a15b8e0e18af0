import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type LanEvent, LanRendezvous } from "../../../src/core/client/LanRendezvous.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { crypto } from "../../../src/layers/node/Crypto.js"
import * as Lan from "../../../src/protocol/Lan.js"
import { some } from "../../support/Effort.js"
import { Somebody } from "./Somebody.js"

/** Somebody on a local network, with everything that was told. */
class Host {
  readonly lan: LanRendezvous<string>
  readonly endpoint: Endpoint.Endpoint
  readonly heard: Array<LanEvent<string>> = []
  name: string | undefined

  constructor(
    readonly who: Somebody,
    number: number
  ) {
    this.endpoint = Endpoint.parse(`192.168.1.${number}:5353`)!
    const { address, family } = this.endpoint
    const addresses = [{ address, family, loopback: false }]
    const random = (length: number) => new Uint8Array(length).fill(number)
    this.lan = new LanRendezvous({ crypto, random, port: 4000, addresses })
  }

  show(now: number): this {
    this.lan.show(this.who.card(), now)
    this.name = this.lan.pollJoin()
    return this
  }

  /** Whose questions were answered how often. */
  answered(): { readonly [purpose: string]: number } {
    const count: { [purpose: string]: number } = {}
    for (const event of this.heard) if ("purpose" in event) count[event.purpose] = (count[event.purpose] ?? 0) + 1
    return count
  }

  tags(): ReadonlyArray<string> {
    return this.heard.map(({ _tag }) => _tag)
  }
}

type Packet = { readonly from: Host; readonly to: Host; readonly data: Uint8Array }

/** Carries packets until nobody has anything to say, each as often as `copies` wants; gives all that were sent. */
const settle = (hosts: ReadonlyArray<Host>, now: number, copies: () => number = () => 1): ReadonlyArray<Packet> => {
  const carried: Array<Packet> = []
  for (let isBusy = true; isBusy; ) {
    isBusy = false
    for (const from of hosts) {
      for (let next = from.lan.pollTransmit(); next !== undefined; next = from.lan.pollTransmit()) {
        isBusy = true
        const { data } = next
        const to = hosts.find(({ endpoint }) => endpoint.address === next.to.address)
        if (to === undefined) continue
        carried.push({ from, to, data })
        for (let count = copies(); count > 0; count--) to.lan.handleDatagram(from.endpoint, data, now)
      }
      for (let event = from.lan.pollEvent(); event !== undefined; event = from.lan.pollEvent()) from.heard.push(event)
    }
  }
  return carried
}

const announce = (hosts: ReadonlyArray<Host>, now: number): void => {
  for (const listener of hosts)
    for (const { endpoint, name } of hosts)
      if (name !== undefined && name !== listener.name) listener.lan.handleFound(name, endpoint, now)
}

const people = () => [new Host(new Somebody("alice", 11), 11), new Host(new Somebody("bob", 12), 12)] as const

/** Two who know each other. */
const met = () => {
  const [alice, bob] = people()
  const both = [alice.show(0), bob.show(0)]
  announce(both, 0)
  settle(both, 0)
  return { alice, bob, both }
}

describe("a local network", () => {
  it("is joined once, when we have a nickname, and again 30 s after it failed", () => {
    const [alice] = people()
    expect(alice.lan.pollJoin()).toBeUndefined()
    alice.show(0)
    expect(alice.name).toBe(Lan.nameOf(crypto, alice.who.identity.signKeys.publicKey))
    alice.show(10)
    expect(alice.name).toBeUndefined()
    alice.lan.handleJoinFailed("no multicast", 100)
    expect(alice.lan.pollEvent()).toEqual({ _tag: "Lost", message: "no multicast", retryInMs: 30_000 })
    alice.lan.handleTimeout(30_099)
    expect(alice.lan.pollJoin()).toBeUndefined()
    alice.lan.handleTimeout(alice.lan.pollTimeout()!)
    expect(alice.lan.pollJoin()).toBeDefined()
  })

  it("tells who comes and goes, once each, and lists ourselves first", () => {
    const { alice, both } = met()
    announce(both, 10)
    settle(both, 10)
    alice.lan.list("list", 2_000)
    settle(both, 2_000)
    const [bob] = both.slice(1)
    alice.lan.handleGone(bob!.name!)
    alice.lan.handleGone(bob!.name!)
    settle(both, 2_100)
    expect(alice.tags()).toEqual(["Joined", "Listed", "Left"])
    expect(alice.heard[1]).toMatchObject({
      entries: [
        { nick: "alice", fingerprint: alice.who.fingerprint },
        { nick: "bob", fingerprint: bob!.who.fingerprint }
      ]
    })
  })

  it("introduces both to each other, over the same channel and with the same key", () => {
    const { alice, bob, both } = met()
    alice.lan.query("bob", "query", 10)
    settle(both, 10)
    const found = alice.heard.find((event) => event._tag === "Found")!
    const incoming = bob.heard.find((event) => event._tag === "Incoming")!
    expect(found.introduction).toMatchObject({ nick: "bob", candidates: ["192.168.1.12:4000"] })
    expect(incoming).toMatchObject({ nick: "alice", candidates: ["192.168.1.11:4000"] })
    expect(incoming.channel).toBe(found.introduction.channel)
    expect(incoming.pairKey).toBe(found.introduction.pairKey)
    expect(bob.tags(), "the invited side has asked nobody").not.toContain("Found")
  })

  it("keeps the questions of the first second until it had time to answer", () => {
    const [alice, bob] = people()
    const both = [alice, bob]
    alice.lan.query("bob", "before", 0)
    alice.lan.list("before", 0)
    settle(both, 0)
    const message = "you have no nickname yet: take one first"
    expect(alice.heard, "nobody waits for what may never come").toEqual([
      { _tag: "NotFound", purpose: "before", message },
      { _tag: "NotFound", purpose: "before", message }
    ])
    alice.show(0)
    bob.show(0)
    alice.lan.query("bob", "early", 10)
    alice.lan.list("list", 20)
    settle(both, 20)
    announce(both, 500)
    settle(both, 500)
    expect(alice.answered()).toEqual({ before: 2 })
    expect(alice.lan.pollTimeout()).toBe(1_000)
    alice.lan.handleTimeout(1_000)
    settle(both, 1_000)
    expect(alice.answered()).toEqual({ before: 2, early: 1, list: 1 })
  })

  it("answers each question exactly once, whatever is lost, doubled, or gone meanwhile", () => {
    const step = fc.record({
      what: fc.constantFrom("list", "query", "stranger", "announce", "gone", "pass"),
      who: fc.nat(1),
      ms: fc.constantFrom(0, 100, 900, 3_000),
      copies: fc.constantFrom(0, 1, 1, 2)
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const hosts = people().map((host) => host.show(0))
        const asked = new Map(hosts.map((host) => [host, new Set<string>()] as const))
        let now = 0
        const pass = (ms: number, copies: number) => {
          for (const end = now + ms; ; ) {
            settle(hosts, now, () => copies)
            const next = Math.min(...hosts.map(({ lan }) => lan.pollTimeout() ?? Number.POSITIVE_INFINITY))
            if (next > end) {
              now = end
              return
            }
            now = Math.max(now, next)
            for (const { lan } of hosts) lan.handleTimeout(now)
          }
        }
        for (const [index, { copies, ms, what, who }] of steps.entries()) {
          const host = hosts[who]!
          const other = hosts[1 - who]!
          const purpose = `${what} ${index}`
          if (what === "list" || what === "query" || what === "stranger") asked.get(host)!.add(purpose)
          if (what === "list") host.lan.list(purpose, now)
          if (what === "query") host.lan.query(other.who.nick, purpose, now)
          if (what === "stranger") host.lan.query("zoe", purpose, now)
          if (what === "announce") announce(hosts, now)
          if (what === "gone") host.lan.handleGone(other.name!)
          pass(ms, copies)
        }
        pass(60_000, 1)
        for (const [host, purposes] of asked)
          expect(host.answered()).toEqual(Object.fromEntries([...purposes].map((purpose) => [purpose, 1])))
      }),
      { numRuns: some(300) }
    )
  })
})

describe("a packet on a local network", () => {
  it("is nothing to those it is not for, and nothing when any byte that names or proves its sender is another", () => {
    const { alice, both } = met()
    alice.lan.query("bob", "query", 10)
    const [invite] = settle(both, 10, () => 0)
    const { data } = invite!
    const header = 1 + 1 + 8 + 8
    const record = header + 16 + 2
    const end = record + 2 + alice.who.record().length
    const places = fc.oneof(fc.integer({ min: 2, max: header - 1 }), fc.integer({ min: record + 2, max: end - 1 }))
    fc.assert(
      fc.property(places, fc.integer({ min: 1, max: 255 }), (place, flip) => {
        const bob = new Host(new Somebody("bob", 12), 12).show(0)
        bob.lan.handleDatagram(
          alice.endpoint,
          data.map((byte, at) => (at === place ? byte ^ flip : byte)),
          20
        )
        settle([bob], 20)
        expect(bob.heard).toEqual([])
      }),
      { numRuns: some(500) }
    )
    const carol = new Host(new Somebody("carol", 13), 13).show(0)
    carol.lan.handleDatagram(alice.endpoint, data, 20)
    expect(settle([carol, alice], 20), "carol is not asked").toEqual([])
    expect(carol.heard).toEqual([])
  })

  it("from outside of the local network is not answered, and a card that nobody asked for is not believed", () => {
    const { alice, both } = met()
    alice.lan.query("bob", "query", 10)
    const [invite, card] = settle(both, 10)
    const bob = new Host(new Somebody("bob", 12), 12).show(0)
    bob.lan.handleDatagram(Endpoint.parse("203.0.113.9:5353")!, invite!.data, 20)
    settle([bob], 20)
    expect(bob.heard).toEqual([])
    const fresh = new Host(new Somebody("alice", 11), 11).show(0)
    fresh.lan.handleDatagram(card!.from.endpoint, card!.data, 20)
    settle([fresh], 20)
    expect(fresh.heard).toEqual([])
  })
})

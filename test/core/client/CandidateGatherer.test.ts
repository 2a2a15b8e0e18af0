import { describe, expect, it } from "vitest"
import { CandidateGatherer } from "../../../src/core/client/CandidateGatherer.js"
import * as HostCandidates from "../../../src/core/client/HostCandidates.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { Context } from "./Context.js"

const HOST = "192.168.1.5:4000"
const FORWARDED = "203.0.113.7:4000"
const at = (text: string) => Endpoint.parse(text)!

/** A registered client on a private network. */
const gatherer = (context: Context, more: { readonly stunServers?: number; readonly portMapping?: boolean } = {}) =>
  new CandidateGatherer(context, {
    ports: { ipv4: 4000, ipv6: undefined },
    addresses: [{ family: "ipv4", address: "192.168.1.5" }],
    stunServers: 0,
    portMapping: true,
    now: 0,
    ...more
  })

const registered = (...options: ConstructorParameters<typeof Context>): Context => {
  const context = new Context(...options)
  context.own.registration = { nick: "ann", address: "", fingerprint: "" }
  return context
}

const texts = (endpoints: ReadonlyArray<Endpoint.Endpoint>) => endpoints.map(Endpoint.format)

describe("our own addresses", () => {
  /** When they are read within `ms` from `from` on, where nothing has changed. */
  const looks = (context: Context, candidates: CandidateGatherer, from: number, ms: number) => {
    const times: Array<number> = []
    for (let at = candidates.pollTimeout(); at < from + ms; at = candidates.pollTimeout()) {
      candidates.handleTimeout(at)
      if (!context.wishes().includes("ReadAddresses")) continue
      times.push(at - from)
      candidates.handleAddresses([{ family: "ipv4", address: "192.168.1.5" }], at)
    }
    return times
  }

  it("are looked at each five seconds, and often while a peer does not answer", () => {
    const context = registered()
    const candidates = gatherer(context)
    expect(looks(context, candidates, 0, 12_000)).toEqual([5_000, 10_000])
    candidates.doubt(12_000)
    const often = looks(context, candidates, 12_000, 20_000)
    expect(often.slice(0, 3)).toEqual([0, 250, 500])
    expect(often.filter((at) => at > 10_000)).toEqual([15_000])
  })

  it("are looked at often when they have just changed, as another network comes soon", () => {
    const context = registered()
    const candidates = gatherer(context)
    candidates.handleAddresses([], 1_000)
    expect(candidates.pollTimeout()).toBe(1_250)
  })
})

describe("a forwarded port", () => {
  it("is asked for once a server is reached, told beside our own address, and taken back again", () => {
    const context = registered()
    const candidates = gatherer(context)
    expect(context.wishes()).toEqual([])
    candidates.greeted(at("198.51.100.1:9090"), { udp: [] }, 10)
    expect(context.wishes()).toEqual(["ForwardPort", "ResolveServer"])
    candidates.announce(10)
    candidates.handleForwarded(at(FORWARDED), 20)
    expect(texts(candidates.candidates)).toEqual([HOST, FORWARDED])
    candidates.handleForwarded(undefined, 30)
    expect(texts(candidates.candidates)).toEqual([HOST])
    expect(context.told()).toEqual([HOST, `${HOST},${FORWARDED}`, HOST])
    candidates.announce(40)
    expect(context.told(), "nothing has changed").toEqual([])
    expect(context.wishes()).toEqual([])
  })

  it("is no candidate when the router is itself behind another one", () => {
    const candidates = gatherer(registered())
    candidates.handleForwarded(at("100.64.0.7:4000"), 10)
    expect(texts(candidates.candidates)).toEqual([HOST])
  })

  it("is asked for again on another network, and forgotten until then", () => {
    const context = registered()
    const candidates = gatherer(context)
    candidates.greeted(at("198.51.100.1:9090"), { udp: [] }, 10)
    candidates.handleForwarded(at(FORWARDED), 20)
    context.wishes()
    expect(candidates.handleAddresses([{ family: "ipv4", address: "192.168.1.5" }], 5_000)).toEqual([])
    expect(context.wishes()).toEqual([])
    expect(candidates.handleAddresses([{ family: "ipv4", address: "10.0.0.5" }], 10_000)).toEqual(["192.168.1.5"])
    expect(context.wishes()).toEqual(["RenewForwarding", "ResolveServer"])
    expect(texts(candidates.candidates)).toEqual(["10.0.0.5:4000"])
  })

  it("is not asked for when the server is on this machine, when switched off, or when we hide", () => {
    for (const [server, path, portMapping] of [
      ["127.0.0.1:9090", "prefer-direct", true],
      ["198.51.100.1:9090", "prefer-direct", false],
      ["198.51.100.1:9090", "relay-only", true]
    ] as const) {
      const context = registered(path)
      const candidates = gatherer(context, { portMapping })
      candidates.greeted(at(server), { udp: [] }, 10)
      candidates.announce(10)
      expect(context.wishes()).not.toContain("ForwardPort")
    }
  })

  it("is asked for when we hide no longer, and not told while we do again", () => {
    const context = registered("relay-only")
    const candidates = gatherer(context)
    candidates.greeted(at("198.51.100.1:9090"), { udp: [] }, 10)
    context.policies.everybody = "prefer-direct"
    candidates.announce(20)
    expect(context.wishes()).toEqual(["ForwardPort", "ResolveServer"])
    candidates.handleForwarded(at(FORWARDED), 30)
    context.policies.everybody = "relay-only"
    candidates.announce(40)
    expect(context.told()).toEqual([HOST, `${HOST},${FORWARDED}`, ""])
  })

  it("has its place among eight candidates, once, before reflexive ones", () => {
    const hosts = Array.from({ length: 8 }, (_, i) => at(`192.168.${i}.1:4000`))
    const reflexive = ["203.0.113.7:1", "203.0.113.7:2", "[2001:db8::1]:1", "[2001:db8::1]:2"].map(at)
    const all = HostCandidates.withOuter(hosts, [at(FORWARDED), ...reflexive])
    expect(all).toEqual([...hosts.slice(0, 3), at(FORWARDED), ...reflexive])
    const twice = HostCandidates.withOuter(hosts, [at(FORWARDED), at(FORWARDED)])
    expect(twice).toEqual([...hosts.slice(0, 7), at(FORWARDED)])
  })
})

describe("our candidates", () => {
  it("are looked at again every five seconds, and at once when something may have changed", () => {
    const context = registered()
    const candidates = gatherer(context)
    candidates.handleTimeout(4_999)
    expect(context.wishes()).toEqual([])
    expect(candidates.pollTimeout()).toBe(5_000)
    candidates.handleTimeout(5_000)
    expect(context.wishes()).toEqual(["ReadAddresses"])
    candidates.handleTimeout(6_000)
    expect(context.wishes(), "one look at a time").toEqual([])
    candidates.handleAddresses([], 6_100)
    expect(candidates.pollTimeout()).toBe(6_350)
    candidates.check()
    expect(context.wishes()).toEqual(["ReadAddresses"])
  })

  it("tells the server, with the registration and whenever that changes, whether we hide", () => {
    const context = registered("relay-only")
    const candidates = gatherer(context)
    expect([candidates.forRegistration(), candidates.isPrivate]).toEqual([[], true])
    candidates.announce(10)
    expect(context.sent("Update")).toEqual([])
    context.policies.everybody = "prefer-direct"
    candidates.announce(20)
    context.policies.everybody = "relay-only"
    candidates.announce(30)
    candidates.announce(40)
    const [shown, hidden, ...more] = context.sent("Update")
    expect(shown).toMatchObject({ endpoints: [HOST] })
    expect(shown).not.toHaveProperty("private")
    expect(hidden).toMatchObject({ endpoints: [], private: true })
    expect(more).toEqual([])
  })

  it("go to no server that has a relay, unless somebody is to be reached without it", () => {
    const context = registered()
    const candidates = gatherer(context)
    candidates.greeted(at("198.51.100.1:9090"), { udp: [] }, 10, true)
    expect(candidates.forRegistration()).toEqual([])
    expect(texts(candidates.withheld)).toEqual([HOST])
    candidates.announce(10)
    expect(context.told()).toEqual([])
    context.policies.set("bob", "direct-only")
    candidates.announce(20)
    expect(context.told()).toEqual([HOST])
    expect(candidates.withheld).toEqual([])
    context.policies.set("bob", "prefer-direct")
    candidates.announce(30)
    expect(context.told()).toEqual([""])
    context.policies.everybody = "relay-only"
    expect(candidates.withheld).toEqual([])
    // The next server has none.
    context.policies.everybody = "prefer-direct"
    candidates.greeted(at("198.51.100.2:9090"), { udp: [] }, 40)
    expect(texts(candidates.forRegistration())).toEqual([HOST])
  })

  it("are told with a registration, and not again after it", () => {
    const context = registered()
    const candidates = gatherer(context)
    expect(texts(candidates.forRegistration())).toEqual([HOST])
    candidates.announce(10)
    expect(context.told()).toEqual([])
  })

  it("are asked for at STUN servers whose names are all looked up, known or not, unless we hide", () => {
    const hidden = registered("relay-only")
    gatherer(hidden, { stunServers: 2 })
    expect(hidden.wishes()).toEqual([])
    const context = registered()
    const candidates = gatherer(context, { stunServers: 2 })
    expect(context.wishes()).toEqual(["Resolve", "Resolve"])
    context.transport.start(10)
    candidates.handleResolved(1, [], 20)
    context.transport.handleTimeout(20)
    expect(context.transport.pollTransmit(20)).toBeUndefined()
    candidates.handleResolved(0, [at("198.51.100.9:3478")], 30)
    context.transport.handleTimeout(30)
    expect(Endpoint.format(context.transport.pollTransmit(30)!.to)).toBe("198.51.100.9:3478")
  })
})

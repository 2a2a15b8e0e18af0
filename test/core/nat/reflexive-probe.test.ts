import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { exactly } from "../../../src/core/nat/Behaviour.js"
import { MAX_REFLEXIVE, MAX_SERVERS, type Reflexive, ReflexiveProbe } from "../../../src/core/nat/ReflexiveProbe.js"
import type { Endpoint } from "../../../src/domain/Endpoint.js"
import * as Stun from "../../../src/protocol/Stun.js"
import {
  at,
  counting,
  INNER,
  Nat,
  OTHER_SERVER,
  SERVER,
  SERVER_SECOND_PORT,
  World,
  type WorldOptions
} from "./World.js"

const SERVERS = [SERVER, SERVER_SECOND_PORT, OTHER_SERVER]

class Setup {
  readonly world: World
  readonly probe: ReflexiveProbe
  readonly events: Array<Reflexive & { readonly time: number }> = []

  constructor(options: WorldOptions, servers: ReadonlyArray<Endpoint> = SERVERS) {
    this.world = new World(options)
    this.probe = new ReflexiveProbe({ servers, random: counting() })
    this.world.attach(INNER.first, (from, data, now) => this.probe.handleDatagram(from, data, now))
  }

  run(until: number): void {
    this.world.run(this.probe, () => this.drain(), until)
  }

  drain(): void {
    const { now } = this.world
    for (let next = this.probe.pollTransmit(now); next !== undefined; next = this.probe.pollTransmit(now)) {
      this.world.send(INNER.first, next.to, next.data)
    }
    for (let event = this.probe.pollEvent(); event !== undefined; event = this.probe.pollEvent()) {
      this.events.push({ ...event, time: now })
    }
  }

  get last(): Reflexive | undefined {
    return this.events.at(-1)
  }
}

const home = () => new Nat({ mapping: "endpoint-independent", filtering: "address-and-port-dependent" })
const hard = () => new Nat({ mapping: "address-and-port-dependent", filtering: "address-and-port-dependent" })

describe("ReflexiveProbe", () => {
  it("asks nobody before it is wanted", () => {
    const { probe, world } = new Setup({ nat: home() })
    expect(probe.pollTimeout()).toBeUndefined()
    expect(probe.pollTransmit(world.now)).toBeUndefined()
  })

  it("has a candidate after one round trip, and knows that the mapping is the same for all", () => {
    const setup = new Setup({ nat: home() })
    setup.probe.start(0)
    setup.run(20)
    expect(setup.last).toMatchObject({
      family: "ipv4",
      candidates: [at("203.0.113.7:50000")],
      mapping: exactly("endpoint-independent"),
      moved: false
    })
    expect(setup.world.requests).toBe(SERVERS.length)
  })

  it("knows a hard NAT from two ports of one server", () => {
    const setup = new Setup({ nat: hard() }, [SERVER, SERVER_SECOND_PORT])
    setup.probe.start(0)
    setup.run(20)
    expect(setup.last?.mapping).toEqual(exactly("address-and-port-dependent"))
    expect(setup.last?.candidates).toHaveLength(MAX_REFLEXIVE)
  })

  it("sends requests as large as their answers", () => {
    const setup = new Setup({ nat: home() })
    setup.probe.start(0)
    setup.run(0)
    expect(setup.world.sent.map(({ bytes }) => bytes)).toEqual([40, 40, 40])
  })

  it("repeats on the schedule of RFC 8489 and tells of silence once, after three requests", () => {
    const setup = new Setup({ blocked: true }, [SERVER])
    setup.probe.start(0)
    setup.run(15_499)
    expect(setup.world.sent.map((packet) => packet.at)).toEqual([0, 500, 1500, 3500, 7500])
    setup.run(120_000)
    expect(setup.events.map(({ candidates, time }) => [candidates, time])).toEqual([[[], 3_500]])
    // Then one request a round.
    expect(setup.world.sent.length).toBeLessThanOrEqual(5 + 100 / 20)
  })

  it("recovers when UDP comes back, and at once when the network is known to have changed", () => {
    const setup = new Setup({ nat: home(), blocked: true })
    setup.probe.start(0)
    setup.run(60_000)
    setup.world.blocked = false
    setup.probe.networkChanged(setup.world.now)
    setup.run(60_020)
    expect(setup.last?.candidates).toEqual([at("203.0.113.7:50000")])
  })

  it("refreshes every 20 to 27 s and is quiet about what stays the same", () => {
    const setup = new Setup({ nat: home() })
    setup.probe.start(0)
    setup.run(600_000)
    const rounds = [...new Set(setup.world.sent.map((packet) => packet.at))]
    for (const [index, round] of rounds.slice(1).entries()) {
      expect(round - rounds[index]!).toBeGreaterThanOrEqual(20_000)
      expect(round - rounds[index]!).toBeLessThanOrEqual(27_000)
    }
    expect(rounds.length).toBeGreaterThan(20)
    expect(setup.events.every(({ time }) => time <= 20)).toBe(true)
  })

  it("notices a rebooted NAT within a round, without taking it for a hard one", () => {
    const nat = home()
    const setup = new Setup({ nat })
    setup.probe.start(0)
    setup.run(5_000)
    setup.events.length = 0
    nat.reboot()
    setup.run(33_000)
    expect(setup.events.filter(({ moved }) => moved)).toHaveLength(1)
    expect(setup.last).toMatchObject({
      candidates: [at("203.0.113.7:51001")],
      mapping: exactly("endpoint-independent"),
      moved: true
    })
    for (const { mapping } of setup.events) expect(mapping.best).toBe("endpoint-independent")
  })

  it("asks those again who answered just before the NAT rebooted", () => {
    const nat = home()
    const setup = new Setup({ nat }, [SERVER, SERVER_SECOND_PORT])
    setup.probe.start(0)
    setup.run(1_000)
    setup.probe.networkChanged(1_000)
    setup.drain()
    // In the middle of the second round: the first answer is already on its way back through the old mapping.
    setup.probe.handleTimeout(1_000)
    const first = setup.probe.pollTransmit(1_000)!
    const second = setup.probe.pollTransmit(1_000)!
    answer(setup.probe, first, at("203.0.113.7:50000"), 1_010)
    answer(setup.probe, second, at("203.0.113.7:51000"), 1_011)
    setup.events.length = 0
    const event = setup.probe.pollEvent()
    expect(event).toMatchObject({ candidates: [at("203.0.113.7:51000")], moved: true })
    expect(event?.mapping.best).toBe("endpoint-independent")
    const again = setup.probe.pollTransmit(1_011)!
    expect(again.to).toEqual(SERVER)
    answer(setup.probe, again, at("203.0.113.7:51000"), 1_030)
    expect(setup.probe.pollEvent()).toMatchObject({ mapping: { worst: "address-dependent" }, moved: false })
    expect(setup.probe.pollTransmit(1_030)).toBeUndefined()
  })

  it("does not forget a move that nobody fetched", () => {
    const { probe } = new Setup({}, [SERVER])
    probe.start(0)
    probe.handleTimeout(0)
    answer(probe, probe.pollTransmit(0)!, at("203.0.113.7:1000"), 1)
    for (const port of [2000, 3000]) {
      probe.networkChanged(port)
      probe.handleTimeout(port)
      answer(probe, probe.pollTransmit(port)!, at(`203.0.113.7:${port}`), port)
    }
    expect(probe.pollEvent()).toMatchObject({ candidates: [at("203.0.113.7:3000")], moved: true })
    expect(probe.pollEvent()).toBeUndefined()
  })

  it("stops: no packet, no event, no timer", () => {
    const setup = new Setup({ nat: home() })
    setup.probe.start(0)
    setup.run(0)
    setup.probe.stop()
    setup.run(100_000)
    expect(setup.events).toEqual([])
    expect(setup.world.sent).toHaveLength(3)
    expect(setup.probe.pollTimeout()).toBeUndefined()
  })

  it("takes other servers while it runs", () => {
    const setup = new Setup({ nat: home() }, [SERVER])
    setup.probe.start(0)
    setup.run(1_000)
    setup.probe.setServers([SERVER, OTHER_SERVER], 1_000)
    setup.run(1_020)
    expect(setup.last).toMatchObject({
      candidates: [at("203.0.113.7:50000")],
      mapping: exactly("endpoint-independent")
    })
    setup.probe.setServers([], 1_020)
    setup.drain()
    expect(setup.last?.candidates).toEqual([])
    expect(setup.probe.pollTransmit(60_000)).toBeUndefined()
  })

  it("bounds the servers that it asks", () => {
    const { probe } = new Setup(
      {},
      Array.from({ length: 50 }, (_, index) => at(`192.0.2.1:${1000 + index}`))
    )
    probe.start(0)
    probe.handleTimeout(0)
    let sent = 0
    while (probe.pollTransmit(0) !== undefined) sent++
    expect(sent).toBe(MAX_SERVERS)
  })

  it("leaves alone what is not an answer to its own question", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        const { probe } = new Setup({}, [SERVER])
        probe.start(0)
        probe.handleTimeout(0)
        const { data } = probe.pollTransmit(0)!
        expect(probe.handleDatagram(SERVER, bytes, 1)).toBe(false)
        expect(probe.handleDatagram(SERVER, data, 1)).toBe(false)
        expect(probe.handleDatagram(OTHER_SERVER, reply(data, at("192.0.2.66:6")), 1)).toBe(false)
        expect(probe.pollEvent()).toBeUndefined()
        expect(probe.handleDatagram(SERVER, reply(data, at("192.0.2.66:6")), 1)).toBe(true)
        expect(probe.handleDatagram(SERVER, reply(data, at("192.0.2.66:7")), 1)).toBe(false)
        expect(probe.pollEvent()?.candidates).toEqual([at("192.0.2.66:6")])
      })
    )
  })

  it("makes no candidate of an address that nobody can send to", () => {
    for (const useless of ["0.0.0.0:80", "224.0.0.1:80", "255.255.255.255:80", "192.0.2.1:0", "[2001:db8::1]:80"]) {
      const { probe } = new Setup({}, [SERVER])
      probe.start(0)
      probe.handleTimeout(0)
      answer(probe, probe.pollTransmit(0)!, at(useless), 1)
      expect(probe.pollEvent()?.candidates, useless).toEqual([])
    }
  })

  it("ends where the network leaves it, whatever is lost and whenever it changes", () => {
    const change = fc.record({ after: fc.nat(40_000), what: fc.constantFrom("reboot", "cut", "heal", "hint") })
    fc.assert(
      fc.property(fc.array(change, { maxLength: 8 }), fc.array(fc.nat(60), { maxLength: 12 }), (changes, losses) => {
        const nat = home()
        const setup = new Setup({ nat, lost: (packet) => losses.includes(packet) })
        setup.probe.start(0)
        for (const { after, what } of changes) {
          setup.run(setup.world.now + after)
          if (what === "reboot") nat.reboot()
          else if (what === "hint") setup.probe.networkChanged(setup.world.now)
          else setup.world.blocked = what === "cut"
        }
        setup.world.blocked = false
        setup.run(setup.world.now + 120_000)
        const outer = nat.outbound(INNER.first, SERVER)
        expect(setup.last?.candidates).toEqual([outer])
        expect(setup.last?.mapping).toEqual(exactly("endpoint-independent"))
      }),
      { numRuns: 100 }
    )
  })
})

const reply = (request: Uint8Array, mapped: Endpoint): Uint8Array => {
  const { method, transactionId } = Stun.decode(request)!
  return Stun.encode({
    class: "success",
    method,
    transactionId,
    attributes: { xorMappedAddress: mapped },
    fingerprint: true
  })!
}

const answer = (
  probe: ReflexiveProbe,
  request: { readonly to: Endpoint; readonly data: Uint8Array },
  mapped: Endpoint,
  now: number
): void => {
  expect(probe.handleDatagram(request.to, reply(request.data, mapped), now)).toBe(true)
}

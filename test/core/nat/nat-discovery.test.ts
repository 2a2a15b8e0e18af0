import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DEPENDENCIES, exactly, UNKNOWN } from "../../../src/core/nat/Behaviour.js"
import { type DiscoveryOptions, NatDiscovery, type Socket } from "../../../src/core/nat/NatDiscovery.js"
import type { NatReport } from "../../../src/core/nat/NatReport.js"
import * as Stun from "../../../src/protocol/Stun.js"
import { some } from "../../support/Effort.js"
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

const discover = (
  options: WorldOptions,
  more: Partial<DiscoveryOptions> = {},
  tap: (world: World, machine: NatDiscovery) => void = () => {}
): { readonly report: NatReport; readonly world: World } => {
  const world = new World(options)
  const machine = new NatDiscovery(
    { server: SERVER, local: { first: [INNER.first], second: [INNER.second] }, random: counting(), ...more },
    world.now
  )
  for (const socket of ["first", "second"] as const satisfies ReadonlyArray<Socket>) {
    world.attach(INNER[socket], (from, data, now) => machine.handleDatagram(socket, from, data, now))
  }
  tap(world, machine)
  let report: NatReport | undefined
  world.run(
    machine,
    () => {
      for (let next = machine.pollTransmit(world.now); next !== undefined; next = machine.pollTransmit(world.now)) {
        world.send(INNER[next.socket], next.to, next.data)
      }
      report ??= machine.pollReport()
    },
    60_000,
    () => report !== undefined
  )
  expect(report, "no report within a minute").toBeDefined()
  expect(machine.pollTimeout()).toBeUndefined()
  expect(machine.pollReport()).toBeUndefined()
  return { report: report!, world }
}

const natOf = (mapping: (typeof DEPENDENCIES)[number], filtering: (typeof DEPENDENCIES)[number], hairpin = false) =>
  new Nat({ mapping, filtering, hairpin })

describe("NatDiscovery", () => {
  for (const mapping of DEPENDENCIES) {
    for (const filtering of DEPENDENCIES) {
      it(`names a NAT with ${mapping} mapping and ${filtering} filtering, given a second address`, () => {
        const { report, world } = discover({ nat: natOf(mapping, filtering), secondAddress: true })
        expect(report).toMatchObject({ udp: true, server: true, translated: true, portPreserved: false, rttMs: 20 })
        expect(report.mapping).toEqual(exactly(mapping))
        expect(report.filtering).toEqual(exactly(filtering))
        expect(world.now).toBeLessThanOrEqual(10_000)
      })

      it(`names what two ports can tell of ${mapping} mapping and ${filtering} filtering`, () => {
        const { report } = discover({ nat: natOf(mapping, filtering) }, { secondPort: SERVER_SECOND_PORT.port })
        const hard = "address-and-port-dependent"
        const soft = { best: "endpoint-independent", worst: "address-dependent" }
        expect(report.mapping).toEqual(mapping === hard ? exactly(hard) : soft)
        expect(report.filtering).toEqual(filtering === hard ? exactly(hard) : soft)
      })
    }
    it(`names ${mapping} mapping with the help of another server`, () => {
      const { report } = discover(
        { nat: natOf(mapping, "address-dependent") },
        { secondPort: SERVER_SECOND_PORT.port, others: [OTHER_SERVER] }
      )
      expect(report.mapping).toEqual(exactly(mapping))
    })
  }

  for (const filtering of DEPENDENCIES) {
    it(`tells a machine without a NAT and its ${filtering} firewall`, () => {
      const { report } = discover({ firewall: filtering, secondAddress: true })
      expect(report).toMatchObject({ translated: false, portPreserved: undefined, hairpin: undefined })
      expect(report.mapped).toEqual(INNER.first)
      expect(report.mapping).toEqual(exactly("endpoint-independent"))
      expect(report.filtering).toEqual(exactly(filtering))
    })
  }

  for (const filtering of DEPENDENCIES) {
    it(`sees hairpinning behind ${filtering} filtering, and its absence`, () => {
      expect(discover({ nat: natOf("endpoint-independent", filtering, true) }).report.hairpin).toBe(true)
      expect(discover({ nat: natOf("endpoint-independent", filtering, false) }).report.hairpin).toBe(false)
    })
  }

  it("does not take a request that came back to its own socket for hairpinning", () => {
    const { report } = discover(
      { nat: natOf("endpoint-independent", "endpoint-independent") },
      {},
      (world, machine) => {
        const send = world.send.bind(world)
        world.send = (local, to, data) => {
          send(local, to, data)
          if (to.address === "203.0.113.7")
            machine.handleDatagram(local === INNER.first ? "first" : "second", to, data, world.now)
        }
      }
    )
    expect(report.hairpin).toBe(false)
  })

  it("measures no round trip with a repeated request", () => {
    const { report } = discover({
      nat: natOf("endpoint-independent", "address-dependent"),
      lost: (packet) => packet === 0
    })
    expect(report).toMatchObject({ server: true, rttMs: undefined })
  })

  it("notices that port numbers are kept", () => {
    const nat = new Nat({ mapping: "endpoint-independent", filtering: "endpoint-independent", keepsPort: true })
    expect(discover({ nat }).report.portPreserved).toBe(true)
  })

  it("says in 5 s that UDP is blocked", () => {
    const { report, world } = discover({ blocked: true }, { others: [OTHER_SERVER] })
    expect(report).toMatchObject({ udp: false, server: false, mapped: undefined, translated: undefined })
    expect(report.mapping).toEqual(UNKNOWN)
    expect(report.filtering).toEqual(UNKNOWN)
    expect(world.now).toBe(5_000)
  })

  it("tells a silent server from blocked UDP", () => {
    const { report } = discover(
      { nat: natOf("endpoint-independent", "address-dependent") },
      { others: [OTHER_SERVER] },
      (world) => {
        world.deaf.add("198.51.100.1:9090")
      }
    )
    expect(report).toMatchObject({ udp: true, server: false, translated: true })
  })

  it("does not take a closed second port of the server for a filter", () => {
    const { report } = discover(
      { nat: natOf("endpoint-independent", "address-and-port-dependent") },
      { secondPort: SERVER_SECOND_PORT.port },
      (world) => world.deaf.add("198.51.100.1:9091")
    )
    expect(report.filtering).toEqual(UNKNOWN)
  })

  it("knows no filtering from a server that cannot answer from elsewhere", () => {
    const { report } = discover({ nat: natOf("endpoint-independent", "address-dependent") })
    expect(report.filtering).toEqual(UNKNOWN)
    expect(report.mapping).toEqual(UNKNOWN)
  })

  it("is right in spite of lost packets, whichever two of them", () => {
    fc.assert(
      fc.property(
        fc.nat(12),
        fc.nat(12),
        fc.constantFrom(...DEPENDENCIES),
        fc.constantFrom(...DEPENDENCIES),
        (a, b, m, f) => {
          const { report } = discover({ nat: natOf(m, f), secondAddress: true, lost: (n) => n === a || n === b })
          expect(report.mapping).toEqual(exactly(m))
          expect(report.filtering).toEqual(exactly(f))
        }
      ),
      { numRuns: some(200) }
    )
  })

  it("is not impressed by noise and by answers from the wrong place", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 80 }), { maxLength: 20 }), (noise) => {
        const { report } = discover(
          { nat: natOf("endpoint-independent", "address-dependent"), secondAddress: true },
          {},
          (_, machine) => {
            for (const bytes of noise) machine.handleDatagram("first", SERVER, bytes, 0)
            const first = Stun.decode(machine.pollTransmit(0)!.data)!
            const lie = { ...first, class: "success", attributes: { xorMappedAddress: at("192.0.2.66:666") } } as const
            machine.handleDatagram("first", at("192.0.2.66:9090"), Stun.encode(lie)!, 0)
            machine.handleDatagram("second", SERVER, Stun.encode(lie)!, 0)
          }
        )
        expect(report.mapping).toEqual(exactly("endpoint-independent"))
        expect(report.mapped?.address).toBe("203.0.113.7")
      }),
      { numRuns: 50 }
    )
  })

  it("never sends to what a lying OTHER-ADDRESS names more than the few probes of a test", () => {
    const victim = at("192.0.2.99:53")
    const { world } = discover({ nat: natOf("endpoint-independent", "endpoint-independent") }, {}, (_, machine) => {
      const request = Stun.decode(machine.pollTransmit(0)!.data)!
      const lie = {
        ...request,
        class: "success",
        attributes: { xorMappedAddress: at("203.0.113.7:50000"), otherAddress: victim }
      } as const
      machine.handleDatagram("first", SERVER, Stun.encode(lie)!, 0)
    })
    expect(world.sent.filter(({ to }) => to.address === victim.address).length).toBeLessThanOrEqual(8)
  })
})

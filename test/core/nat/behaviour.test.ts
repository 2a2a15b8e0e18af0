import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { DEPENDENCIES, exactly, mappingOf, members, UNKNOWN } from "../../../src/core/nat/Behaviour.js"
import type { Endpoint } from "../../../src/domain/Endpoint.js"
import { INNER, Nat } from "./World.js"

const server: fc.Arbitrary<Endpoint> = fc
  .record({ host: fc.integer({ min: 1, max: 3 }), port: fc.integer({ min: 1, max: 3 }) })
  .map(({ host, port }) => ({ family: "ipv4", address: `198.51.100.${host}`, port }))

describe("mappingOf", () => {
  it("never rules out what the NAT is, whoever was asked", () => {
    fc.assert(
      fc.property(fc.constantFrom(...DEPENDENCIES), fc.array(server, { maxLength: 8 }), (mapping, servers) => {
        const nat = new Nat({ mapping, filtering: mapping })
        const range = mappingOf(servers.map((one) => ({ server: one, mapped: nat.outbound(INNER.first, one) })))
        expect(members(range)).toContain(mapping)
      })
    )
  })

  it("is sure with two ports on each of two addresses, in any order", () => {
    const corners = [1, 2].flatMap((host) =>
      [1, 2].map((port): Endpoint => ({ family: "ipv4", address: `198.51.100.${host}`, port }))
    )
    fc.assert(
      fc.property(
        fc.constantFrom(...DEPENDENCIES),
        fc.shuffledSubarray(corners, { minLength: 4 }),
        (mapping, servers) => {
          const nat = new Nat({ mapping, filtering: mapping })
          const range = mappingOf(servers.map((one) => ({ server: one, mapped: nat.outbound(INNER.first, one) })))
          expect(range).toEqual(exactly(mapping))
        }
      )
    )
  })

  it("learns nothing from one observation, however often", () => {
    const observation = { server: INNER.first, mapped: INNER.second }
    expect(mappingOf([])).toEqual(UNKNOWN)
    expect(mappingOf([observation, observation])).toEqual(UNKNOWN)
  })
})

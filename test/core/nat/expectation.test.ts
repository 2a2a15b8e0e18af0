import { describe, expect, it } from "vitest"
import { DEPENDENCIES, type Dependency, exactly, UNKNOWN } from "../../../src/core/nat/Behaviour.js"
import * as Expectation from "../../../src/core/nat/Expectation.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { Nat, SERVER } from "./World.js"

const EI = "endpoint-independent"
const AD = "address-dependent"
const APD = "address-and-port-dependent"

const reachability = (mapping: Dependency, filtering: Dependency): Expectation.Reachability => ({
  udp: true,
  mapping: exactly(mapping),
  filtering: exactly(filtering)
})

/** Whether two clients that know what a server sees of each other get a packet across and an answer back. */
const punches = (left: Nat, right: Nat): boolean => {
  const inner = Endpoint.parse("192.168.1.2:4000")!
  left.address = "203.0.113.1"
  right.address = "203.0.113.2"
  const known = [left.outbound(inner, SERVER), right.outbound(inner, SERVER)] as const
  const sources = [left.outbound(inner, known[1]), right.outbound(inner, known[0])] as const
  // Both have sent, so both filters know what they will; now each packet arrives, or not, and is answered to where it
  // came from.
  const arrives = (to: Nat, at: Endpoint.Endpoint, from: Endpoint.Endpoint) => to.inbound(from, at.port) !== undefined
  const exchange = (from: Nat, source: Endpoint.Endpoint, to: Nat, target: Endpoint.Endpoint): boolean =>
    arrives(to, target, source) && arrives(from, source, to.outbound(inner, source))
  return exchange(left, sources[0], right, known[1]) || exchange(right, sources[1], left, known[0])
}

describe("expect", () => {
  for (const mapping of DEPENDENCIES) {
    for (const filtering of DEPENDENCIES) {
      it(`agrees with a hole punched from ${mapping} mapping, ${filtering} filtering`, () => {
        for (const otherMapping of DEPENDENCIES) {
          for (const otherFiltering of DEPENDENCIES) {
            const theory = Expectation.expect(
              reachability(mapping, filtering),
              reachability(otherMapping, otherFiltering)
            )
            const practice = punches(
              new Nat({ mapping, filtering }),
              new Nat({ mapping: otherMapping, filtering: otherFiltering })
            )
            const pair = `with ${otherMapping} mapping, ${otherFiltering} filtering`
            // Where both mappings depend on the peer nothing is promised, though an open filter may let it happen.
            if (mapping !== EI && otherMapping !== EI) expect(theory, pair).toBe("relay")
            else expect(theory, pair).toBe(practice ? "direct" : "relay")
          }
        }
      })
    }
  }

  it("is the table of routes", () => {
    const routes = Expectation.KINDS.map(({ reachability: own }) => Expectation.table(own).map(({ route }) => route))
    const [direct, relay] = ["direct", "relay"]
    expect(routes).toEqual([
      [direct, direct, direct, direct, direct, relay],
      [direct, direct, direct, direct, direct, relay],
      [direct, direct, direct, direct, direct, relay],
      [direct, direct, direct, direct, relay, relay],
      [direct, direct, direct, relay, relay, relay],
      [relay, relay, relay, relay, relay, relay]
    ])
  })

  it("leaves open what the measurement leaves open", () => {
    const symmetric = reachability(APD, APD)
    const home = (filtering: typeof UNKNOWN) => ({ udp: true, mapping: exactly(EI), filtering })
    expect(Expectation.expect(home(UNKNOWN), symmetric)).toBe("either")
    expect(Expectation.expect(symmetric, home(UNKNOWN))).toBe("either")
    expect(Expectation.expect(home({ best: EI, worst: AD }), symmetric)).toBe("direct")
    expect(Expectation.expect(home(UNKNOWN), home(UNKNOWN))).toBe("direct")
  })
})

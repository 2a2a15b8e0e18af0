import { describe, expect, it } from "vitest"
import { DEPENDENCIES, exactly, portStepOf, UNKNOWN } from "../../../src/core/nat/Behaviour.js"
import * as NatReport from "../../../src/core/nat/NatReport.js"
import { at } from "./World.js"

const home: NatReport.NatReport = {
  family: "ipv4",
  udp: true,
  server: true,
  mapped: at("203.0.113.7:50000"),
  translated: true,
  portPreserved: false,
  mapping: exactly("endpoint-independent"),
  filtering: exactly("address-and-port-dependent"),
  hairpin: false,
  rttMs: 20.4
}

describe("describe", () => {
  it("explains a home router", () => {
    expect(NatReport.describe(home)).toEqual([
      "IPv4: a NAT lets the internet see this program as 203.0.113.7:50000. It changes port numbers. Round trip to the server: 20 ms.",
      "All peers see the same port: good for direct conversations. (Mapping, RFC 4787: endpoint-independent.)",
      "Only the very endpoints that were sent to may answer. (Filtering, RFC 4787: address-and-port-dependent.)",
      expect.stringContaining("no hairpinning")
    ])
    expect(NatReport.advise(home)).toContain("forward a UDP port")
  })

  it("says when there is nothing to say but that UDP is blocked", () => {
    const blocked = { ...home, udp: false, server: false, mapped: undefined, mapping: UNKNOWN }
    expect(NatReport.advise(blocked)).toContain("pass UDP")
    const lines = NatReport.describe(blocked)
    expect(lines).toEqual([expect.stringContaining("nothing answers over UDP")])
    expect(NatReport.advise(blocked, true), "IPv6 leads out all the same").toContain("people without IPv6")
  })

  it("says that a NAT counts, and by how much", () => {
    const counting = { ...home, mapping: exactly("address-and-port-dependent"), portStep: 1 } as const
    expect(NatReport.describe(counting)[1]).toContain("count up by 1")
    const seen = (port: number) => ({
      server: at(`198.51.100.1:${port % 2 === 0 ? 9090 : 9091}`),
      mapped: at(`203.0.113.7:${port}`)
    })
    expect(portStepOf([seen(41_000), seen(41_001)])).toBe(1)
    expect(portStepOf([seen(41_000), seen(52_001)])).toBeUndefined()
    expect(portStepOf([seen(41_000)])).toBeUndefined()
  })

  it("names the terms of RFC 4787, and admits what is not known", () => {
    for (const dependency of DEPENDENCIES) {
      const text = NatReport.describe({ ...home, mapping: exactly(dependency), filtering: UNKNOWN }).join("\n")
      expect(text).toContain(`(Mapping, RFC 4787: ${dependency}.)`)
      expect(text).toContain("(Filtering, RFC 4787: not known.)")
    }
  })

  it("has no advice for who reaches everybody, and another one behind a firewall", () => {
    const open = { ...home, translated: false, hairpin: undefined, filtering: exactly("endpoint-independent") } as const
    expect(NatReport.describe(open)).toHaveLength(3)
    expect(NatReport.advise(open)).toBeUndefined()
    expect(NatReport.advise({ ...open, filtering: home.filtering })).toContain("firewall")
    expect(NatReport.advise({ ...home, mapping: home.filtering })).toContain("symmetric")
  })

  it("mentions a rendezvous server that is silent while others answer", () => {
    expect(NatReport.describe({ ...home, server: false }).join(" ")).toContain("does not answer over UDP")
  })
})

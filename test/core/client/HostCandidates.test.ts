import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { select } from "../../../src/core/client/HostCandidates.js"
import * as Endpoint from "../../../src/domain/Endpoint.js"
import { MAX_CANDIDATES } from "../../../src/domain/Endpoint.js"
import type { InterfaceAddress } from "../../../src/services/Interfaces.js"

const address = (text: string): InterfaceAddress => ({
  family: text.includes(":") ? "ipv6" : "ipv4",
  address: text,
  loopback: text === "127.0.0.1" || text === "::1"
})
const ports = { ipv4: 4000, ipv6: 6000 }
const chosen = (texts: ReadonlyArray<string>, loopback = false, bound: Parameters<typeof select>[1] = ports) =>
  select(texts.map(address), bound, loopback).map(Endpoint.format)

describe("HostCandidates", () => {
  const machine = ["127.0.0.1", "::1", "192.168.1.5", "2001:db8::5", "203.0.113.9", "fd00::5", "169.254.1.1", "fe80::1"]

  it("orders private before global, IPv4 before IPv6, and leaves loopback and link-local out", () => {
    expect(chosen(machine)).toEqual(["192.168.1.5:4000", "[fd00::5]:6000", "203.0.113.9:4000", "[2001:db8::5]:6000"])
  })

  it("offers loopback first to a server that was reached over loopback", () => {
    expect(chosen(machine, true)[0]).toBe("127.0.0.1:4000")
    expect(chosen(machine, true)).toHaveLength(6)
  })

  it("offers nothing of a family without a socket", () => {
    expect(chosen(machine, false, { ipv4: undefined, ipv6: 6000 })).toEqual(["[fd00::5]:6000", "[2001:db8::5]:6000"])
  })

  it("does not let many addresses of one kind crowd out the only one of another", () => {
    const bridges = Array.from({ length: 20 }, (_, i) => `172.17.${i}.1`)
    expect(chosen([...bridges, "2001:db8::5"])).toContain("[2001:db8::5]:6000")
  })

  it("gives at most eight different usable endpoints, whatever the machine says", () => {
    const any = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string())
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40 }), fc.boolean(), (texts, loopback) => {
        const found = chosen(texts, loopback)
        expect(found.length).toBeLessThanOrEqual(MAX_CANDIDATES)
        expect(new Set(found).size).toBe(found.length)
        for (const each of found) expect(Endpoint.scope(Endpoint.parse(each)!)).not.toBe("unusable")
      })
    )
  })
})

import * as fc from "fast-check"
import IpAddress from "ipaddr.js"
import { describe, expect, it } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"

/**
 * Four numbers with dots, as people and attackers write them: some too large, some with zeros before them, some too
 * many.
 */
const dotted = fc
  .array(
    fc.oneof(
      fc.nat(300).map(String),
      fc.nat(99).map((n) => `0${n}`),
      fc.constantFrom("", "0x7f", "+1", " 1", "1\n")
    ),
    {
      minLength: 3,
      maxLength: 5
    }
  )
  .map((parts) => parts.join("."))

describe("an endpoint", () => {
  it("is made of four decimal numbers as the library reads them, and of no other IPv4 notation", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), dotted), (text) => {
        const expected = IpAddress.IPv4.isValidFourPartDecimal(text) ? IpAddress.parse(text).toString() : undefined
        expect(Endpoint.make(text, 1)?.address).toBe(expected)
      })
    )
  })

  it("is the same after its text and its bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.nat(65_535), (text, port) => {
        const endpoint = Endpoint.make(text, port)!
        expect(Endpoint.parse(Endpoint.format(endpoint))).toEqual(endpoint)
        expect(Endpoint.fromBytes(Endpoint.toBytes(endpoint), port)).toEqual(endpoint)
      })
    )
  })

  it("is in the network of its first bytes", () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 1, max: 8 }), (text, length) => {
        const endpoint = Endpoint.make(text, 1)!
        const bytes = Endpoint.toBytes(endpoint).slice(0, length)
        expect(Endpoint.prefix(endpoint, length)).toBe(`${bytes.join(".")}/${8 * length}`)
      })
    )
  })

  it.each([
    ["127.0.0.1", "loopback"],
    ["169.254.1.1", "link"],
    ["10.1.2.3", "private"],
    ["100.64.0.1", "private"],
    ["203.0.113.9", "global"],
    ["8.8.8.8", "global"],
    ["224.0.0.1", "unusable"],
    ["255.255.255.255", "unusable"],
    ["0.0.0.0", "unusable"],
    ["::1", "loopback"],
    ["fe80::1", "link"],
    ["fd00::1", "private"],
    ["2001:db8::1", "global"],
    ["::ffff:10.0.0.1", "private"],
    ["::ffff:127.0.0.1", "loopback"],
    ["::ffff:224.0.0.1", "unusable"],
    ["198.51.100.1", "global"],
    ["192.0.2.1", "global"],
    ["192.0.0.1", "unusable"],
    ["192.88.99.1", "unusable"],
    ["198.18.0.1", "unusable"],
    ["240.0.0.1", "unusable"],
    ["0.1.2.3", "unusable"],
    ["::", "unusable"],
    ["::808:808", "unusable"],
    ["ff02::1", "unusable"],
    ["100::1", "unusable"],
    ["2001:2::1", "unusable"],
    ["4000::1", "unusable"],
    ["2606:4700::1", "global"],
    ["64:ff9b::808:808", "global"],
    ["64:ff9b::7f00:1", "unusable"],
    ["64:ff9b::a00:1", "unusable"],
    ["2002:808:808::1", "global"],
    ["2002:7f00:1::1", "unusable"],
    ["2002:c0a8:101::1", "unusable"]
  ])("%s reaches as far as %s", (address, scope) => {
    expect(Endpoint.scope(Endpoint.make(address, 1)!)).toBe(scope)
  })

  it.each([
    ["203.0.113.9:4000", true, true],
    ["192.168.1.1:4000", true, true],
    ["[fd00::1]:4000", true, true],
    ["203.0.113.9:0", false, false],
    ["127.0.0.1:53", false, true],
    ["[::1]:53", false, true],
    ["[::ffff:127.0.0.1]:53", false, true],
    ["169.254.169.254:80", false, false],
    ["[fe80::1]:4000", false, false],
    ["224.0.0.251:5353", false, false],
    ["[ff02::fb]:5353", false, false],
    ["255.255.255.255:4000", false, false],
    ["0.0.0.0:4000", false, false],
    ["[::]:4000", false, false]
  ])("%s is a candidate of somebody else: %s; of a program on this machine: %s", (text, elsewhere, here) => {
    expect(Endpoint.isCandidate(Endpoint.parse(text)!, false)).toBe(elsewhere)
    expect(Endpoint.isCandidate(Endpoint.parse(text)!, true)).toBe(here)
  })
})

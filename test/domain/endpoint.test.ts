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
    ["::ffff:10.0.0.1", "private"]
  ])("%s reaches as far as %s", (address, scope) => {
    expect(Endpoint.scope(Endpoint.make(address, 1)!)).toBe(scope)
  })
})

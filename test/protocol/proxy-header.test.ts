import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import { MAX_HEADER, read } from "../../src/protocol/ProxyHeader.js"
import { endpoint } from "./Arbitrary.js"
import { binary, binaryOf, textOf } from "./ProxyHeaders.js"

const pair = fc.tuple(endpoint, endpoint).filter(([from, to]) => from.family === to.family)
const bytes = fc.uint8Array({ maxLength: 40 })

describe("the header of a proxy", () => {
  it("says from where to where a connection goes, and where its own bytes begin", () => {
    fc.assert(
      fc.property(pair, bytes, bytes, ([from, to], more, rest) => {
        for (const header of [binaryOf(from, to, more), textOf(from, to)]) {
          const found = read(Bytes.concat([header, rest]))
          expect(found).toEqual({ _tag: "Client", from, to, length: header.length })
        }
      })
    )
  })

  it("is waited for until it is whole", () => {
    fc.assert(
      fc.property(pair, bytes, ([from, to], more) => {
        for (const header of [binaryOf(from, to, more), textOf(from, to)])
          for (let length = 0; length < header.length; length++)
            expect(read(header.subarray(0, length))._tag).toBe("More")
      }),
      { numRuns: 20 }
    )
  })

  it("may be the proxy's own, or of something that it does not know", () => {
    const own = (header: Uint8Array) => expect(read(header)).toEqual({ _tag: "Own", length: header.length })
    own(binary(0x20, 0, new Uint8Array(0)))
    own(binary(0x20, 0x11, new Uint8Array(12)))
    own(binary(0x21, 0, new Uint8Array(3)))
    own(Bytes.fromText("PROXY UNKNOWN\r\n"))
    own(Bytes.fromText("PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n"))
  })

  it.each([
    ["nothing of the kind", Bytes.fromText('{"_tag":"Ping"}\n')],
    ["another version", binary(0x11, 0x11, new Uint8Array(12))],
    ["another command", binary(0x22, 0x11, new Uint8Array(12))],
    ["datagrams", binary(0x21, 0x12, new Uint8Array(12))],
    ["a socket of the file system", binary(0x21, 0x31, new Uint8Array(216))],
    ["fewer bytes than the addresses have", binary(0x21, 0x11, new Uint8Array(11))],
    ["fewer bytes than the longer addresses have", binary(0x21, 0x21, new Uint8Array(35))],
    ["more than anybody tells", binary(0x21, 0x11, new Uint8Array(MAX_HEADER))],
    ["a line without an end", Bytes.fromText(`PROXY TCP4 ${"1".repeat(200)}`)],
    ["a name", Bytes.fromText("PROXY TCP4 host.example 192.0.2.1 1 2\r\n")],
    ["the wrong family", Bytes.fromText("PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n")],
    ["a port that is none", Bytes.fromText("PROXY TCP4 192.0.2.1 192.0.2.2 65536 2\r\n")],
    ["a line that ends otherwise", Bytes.fromText("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n")]
  ])("is refused: %s", (_, header) => expect(read(header)).toEqual({ _tag: "Bad" }))

  it("tells of IPv4 addresses as such, however they are written", () => {
    const mapped = Bytes.fromText("PROXY TCP6 ::ffff:192.0.2.1 ::ffff:192.0.2.2 1 2\r\n")
    expect(read(mapped)).toMatchObject({ from: Endpoint.make("192.0.2.1", 1) })
  })
})

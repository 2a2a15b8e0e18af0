import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as NatPmp from "../../src/protocol/NatPmp.js"

const decode = (hex: string) => NatPmp.decode(Bytes.fromHex(hex)!)

describe("NAT-PMP", () => {
  it("asks as RFC 6886 says", () => {
    expect(Bytes.toHex(NatPmp.addressRequest())).toBe("0000")
    expect(Bytes.toHex(NatPmp.mappingRequest(0x1234, 0x5678, 600))).toBe("000100001234567800000258")
    expect(Bytes.toHex(NatPmp.deletionRequest(0x1234))).toBe("000100001234000000000000")
  })

  it("reads both answers", () => {
    expect(decode("0080000000000001c6336407")).toEqual({ _tag: "Address", result: 0, address: "198.51.100.7" })
    expect(decode("008100000000000112345678000001f4")).toEqual({
      _tag: "Mapping",
      result: 0,
      internal: 0x1234,
      external: 0x5678,
      lifetime: 500
    })
  })

  it("reads a refusal that ends after its result", () => {
    expect(decode("0081000200000001")).toMatchObject({ _tag: "Mapping", result: 2 })
    expect(decode("0080000300000001")).toMatchObject({ _tag: "Address", result: 3 })
  })

  it("takes nothing else for an answer", () => {
    for (const hex of ["", "00", "0080", "00800000000000", "0080000000000001c63364", "0180000000000001c6336407"])
      expect(decode(hex)).toBeUndefined()
    // A request, an answer about TCP, an answer that is cut.
    for (const hex of ["000100001234567800000258", "008200000000000112345678000001f4", "0081000000000001123456780000"])
      expect(decode(hex)).toBeUndefined()
    expect(NatPmp.decode(new Uint8Array(2_000))).toBeUndefined()
  })

  it("survives any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 32 }), (bytes) => void NatPmp.decode(bytes)))
  })
})

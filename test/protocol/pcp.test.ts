import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Pcp from "../../src/protocol/Pcp.js"

const nonce = Bytes.fromHex("0102030405060708090a0b0c")!
const request = { client: "192.168.1.5", nonce, internal: 0x1234, external: 0x5678, lifetime: 600 }
const V4 = "00000000000000000000ffff"
/** §11.1 with header of §7.2: result, lifetime 500, epoch 1, port 0x5678 of 198.51.100.7. */
const answer = (result = "00", version = "02") =>
  `${version}8100${result}000001f400000001000000000000000000000000${Bytes.toHex(nonce)}1100000012345678${V4}c6336407`

describe("PCP", () => {
  it("asks as RFC 6887 says", () => {
    expect(Bytes.toHex(Pcp.mapRequest(request))).toBe(
      `0201000000000258${V4}c0a80105${Bytes.toHex(nonce)}1100000012345678${V4}00000000`
    )
  })

  it("reads what was granted", () => {
    expect(Pcp.decode(Bytes.fromHex(answer())!)).toEqual({
      _tag: "Mapped",
      mapping: {
        nonce,
        internal: 0x1234,
        external: { family: "ipv4", address: "198.51.100.7", port: 0x5678 },
        lifetime: 500
      }
    })
  })

  it("reads refusals, and answers of another version", () => {
    expect(Pcp.decode(Bytes.fromHex(answer("02"))!)).toEqual({ _tag: "Refused", result: 2 })
    expect(Pcp.decode(Bytes.fromHex("0081000100000001")!)).toEqual({ _tag: "OtherVersion" })
    expect(Pcp.decode(Bytes.fromHex(answer("01", "01"))!)).toEqual({ _tag: "OtherVersion" })
  })

  it("takes nothing else for an answer", () => {
    const whole = Bytes.fromHex(answer())!
    for (let length = 0; length < whole.length; length++)
      expect(Pcp.decode(whole.subarray(0, length))?._tag).not.toBe("Mapped")
    expect(Pcp.decode(Pcp.mapRequest(request))).toBeUndefined()
    expect(Pcp.decode(new Uint8Array(2_000))).toBeUndefined()
  })

  it("survives any bytes", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void Pcp.decode(bytes)))
  })
})

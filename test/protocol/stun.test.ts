import { createHash, createHmac } from "node:crypto"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { crc32 } from "node:zlib"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Endpoint from "../../src/domain/Endpoint.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as Stun from "../../src/protocol/Stun.js"
import { some } from "../support/Effort.js"
import { stunMessage } from "./Arbitrary.js"

const hmacSha1: Stun.HmacSha1 = (key, data) => new Uint8Array(createHmac("sha1", key).update(data).digest())
const hex = (text: string) => Bytes.fromHex(text)!
const flip = (bytes: Uint8Array, bit: number) => {
  const changed = Uint8Array.from(bytes)
  changed[bit >> 3]! ^= 1 << (bit & 7)
  return changed
}

describe("RFC 5769", () => {
  const password = Bytes.fromText("VOkJxbRl1RmTxUk/WvJxBt")
  const transactionId = hex("b7e7a701bc34d686fa87dfae")
  const request = hex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf"
  )
  const ipv4 = hex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
  )
  const ipv6 = hex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
  )

  it("§2.1: request", () => {
    expect(Stun.decode(request)).toEqual({
      class: "request",
      method: Stun.BINDING,
      transactionId,
      attributes: { software: "STUN test client" },
      // PRIORITY, an attribute of ICE.
      unknown: [0x0024],
      fingerprint: true
    })
  })

  it("§2.2 and §2.3: responses", () => {
    const response = { class: "success", method: Stun.BINDING, transactionId, unknown: [], fingerprint: true }
    expect(Stun.decode(ipv4)).toEqual({
      ...response,
      attributes: { software: "test vector", xorMappedAddress: Endpoint.make("192.0.2.1", 32_853) }
    })
    expect(Stun.decode(ipv6)).toEqual({
      ...response,
      attributes: {
        software: "test vector",
        xorMappedAddress: Endpoint.make("2001:db8:1234:5678:11:2233:4455:6677", 32_853)
      }
    })
  })

  it("MESSAGE-INTEGRITY holds with the password and no other, and no changed bit under it passes", () => {
    for (const message of [request, ipv4, ipv6]) {
      expect(Stun.verifyIntegrity(message, password, hmacSha1)).toBe(true)
      expect(Stun.verifyIntegrity(message, Bytes.fromText("other"), hmacSha1)).toBe(false)
      const covered = message.length - 8
      for (let bit = 0; bit < covered * 8; bit++) {
        // The length is not covered as it stands: it is set to end at the attribute.
        if (bit >= 16 && bit < 32) continue
        expect(Stun.verifyIntegrity(flip(message, bit), password, hmacSha1), `bit ${bit}`).toBe(false)
      }
    }
  })

  it("FINGERPRINT notices every changed bit", () => {
    for (const message of [request, ipv4, ipv6]) {
      for (let bit = 0; bit < message.length * 8; bit++) {
        // A changed type or length of FINGERPRINT itself makes it another attribute, or none: then there is nothing to
        // notice.
        if (bit >= (message.length - 8) * 8 && bit < (message.length - 4) * 8) continue
        expect(Stun.decode(flip(message, bit))?.fingerprint ?? false, `bit ${bit}`).toBe(false)
      }
    }
  })
})

const file = fileURLToPath(new URL("../../../shared/vectors/stun/rfc5769.json", import.meta.url))
if (existsSync(file)) {
  describe("RFC 5769 collection", () => {
    for (const vector of JSON.parse(readFileSync(file, "utf8"))) {
      it(`${vector.section} ${vector.name}`, () => {
        const bytes = hex(vector.hex)
        const message = Stun.decode(bytes)!
        expect(message.method).toBe(Stun.BINDING)
        expect(message.attributes.software).toBe(vector.software)
        const mapped = message.attributes.xorMappedAddress
        expect(mapped && Endpoint.format(mapped)).toBe(vector.mapped)
        const longTerm = () =>
          createHash("md5").update(`${vector.username}:${vector.realm}:${vector.password}`).digest()
        const key = { "short-term": () => Bytes.fromText(vector.password), "long-term": longTerm }[
          vector.integrity as string
        ]
        // The one of RFC 8489 B.1 carries MESSAGE-INTEGRITY-SHA256 alone.
        expect(Stun.verifyIntegrity(bytes, (key ?? longTerm)(), hmacSha1)).toBe(key !== undefined)
      })
    }
  })
}

const plain: Omit<Stun.Message, "unknown"> = {
  class: "request",
  method: Stun.BINDING,
  transactionId: new Uint8Array(12).fill(1),
  attributes: {},
  fingerprint: false
}
/** A message with raw attributes behind those that `encode` writes. */
const withRaw = (attributes: string) => {
  const bytes = Bytes.concat([Stun.encode(plain)!, hex(attributes)])
  bytes[3] = bytes.length - 20
  return bytes
}

describe("encode", () => {
  it("is undone by decode", () => {
    fc.assert(
      fc.property(stunMessage, (message) => {
        const bytes = Stun.encode(message)!
        expect(Stun.isStun(bytes)).toBe(true)
        expect(Stun.decode(bytes)).toEqual({ ...message, unknown: [] })
      })
    )
  })

  it("writes a request of 20 bytes, and answers it in 40", () => {
    expect(Bytes.toHex(Stun.encode(plain)!)).toBe(`000100002112a442${"01".repeat(12)}`)
    const xorMappedAddress = Endpoint.make("192.0.2.1", 32_853)!
    expect(
      Bytes.toHex(Stun.encode({ ...plain, class: "success", attributes: { xorMappedAddress }, fingerprint: true })!)
    ).toMatch(new RegExp(`^010100142112a442${"01".repeat(12)}002000080001a147e112a64380280004[0-9a-f]{8}$`))
  })

  it("computes FINGERPRINT with the CRC-32 of zlib", () => {
    fc.assert(
      fc.property(stunMessage, (message) => {
        const bytes = Stun.encode({ ...message, fingerprint: true })!
        const expected = (crc32(bytes.subarray(0, -8)) ^ 0x5354554e) >>> 0
        expect(Buffer.from(bytes).readUInt32BE(bytes.length - 4)).toBe(expected)
      })
    )
  })

  it("refuses what a message cannot carry", () => {
    const encode = (change: Partial<typeof plain>) => Stun.encode({ ...plain, ...change })
    expect(encode({ method: 0x1000 })).toBeUndefined()
    expect(encode({ method: -1 })).toBeUndefined()
    expect(encode({ transactionId: new Uint8Array(16) })).toBeUndefined()
    expect(encode({ attributes: { errorCode: { code: 299, reason: "" } } })).toBeUndefined()
    expect(encode({ attributes: { errorCode: { code: 700, reason: "" } } })).toBeUndefined()
    expect(encode({ attributes: { software: "x".repeat(764) } })).toBeUndefined()
    expect(encode({ attributes: { unknownAttributes: [0x1_0000] } })).toBeUndefined()
    expect(encode({ attributes: { unknownAttributes: Array(1000).fill(1) } })).toBeUndefined()
  })
})

describe("decode", () => {
  it("lists unknown attributes that must be understood, and no others", () => {
    // One to be understood, one optional, and the credentials that need not be checked.
    const message = Stun.decode(withRaw("7fff0003aabbcc008fff00000006000161000000"))!
    expect(message.unknown).toEqual([0x7fff])
  })

  it("takes the first of two, and nothing that stands behind MESSAGE-INTEGRITY", () => {
    const twice = "8022000161000000".concat("8022000162000000")
    expect(Stun.decode(withRaw(twice))!.attributes.software).toBe("a")
    const addresses = "0001000800010050c00002010001000800010051c0000202"
    expect(Stun.decode(withRaw(addresses))!.attributes.mappedAddress).toEqual(Endpoint.make("192.0.2.1", 80))
    const behind = `00080014${"00".repeat(20)}8022000162000000`
    expect(Stun.decode(withRaw(behind))!.attributes.software).toBeUndefined()
  })

  it("loses a SOFTWARE that is no UTF-8, not the message", () => {
    expect(Stun.decode(withRaw("80220001ff000000"))).toEqual({ ...plain, unknown: [] })
  })

  it("refuses malformed attributes", () => {
    const bad = {
      "an address of no family": "002000080003a147e112a643",
      "an IPv4 address of IPv6's length": `000100140001${"00".repeat(18)}`,
      "an address cut short": "000100040001a147",
      "an empty address": "00010000",
      "a CHANGE-REQUEST of two bytes": "0003000200060000",
      "an error of class 2": "0009000400000200",
      "an error number of 100": "0009000400000464",
      "an error without a number": "0009000200000000",
      "half an unknown attribute": "000a000300010200",
      "an attribute that ends behind the message": "80220005aabbcc00",
      "a wrong FINGERPRINT": "8028000400000000",
      "a FINGERPRINT of no bytes": "80280000"
    }
    for (const [what, attributes] of Object.entries(bad)) {
      expect(Stun.isStun(withRaw(attributes)), what).toBe(true)
      expect(Stun.decode(withRaw(attributes)), what).toBeUndefined()
    }
  })

  it("refuses what has not the form of a message", () => {
    const good = Stun.encode(plain)!
    expect(Stun.isStun(good)).toBe(true)
    expect(Stun.isStun(good.subarray(0, 19))).toBe(false)
    expect(Stun.isStun(Bytes.concat([good, new Uint8Array(4)]))).toBe(false)
    expect(Stun.isStun(Uint8Array.from(good).fill(0x40, 0, 1))).toBe(false)
    expect(Stun.isStun(Uint8Array.from(good).fill(0, 4, 5))).toBe(false)
    expect(Stun.isStun(withRaw("8fff"))).toBe(false)
    const long = new Uint8Array(20 + 1500)
    long.set(good)
    long.set([1500 >> 8, 1500 & 0xff], 2)
    expect(Stun.isStun(long)).toBe(false)
  })

  it("never throws, and integrity neither", () => {
    const junk = fc.oneof(
      fc.uint8Array({ maxLength: 100 }),
      fc
        .array(fc.nat(255), { maxLength: 25 })
        .map((words) => withRaw(words.map((byte) => byte.toString(16).padStart(8, "00")).join(""))),
      fc.tuple(stunMessage, fc.nat()).map(([message, bit]) => {
        const bytes = Stun.encode(message)!
        return flip(bytes, bit % (bytes.length * 8))
      })
    )
    fc.assert(
      fc.property(junk, (bytes) => {
        Stun.decode(bytes)
        Stun.verifyIntegrity(bytes, new Uint8Array(4), hmacSha1)
      }),
      { numRuns: some(500) }
    )
  })
})

import * as Schema from "effect/Schema"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Fingerprint from "../../src/domain/Fingerprint.js"
import { crypto } from "../../src/layers/node/Crypto.js"

const keys = fc.uint8Array({ minLength: 32, maxLength: 32 })

describe("Fingerprint", () => {
  it("is six groups of five digits", () => {
    fc.assert(fc.property(keys, (key) => /^\d{5}( \d{5}){5}$/.test(Fingerprint.of(crypto, key))))
  })

  it("follows the written definition, worked out with exact integers", () => {
    fc.assert(
      fc.property(keys, (key) => {
        const hash = crypto.hash(32, [new TextEncoder().encode("parley fingerprint v1"), key])
        const groups = [0, 1, 2, 3, 4, 5].map((group) => {
          const hex = Buffer.from(hash.subarray(5 * group, 5 * group + 5)).toString("hex")
          return (BigInt(`0x${hex}`) % 100_000n).toString().padStart(5, "0")
        })
        expect(Fingerprint.of(crypto, key)).toBe(groups.join(" "))
      })
    )
  })

  it("changes with any bit of the key", () => {
    fc.assert(
      fc.property(keys, fc.nat(255), (key, bit) => {
        const other = Uint8Array.from(key)
        other[bit >> 3]! ^= 1 << (bit & 7)
        expect(Fingerprint.of(crypto, other)).not.toBe(Fingerprint.of(crypto, key))
      })
    )
  })

  it("keeps its value: people have written theirs down", () => {
    expect(Fingerprint.of(crypto, new Uint8Array(32))).toBe("42943 09847 17338 76167 29479 06719")
  })

  it("is told from other texts, such as a server may send", () => {
    const is = Schema.is(Fingerprint.Fingerprint)
    expect(is(Fingerprint.of(crypto, new Uint8Array(32)))).toBe(true)
    for (const other of ["", "12345", "12345 ".repeat(6), `${"12345 ".repeat(5)}1234x`]) expect(is(other)).toBe(false)
  })
})

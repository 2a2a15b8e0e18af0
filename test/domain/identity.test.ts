import * as Either from "effect/Either"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Base64Url from "../../src/domain/Base64Url.js"
import * as Identity from "../../src/domain/Identity.js"
import { crypto } from "../../src/layers/node/Crypto.js"

const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 })
const reason = (text: string) =>
  Either.match(Identity.decodeFile(crypto, text), { onLeft: (error) => error.reason, onRight: () => "fine" })

describe("Identity", () => {
  it("derives the same keys from the same seed, and unrelated ones for its two purposes", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const identity = Identity.fromSeed(crypto, seed)
        expect(Identity.fromSeed(crypto, Uint8Array.from(seed))).toEqual(identity)
        expect(identity.staticKeys.secretKey).not.toEqual(identity.signKeys.secretKey.subarray(0, 32))
        expect(identity.staticKeys.secretKey).not.toEqual(seed)
      }),
      { numRuns: 20 }
    )
  })

  it("keeps the derivation: these keys are in people's files", () => {
    const identity = Identity.fromSeed(
      crypto,
      Uint8Array.from({ length: 32 }, (_, i) => i)
    )
    expect(Base64Url.encode(identity.signKeys.publicKey)).toBe("9iUVOAwooipb9uMpfrV1iQeDgOffAf7uI-xiqQmf_f0")
    expect(Base64Url.encode(identity.staticKeys.publicKey)).toBe("0ZPteV1aThyLMu356QAOBrCSJMTidoXuyrlF8pc85TU")
  })

  describe("file", () => {
    it("gives the seed back, with or without white space around", () => {
      fc.assert(
        fc.property(seeds, fc.constantFrom("", "\n", "\r\n", "  \t"), (seed, space) => {
          const text = Identity.encodeFile(crypto, seed)
          expect(text).toMatch(/^[^\n]+\n$/)
          expect(Identity.decodeFile(crypto, space + text + space)).toEqual(Either.right(seed))
        })
      )
    })

    it("notices every changed character", () => {
      const text = Identity.encodeFile(crypto, new Uint8Array(32).fill(7)).trimEnd()
      for (let at = 0; at < text.length; at++) {
        const changed = `${text.slice(0, at)}${text[at] === "A" ? "B" : "A"}${text.slice(at + 1)}`
        expect(reason(changed)).not.toBe("fine")
      }
      expect(reason(text.slice(0, -1))).toBe("Damaged")
      expect(reason(`${text} more`)).toBe("Damaged")
    })

    it("tells a foreign file and a later version from a damaged one", () => {
      expect(reason("")).toBe("NotIdentity")
      expect(reason("-----BEGIN OPENSSH PRIVATE KEY-----")).toBe("NotIdentity")
      expect(reason(`${Identity.encodeFile(crypto, new Uint8Array(32))}${" ".repeat(1000)}`)).toBe("NotIdentity")
      expect(reason("parley-identity-v2 whatever comes then")).toBe("UnknownVersion")
      expect(reason("parley-identity-v1")).toBe("Damaged")
      expect(reason("parley-identity-v1 AAAA AAAA")).toBe("Damaged")
    })

    it("never throws", () => {
      fc.assert(fc.property(fc.string(), (text) => void Identity.decodeFile(crypto, text)))
      fc.assert(fc.property(fc.string(), (text) => void Identity.decodeFile(crypto, `parley-identity-v1 ${text}`)))
    })
  })
})

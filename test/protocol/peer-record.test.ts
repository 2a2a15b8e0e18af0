import * as Either from "effect/Either"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { SignatureCheck } from "../../src/domain/Crypto.js"
import { crypto } from "../../src/layers/node/Crypto.js"
import * as Bytes from "../../src/protocol/Bytes.js"
import * as PeerRecord from "../../src/protocol/PeerRecord.js"

const keys = crypto.signKeyPair(new Uint8Array(32).fill(1))
const staticKey = crypto.dhKeyPair(new Uint8Array(32).fill(2)).publicKey
const base: PeerRecord.PeerRecord = { nick: "alice", identity: keys.publicKey, staticKey, sequence: 3, expiry: 1000 }

/** As a server has it verified. */
const isGood = ({ message, publicKey, signature }: SignatureCheck) => crypto.verify(signature, message, publicKey)

const verdict = (bytes: Uint8Array, wallNow = 0) =>
  Either.match(PeerRecord.verify(crypto, bytes, wallNow), { onLeft: (error) => error.reason, onRight: () => "fine" })

const records = fc.record({
  nick: fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }).filter((nick) => Buffer.byteLength(nick) <= 255),
  identity: fc.constant(keys.publicKey),
  staticKey: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  sequence: fc.maxSafeNat(),
  expiry: fc.maxSafeNat().filter((expiry) => expiry > 0)
})

describe("PeerRecord", () => {
  it("comes back from its signed bytes", () => {
    fc.assert(
      fc.property(records, (record) => {
        const bytes = PeerRecord.sign(crypto, keys.secretKey, record)!
        expect(bytes.length).toBeLessThanOrEqual(PeerRecord.MAX_RECORD)
        expect(PeerRecord.decode(bytes)).toEqual(record)
        expect(PeerRecord.verify(crypto, bytes, record.expiry - 1)).toEqual(Either.right(record))
      })
    )
  })

  it("has the written layout and signature", () => {
    const bytes = PeerRecord.sign(crypto, keys.secretKey, base)!
    const body = Buffer.concat([
      Buffer.from([1, 5]),
      Buffer.from("alice"),
      keys.publicKey,
      staticKey,
      Buffer.from("000000000000000300000000000003e8", "hex")
    ])
    expect(bytes.subarray(0, -64)).toEqual(new Uint8Array(body))
    const signed = Buffer.concat([Buffer.from("parley record v1"), body])
    expect(crypto.verify(bytes.subarray(-64), signed, keys.publicKey)).toBe(true)
  })

  it("expires at its expiry", () => {
    const bytes = PeerRecord.sign(crypto, keys.secretKey, base)!
    expect(verdict(bytes, 999)).toBe("fine")
    expect(verdict(bytes, 1000)).toBe("Expired")
  })

  it("notices every changed bit, every missing and every added byte", () => {
    const bytes = PeerRecord.sign(crypto, keys.secretKey, base)!
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = Uint8Array.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      expect(verdict(changed)).toMatch(/Malformed|BadSignature/)
    }
    for (let length = 0; length < bytes.length; length++) expect(verdict(bytes.subarray(0, length))).toBe("Malformed")
    expect(verdict(Bytes.concat([bytes, Uint8Array.of(0)]))).toBe("Malformed")
  })

  it("refuses bad UTF-8 and an empty nickname, however well signed", () => {
    const forge = (nick: Uint8Array) => {
      const body = Bytes.concat([
        Uint8Array.of(1, nick.length),
        nick,
        keys.publicKey,
        staticKey,
        new Uint8Array(8),
        Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0)
      ])
      return Bytes.concat([body, crypto.sign(Bytes.concat([Bytes.fromText("parley record v1"), body]), keys.secretKey)])
    }
    expect(verdict(forge(Bytes.fromText("alice")))).toBe("fine")
    expect(verdict(forge(Uint8Array.of(0xff, 0xfe)))).toBe("Malformed")
    expect(verdict(forge(new Uint8Array(0)))).toBe("Malformed")
  })

  it("is not made of values that have no place in it", () => {
    const sign = (change: Partial<PeerRecord.PeerRecord>) =>
      PeerRecord.sign(crypto, keys.secretKey, { ...base, ...change })
    expect(sign({ nick: "é".repeat(127) })).toBeDefined()
    expect(sign({ nick: "é".repeat(128) })).toBeUndefined()
    expect(sign({ nick: "" })).toBeUndefined()
    expect(sign({ identity: new Uint8Array(31) })).toBeUndefined()
    expect(sign({ staticKey: new Uint8Array(33) })).toBeUndefined()
    expect(sign({ sequence: -1 })).toBeUndefined()
    expect(sign({ expiry: 2 ** 53 })).toBeUndefined()
  })

  it("never throws and keeps no hold of what it read", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 500 }), (bytes) => void PeerRecord.verify(crypto, bytes, 0)))
    const buffer = Buffer.from(PeerRecord.sign(crypto, keys.secretKey, base)!)
    const record = PeerRecord.decode(buffer)
    buffer.fill(0)
    expect(record).toEqual(base)
  })
})

describe("proof", () => {
  const record = PeerRecord.sign(crypto, keys.secretKey, base)!
  const challenge = new Uint8Array(32).fill(4)
  const server = "chat.example.org:9090"
  const exporter = new Uint8Array(32).fill(6)
  const proof = PeerRecord.signProof(crypto, keys.secretKey, { challenge, server }, record)
  const good = (occasion: PeerRecord.Occasion, signature = proof) =>
    isGood(PeerRecord.proofCheck(signature, keys.publicKey, occasion, record))

  it("holds for this identity, challenge, server and record alone", () => {
    const other = crypto.signKeyPair(new Uint8Array(32).fill(9)).publicKey
    const later = PeerRecord.sign(crypto, keys.secretKey, { ...base, sequence: 4 })!
    expect(good({ challenge, server })).toBe(true)
    expect(isGood(PeerRecord.proofCheck(proof, other, { challenge, server }, record))).toBe(false)
    expect(isGood(PeerRecord.proofCheck(proof, keys.publicKey, { challenge, server }, later))).toBe(false)
    expect(good({ challenge: new Uint8Array(32), server })).toBe(false)
    expect(good({ challenge, server: "chat.example.org:909" })).toBe(false)
    expect(good({ challenge, server }, new Uint8Array(0))).toBe(false)
  })

  it("holds for this TLS connection alone", () => {
    const inside = PeerRecord.signProof(crypto, keys.secretKey, { challenge, server, exporter }, record)
    expect(good({ challenge, server, exporter }, inside)).toBe(true)
    expect(good({ challenge, server, exporter: new Uint8Array(32) }, inside)).toBe(false)
    expect(good({ challenge, server }, inside)).toBe(false)
    expect(good({ challenge, server, exporter })).toBe(false)
  })

  it("is of the version that names a server, or of the one that does not", () => {
    const unnamed = PeerRecord.signProof(crypto, keys.secretKey, { challenge }, record)
    expect(good({ challenge }, unnamed)).toBe(true)
    expect(good({ challenge, server }, unnamed)).toBe(false)
    expect(good({ challenge })).toBe(false)
  })

  it("has the bytes that the protocol says", () => {
    const name = Bytes.fromText(server)
    const message = [Bytes.fromText("parley proof v2"), challenge, Uint8Array.of(0, name.length, 32), name, exporter]
    const { message: bytes } = PeerRecord.proofCheck(proof, keys.publicKey, { challenge, server, exporter }, record)
    expect(bytes).toEqual(Bytes.concat([...message, record]))
  })

  it("is no signature of anything else", () => {
    expect(crypto.verify(proof, Bytes.concat([challenge, record]), keys.publicKey)).toBe(false)
    expect(crypto.verify(proof, Bytes.concat([Bytes.fromText("parley record v1"), record]), keys.publicKey)).toBe(false)
  })
})

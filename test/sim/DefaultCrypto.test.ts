import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { Crypto, KeyPair } from "../../src/domain/Crypto.js"
import { crypto as real } from "../../src/layers/node/Crypto.js"
import * as DefaultCrypto from "../../src/sim/DefaultCrypto.js"

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const prologue = Uint8Array.of(1)

/** Both ends of a handshake, and all that they can see of it. */
const shake = (crypto: Crypto, alice: KeyPair, bob: KeyPair, secret: Uint8Array) => {
  const initiator = crypto.noiseInitiator({
    staticKeys: alice,
    ephemeralSecret: secret,
    prologue,
    remoteStatic: bob.publicKey
  })
  const responder = crypto.noiseResponder({
    staticKeys: bob,
    ephemeralSecret: secret.map((byte) => byte ^ 1),
    prologue
  })
  const first = initiator.write(Uint8Array.of(2))
  const read = first && responder.read(first)
  const second = read && responder.write(Uint8Array.of(3))
  return [first, read, second, second && initiator.read(second), initiator.finish(), responder.finish()]
}

describe("the cryptography of a world", () => {
  it("gives the bytes of the real one, the first time and the next", () => {
    const simulated = DefaultCrypto.make()
    fc.assert(
      fc.property(bytes(32), bytes(32), bytes(32), (a, b, secret) => {
        const [alice, bob] = [real.dhKeyPair(a), real.dhKeyPair(b)]
        const expected = shake(real, alice, bob, secret)
        expect(expected.at(-1)).toBeDefined()
        for (let time = 0; time < 2; time++) expect(shake(simulated, alice, bob, secret)).toEqual(expected)
        expect(shake(simulated, bob, alice, secret)).toEqual(shake(real, bob, alice, secret))
      }),
      { numRuns: 20 }
    )
  })

  it("refuses what is forged, the first time and the next, whatever it has seen", () => {
    const simulated = DefaultCrypto.make()
    fc.assert(
      fc.property(bytes(32), fc.uint8Array({ maxLength: 1_500 }), fc.nat(511), (seed, message, bit) => {
        const { publicKey, secretKey } = real.signKeyPair(seed)
        const signature = real.sign(message, secretKey)
        const forged = signature.slice()
        forged[bit >> 3]! ^= 1 << (bit & 7)
        for (let time = 0; time < 2; time++) {
          expect(simulated.verify(signature, message, publicKey)).toBe(true)
          expect(simulated.verify(forged, message, publicKey)).toBe(false)
          expect(simulated.verify(signature, Uint8Array.of(...message, 0), publicKey)).toBe(false)
          expect(simulated.verify(signature.subarray(0, 63), message, publicKey)).toBe(false)
        }
      }),
      { numRuns: 20 }
    )
  })

  it("fails with a key of low order as the real one does", () => {
    const alice = real.dhKeyPair(new Uint8Array(32).fill(7))
    const low = { publicKey: new Uint8Array(32), secretKey: new Uint8Array(32).fill(8) }
    expect(shake(DefaultCrypto.make(), alice, low, new Uint8Array(32).fill(9))[0]).toBeUndefined()
  })
})

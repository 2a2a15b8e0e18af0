import { createCipheriv, createHash } from "node:crypto"
import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { TAG_BYTES } from "../../src/domain/Crypto.js"
import { layer, crypto as native } from "../../src/layers/node/Crypto.js"
import { crypto as portable } from "../../src/layers/node/PortableCrypto.js"
import { sodium } from "../../src/layers/node/Sodium.js"
import * as Service from "../../src/services/Crypto.js"

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"))
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })

for (const [name, crypto] of [
  ["libsodium", native],
  ["without native code", portable]
] as const)
  describe(name, () => {
    const exchange = (secret: Uint8Array, point: Uint8Array) => {
      const shared = new Uint8Array(32)
      sodium().crypto_scalarmult(shared, secret, point)
      return shared
    }

    describe("X25519 (RFC 7748)", () => {
      it("§5.2: scalar multiplication, and a thousand iterations of it", () => {
        const once = exchange(
          hex("a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4"),
          hex("e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c")
        )
        expect(toHex(once)).toBe("c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552")

        let k = hex("0900000000000000000000000000000000000000000000000000000000000000")
        let u = k
        for (let i = 1; i <= 1000; i++) {
          const next = exchange(k, u)
          u = k
          k = next
          if (i === 1) expect(toHex(k)).toBe("422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079")
        }
        expect(toHex(k)).toBe("684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51")
      })

      it("§6.1: key pairs and their agreement", () => {
        const alice = crypto.dhKeyPair(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"))
        const bob = crypto.dhKeyPair(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"))
        expect(toHex(alice.publicKey)).toBe("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
        expect(toHex(bob.publicKey)).toBe("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
        for (const [own, other] of [[alice, bob] as const, [bob, alice] as const]) {
          expect(toHex(exchange(own.secretKey, other.publicKey))).toBe(
            "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
          )
        }
      })
    })

    describe("Ed25519 (RFC 8032 §7.1)", () => {
      const vectors = [
        {
          seed: "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
          publicKey: "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
          message: "",
          signature:
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        },
        {
          seed: "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
          publicKey: "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
          message: "72",
          signature:
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        }
      ]

      for (const vector of vectors) {
        it(`message "${vector.message}"`, () => {
          const keys = crypto.signKeyPair(hex(vector.seed))
          expect(toHex(keys.publicKey)).toBe(vector.publicKey)
          expect(toHex(crypto.sign(hex(vector.message), keys.secretKey))).toBe(vector.signature)
          expect(crypto.verify(hex(vector.signature), hex(vector.message), keys.publicKey)).toBe(true)
        })
      }

      it("refuses signatures and keys of any other length, and any changed bit", () => {
        const [vector] = vectors
        const signature = hex(vector!.signature)
        const key = hex(vector!.publicKey)
        const message = new Uint8Array(0)
        expect(crypto.verify(new Uint8Array([...signature, 0]), message, key)).toBe(false)
        expect(crypto.verify(signature.subarray(0, 63), message, key)).toBe(false)
        expect(crypto.verify(signature, message, key.subarray(0, 31))).toBe(false)
        expect(crypto.verify(signature, message, new Uint8Array([...key, 0]))).toBe(false)
        expect(crypto.verify(signature, Uint8Array.of(0), key)).toBe(false)
        for (let bit = 0; bit < 512; bit++) {
          const changed = Uint8Array.from(signature)
          changed[bit >> 3]! ^= 1 << (bit & 7)
          expect(crypto.verify(changed, message, key)).toBe(false)
        }
      })
    })

    describe("BLAKE2b (RFC 7693)", () => {
      it("appendix A: of abc", () => {
        const digest =
          "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923"
        expect(toHex(crypto.hash(64, [new TextEncoder().encode("abc")]))).toBe(digest)
        expect(toHex(crypto.hash(64, [new TextEncoder().encode("a"), new TextEncoder().encode("bc")]))).toBe(digest)
      })

      it("the first and the last keyed vector of the reference implementation", () => {
        const key = Uint8Array.from({ length: 64 }, (_, i) => i)
        expect(toHex(crypto.hash(64, [], key))).toBe(
          "10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786b5e996e8f0f4eb981fc214b005f42d2ff4233499391653df7aefcbc13fc51568"
        )
        expect(toHex(crypto.hash(64, [Uint8Array.from({ length: 255 }, (_, i) => i)], key))).toBe(
          "142709d62e28fcccd0af97fad0f8465b971e82201dc51070faa0372aa43e92484be1c1e73ba10906d5d1853db6a4106e0a7bf9800d373d6dee2d46d62ef2a461"
        )
      })

      it("hashes the concatenation of its parts as Node's own implementation does", () => {
        fc.assert(
          fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 5 }), (parts) => {
            expect(toHex(crypto.hash(64, parts))).toBe(
              createHash("blake2b512").update(Buffer.concat(parts)).digest("hex")
            )
          })
        )
      })
    })

    describe("ChaCha20-Poly1305 (RFC 8439)", () => {
      it("§2.8.2", () => {
        const key = Uint8Array.from({ length: 32 }, (_, i) => 0x80 + i)
        const message = new TextEncoder().encode(
          "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen would be it."
        )
        const sealed = new Uint8Array(message.length + TAG_BYTES)
        const additional = hex("50515253c0c1c2c3c4c5c6c7")
        const nonce = hex("070000004041424344454647")
        sodium().crypto_aead_chacha20poly1305_ietf_encrypt(sealed, message, additional, null, nonce, key)
        expect(toHex(sealed)).toBe(
          "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b61161ae10b594f09e26a7e902ecbd0600691"
        )
      })

      /** The same packet by Node's own implementation. */
      const independently = (key: Uint8Array, counter: number, additional: Uint8Array, plaintext: Uint8Array) => {
        const nonce = Buffer.alloc(12)
        nonce.writeBigUInt64LE(BigInt(counter), 4)
        const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES })
        cipher.setAAD(additional, { plaintextLength: plaintext.length })
        return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
      }
      const packets = [
        bytes(32),
        fc.maxSafeNat(),
        fc.uint8Array({ maxLength: 20 }),
        fc.uint8Array({ maxLength: 1200 })
      ] as const

      it("seals as Node's own implementation does, at every counter, and opens it again", () => {
        fc.assert(
          fc.property(...packets, (key, counter, additional, plaintext) => {
            const out = new Uint8Array(plaintext.length + TAG_BYTES + 5)
            crypto.seal(key, counter, additional, plaintext, out)
            const sealed = out.subarray(0, plaintext.length + TAG_BYTES)
            expect(toHex(sealed)).toBe(independently(key, counter, additional, plaintext).toString("hex"))
            expect(out.subarray(sealed.length)).toEqual(new Uint8Array(5))
            const opened = new Uint8Array(plaintext.length + 5)
            expect(crypto.open(key, counter, additional, sealed, opened)).toBe(true)
            expect(opened.subarray(0, plaintext.length)).toEqual(plaintext)
          })
        )
      })

      it("seals and opens in place", () => {
        fc.assert(
          fc.property(...packets, (key, counter, additional, plaintext) => {
            const buffer = new Uint8Array(plaintext.length + TAG_BYTES)
            buffer.set(plaintext)
            crypto.seal(key, counter, additional, buffer.subarray(0, plaintext.length), buffer)
            expect(toHex(buffer)).toBe(independently(key, counter, additional, plaintext).toString("hex"))
            expect(crypto.open(key, counter, additional, buffer, buffer)).toBe(true)
            expect(buffer.subarray(0, plaintext.length)).toEqual(plaintext)
          })
        )
      })

      it("opens nothing that was changed, cut, or sealed for another counter", () => {
        fc.assert(
          fc.property(...packets, fc.nat(), (key, counter, additional, plaintext, where) => {
            const sealed = new Uint8Array(independently(key, counter, additional, plaintext))
            const out = new Uint8Array(sealed.length)
            expect(crypto.open(key, counter + 1, additional, sealed, out)).toBe(false)
            expect(crypto.open(key, counter, Uint8Array.of(...additional, 0), sealed, out)).toBe(false)
            expect(crypto.open(key, counter, additional, sealed.subarray(0, where % sealed.length), out)).toBe(false)
            sealed[(where >> 3) % sealed.length]! ^= 1 << (where & 7)
            expect(crypto.open(key, counter, additional, sealed, out)).toBe(false)
          })
        )
      })
    })

    describe("Noise IK", () => {
      const staticKeys = crypto.dhKeyPair(new Uint8Array(32).fill(1))
      const prologue = new TextEncoder().encode("test")
      const initiator = (remoteStatic: Uint8Array) =>
        crypto.noiseInitiator({ staticKeys, ephemeralSecret: new Uint8Array(32).fill(2), prologue, remoteStatic })
      const responder = () =>
        crypto.noiseResponder({ staticKeys, ephemeralSecret: new Uint8Array(32).fill(3), prologue })
      const payload = Uint8Array.of(1, 2, 3)

      it("leaves what it was given untouched, Buffers included", () => {
        const remoteStatic = Buffer.from(staticKeys.publicKey)
        const ephemeralSecret = Buffer.alloc(32, 2)
        const a = crypto.noiseInitiator({ staticKeys, ephemeralSecret, prologue, remoteStatic })
        const b = responder()
        const first = Buffer.from(a.write(payload)!)
        const firstBefore = Buffer.from(first)
        expect(b.read(first)).toEqual(payload)
        const second = Buffer.from(b.write(payload)!)
        const secondBefore = Buffer.from(second)
        expect(a.read(second)).toEqual(payload)
        expect(b.remoteStatic()).toEqual(staticKeys.publicKey)
        expect(a.finish()!.send).toEqual(b.finish()!.receive)
        expect(a.finish()!.receive).toEqual(b.finish()!.send)
        expect([first, second]).toEqual([firstBefore, secondBefore])
        expect(remoteStatic.equals(staticKeys.publicKey)).toBe(true)
        expect(ephemeralSecret.equals(Buffer.alloc(32, 2))).toBe(true)
        expect(staticKeys).toEqual(crypto.dhKeyPair(new Uint8Array(32).fill(1)))
      })

      it("has no keys before both messages have passed, and takes no step twice", () => {
        const a = initiator(staticKeys.publicKey)
        expect(a.finish()).toBeUndefined()
        const first = a.write(payload)!
        expect(a.write(payload)).toBeUndefined()
        const b = responder()
        expect(b.remoteStatic()).toBeUndefined()
        expect(b.read(first)).toEqual(payload)
        expect(b.finish()).toBeUndefined()
        expect(b.read(first)).toBeUndefined()
      })

      it("fails the handshake, and does not throw, on low-order points, wrong sizes and noise", () => {
        // The points of order 1, 2, 4 and 8 (RFC 7748 §6.1: the all-zero result may be refused; here it must).
        const lowOrder = [
          "0000000000000000000000000000000000000000000000000000000000000000",
          "0100000000000000000000000000000000000000000000000000000000000000",
          "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
          "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
        ]
        const good = initiator(staticKeys.publicKey).write(payload)!
        for (const point of lowOrder) {
          expect(initiator(hex(point)).write(payload)).toBeUndefined()
          expect(responder().read(Uint8Array.of(...hex(point), ...good.subarray(32)))).toBeUndefined()
        }
        expect(initiator(new Uint8Array(31)).write(payload)).toBeUndefined()
        fc.assert(
          fc.property(fc.uint8Array({ maxLength: 200 }), (junk) => {
            expect(responder().read(junk)).toBeUndefined()
          })
        )
      })
    })
  })

describe("layer", () => {
  it("is the same cryptography", async () => {
    expect(await Effect.runPromise(Effect.provide(Service.Crypto, layer))).toBe(native)
  })

  it("wipes", () => {
    const secret = new Uint8Array(40).fill(7)
    for (const crypto of [native, portable]) crypto.wipe(secret.subarray(4, 36))
    expect(secret).toEqual(Uint8Array.of(7, 7, 7, 7, ...new Uint8Array(32), 7, 7, 7, 7))
  })
})

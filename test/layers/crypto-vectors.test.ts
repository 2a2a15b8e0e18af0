import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { TAG_BYTES } from "../../src/domain/Crypto.js"
import { crypto as native } from "../../src/layers/node/Crypto.js"
import { crypto as portable } from "../../src/layers/node/PortableCrypto.js"
import { sodium } from "../../src/layers/node/Sodium.js"

/**
 * Published test vectors. One for Noise is written down here; the collections (cacophony, snow, noise-c, Wycheproof)
 * are read when their folder lies beside the repository.
 */
const folder = fileURLToPath(new URL("../../../shared/vectors/", import.meta.url))
const read = (name: string) => JSON.parse(readFileSync(folder + name, "utf8"))

const hex = (text: string) => new Uint8Array(Buffer.from(text, "hex"))
const toHex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex")

interface NoiseVector {
  readonly protocol_name?: string
  readonly name?: string
  readonly init_prologue: string
  readonly init_static: string
  readonly init_ephemeral: string
  readonly init_remote_static: string
  readonly resp_prologue: string
  readonly resp_static: string
  readonly resp_ephemeral: string
  readonly handshake_hash?: string
  readonly messages: ReadonlyArray<{ readonly payload: string; readonly ciphertext: string }>
}

const PROTOCOL = "Noise_IK_25519_ChaChaPoly_BLAKE2b"

/** From the cacophony collection (public domain). */
const embedded: NoiseVector = {
  protocol_name: PROTOCOL,
  init_prologue: "4a6f686e2047616c74",
  init_static: "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1",
  init_ephemeral: "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a",
  init_remote_static: "31e0303fd6418d2f8c0e78b91f22e8caed0fbe48656dcf4767e4834f701b8f62",
  resp_prologue: "4a6f686e2047616c74",
  resp_static: "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893",
  resp_ephemeral: "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b",
  handshake_hash:
    "1c8fa891cb414fedba6daa7c6f4ae0a6d98e5f9768cc9cecd27e805614943ee9c8a1b27fbfb76dc197255c8aa69f6b4285c423840b8bedf45e652ca64f797d81",
  messages: [
    {
      payload: "4c756477696720766f6e204d69736573",
      ciphertext:
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c7944ba83a447b38c83e327ad936929812f624884847b7831e95e197b2f797088efdd2f88f1db7e1fb0e99c64419097af91cee64e470f4b6fcd9298ce0b56fe20f86e13bf70439c538e3602a7127af71a29cc"
    },
    {
      payload: "4d757272617920526f746862617264",
      ciphertext:
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088439f069b267a06b3de3ecb1043bcb098e9af91d9c64748d998c7b47890871571"
    },
    {
      payload: "462e20412e20486179656b",
      ciphertext: "cd54383060e7a28434cca27fb1cc524cfbabeb18181589df219d07"
    },
    {
      payload: "4361726c204d656e676572",
      ciphertext: "a856d3bf0246bfc476c655009cd1ed677b8dcc5b349ae8ef2a05f2"
    },
    {
      payload: "4a65616e2d426170746973746520536179",
      ciphertext: "49063084b2c51f098337cb8a13739ac848f907e67cfb2cc8a8b60586467aa02fc7"
    },
    {
      payload: "457567656e2042f6686d20766f6e2042617765726b",
      ciphertext: "8b9709d23b47e4639df7678d7a21741eba4ef1e9c60383001c7435549c20f9d56f30e935d3"
    }
  ]
}

for (const [name, crypto] of [
  ["libsodium", native],
  ["without native code", portable]
] as const)
  describe(name, () => {
    /** Both sides byte for byte, then the transport messages through `seal` and `open`, both counting from 0. */
    const check = (vector: NoiseVector) => {
      const initiator = crypto.noiseInitiator({
        staticKeys: crypto.dhKeyPair(hex(vector.init_static)),
        ephemeralSecret: hex(vector.init_ephemeral),
        prologue: hex(vector.init_prologue),
        remoteStatic: hex(vector.init_remote_static)
      })
      const responder = crypto.noiseResponder({
        staticKeys: crypto.dhKeyPair(hex(vector.resp_static)),
        ephemeralSecret: hex(vector.resp_ephemeral),
        prologue: hex(vector.resp_prologue)
      })
      const [first, second, ...transport] = vector.messages
      expect(toHex(initiator.write(hex(first!.payload))!)).toBe(first!.ciphertext)
      expect(toHex(responder.read(hex(first!.ciphertext))!)).toBe(first!.payload)
      expect(toHex(responder.write(hex(second!.payload))!)).toBe(second!.ciphertext)
      expect(toHex(initiator.read(hex(second!.ciphertext))!)).toBe(second!.payload)
      const [a, b] = [initiator.finish()!, responder.finish()!]
      if (vector.handshake_hash !== undefined)
        expect([toHex(a.hash), toHex(b.hash)]).toEqual(Array(2).fill(vector.handshake_hash))

      const nothing = new Uint8Array(0)
      transport.forEach((message, i) => {
        const [sender, receiver] = i % 2 === 0 ? [a, b] : [b, a]
        const counter = Math.floor(i / 2)
        const plaintext = hex(message.payload)
        const sealed = new Uint8Array(plaintext.length + TAG_BYTES)
        crypto.seal(sender.send, counter, nothing, plaintext, sealed)
        expect(toHex(sealed)).toBe(message.ciphertext)
        const opened = new Uint8Array(plaintext.length)
        expect(crypto.open(receiver.receive, counter, nothing, sealed, opened)).toBe(true)
        expect(toHex(opened)).toBe(message.payload)
      })
    }

    describe("Noise", () => {
      it(`${PROTOCOL} of cacophony`, () => check(embedded))
    })

    if (existsSync(folder)) {
      describe("Noise collections", () => {
        for (const name of ["cacophony", "snow", "noise-c-basic"]) {
          it(name, () => {
            const all: ReadonlyArray<NoiseVector> = read(`noise/${name}.txt`).vectors
            const vectors = all.filter((vector) => (vector.protocol_name ?? vector.name) === PROTOCOL)
            expect(vectors.length).toBeGreaterThan(0)
            for (const vector of vectors) check(vector)
          })
        }
      })

      describe("Wycheproof", () => {
        const tests = (name: string) =>
          read(`wycheproof/${name}_test.json`).testGroups.flatMap((group: { readonly tests: ReadonlyArray<object> }) =>
            group.tests.map((test) => ({ ...group, ...test }))
          )

        it("X25519: every shared secret, and every all-zero one refused", () => {
          let refused = 0
          for (const test of tests("x25519")) {
            const shared = new Uint8Array(32)
            if (/^0+$/.test(test.shared)) {
              refused++
              expect(() => sodium().crypto_scalarmult(shared, hex(test.private), hex(test.public)), test.tcId).toThrow()
              const noise = crypto.noiseInitiator({
                staticKeys: crypto.dhKeyPair(new Uint8Array(32).fill(1)),
                ephemeralSecret: hex(test.private),
                prologue: new Uint8Array(0),
                remoteStatic: hex(test.public)
              })
              expect(noise.write(new Uint8Array(0)), test.tcId).toBeUndefined()
            } else {
              sodium().crypto_scalarmult(shared, hex(test.private), hex(test.public))
              expect(toHex(shared), test.tcId).toBe(test.shared)
            }
          }
          expect(refused).toBeGreaterThan(0)
        })

        it("Ed25519: every verdict", () => {
          for (const test of tests("ed25519")) {
            const verdict = crypto.verify(hex(test.sig), hex(test.msg), hex(test.publicKey.pk))
            expect(verdict, test.tcId).toBe(test.result === "valid")
          }
        })

        it("ChaCha20-Poly1305: every ciphertext and every verdict", () => {
          const aead = sodium()
          for (const test of tests("chacha20_poly1305")) {
            if (test.ivSize !== 96) continue
            const [key, nonce, additional] = [hex(test.key), hex(test.iv), hex(test.aad)]
            const message = hex(test.msg)
            const sealed = hex(test.ct + test.tag)
            const opened = new Uint8Array(message.length)
            const open = () =>
              aead.crypto_aead_chacha20poly1305_ietf_decrypt(opened, null, sealed, additional, nonce, key)
            if (test.result === "valid") {
              const ours = new Uint8Array(sealed.length)
              aead.crypto_aead_chacha20poly1305_ietf_encrypt(ours, message, additional, null, nonce, key)
              expect(toHex(ours), test.tcId).toBe(toHex(sealed))
              open()
              expect(opened, test.tcId).toEqual(message)
            } else expect(open, test.tcId).toThrow()
          }
        })
      })
    }
  })

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { SignatureCheck } from "../../../src/domain/Crypto.js"
import * as Crypto from "../../../src/layers/node/Crypto.js"
import * as Node from "../../../src/layers/node/SignatureVerifier.js"
import { SignatureVerifier } from "../../../src/services/SignatureVerifier.js"

const { crypto } = Crypto
const keys = crypto.signKeyPair(new Uint8Array(32).fill(1))

/** Signed well, unless something is changed. */
const check = (message: Uint8Array, change: Partial<SignatureCheck> = {}): SignatureCheck => ({
  signature: crypto.sign(message, keys.secretKey),
  message,
  publicKey: keys.publicKey,
  ...change
})

type Verify = (...checks: ReadonlyArray<SignatureCheck>) => Promise<boolean>

const verifying = (body: (verify: Verify) => Promise<void>): Promise<void> =>
  Layer.build(Layer.provide(Node.layer, Crypto.layer)).pipe(
    Effect.map((context) => Context.get(context, SignatureVerifier)),
    Effect.flatMap((verifier) =>
      Effect.promise(() => body((...checks) => new Promise((resolve) => verifier.verify(checks, resolve))))
    ),
    Effect.scoped,
    Effect.runPromise
  )

describe("the signature verifier", () => {
  test("judges as the cryptography itself does, whatever the lengths", () =>
    verifying((verify) =>
      fc.assert(
        fc.asyncProperty(
          fc.uint8Array({ maxLength: 300 }),
          fc.constantFrom("good", "flipped", "short signature", "long signature", "short key", "other message"),
          async (message, kind) => {
            const good = check(message)
            const flipped = good.signature.map((byte, at) => (at === message.length % 64 ? byte ^ 1 : byte))
            const asked: SignatureCheck = {
              good,
              flipped: { ...good, signature: flipped },
              "short signature": { ...good, signature: good.signature.subarray(1) },
              "long signature": { ...good, signature: new Uint8Array([...good.signature, 0]) },
              "short key": { ...good, publicKey: good.publicKey.subarray(1) },
              "other message": { ...good, message: new Uint8Array([...message, 1]) }
            }[kind]!
            const expected = crypto.verify(asked.signature, asked.message, asked.publicKey)
            expect(expected).toBe(kind === "good")
            expect(await verify(asked)).toBe(expected)
          }
        ),
        { numRuns: 200 }
      )
    ))

  test("is good when all are, and answers each who asks in the same turn", () =>
    verifying(async (verify) => {
      const messages = Array.from({ length: 50 }, (_, index) => new Uint8Array(200).fill(index + 1))
      const bad = check(messages[0]!, { signature: new Uint8Array(64) })
      const answers = await Promise.all(
        messages.map((message, index) => verify(check(message), ...(index % 3 === 0 ? [bad] : [check(messages[1]!)])))
      )
      expect(answers).toEqual(messages.map((_, index) => index % 3 !== 0))
      expect(await verify(check(new Uint8Array(65_535)))).toBe(false)
      expect(await verify()).toBe(true)
    }))
})

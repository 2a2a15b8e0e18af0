import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Primitives from "../domain/Crypto.js"

/**
 * The cryptographic primitives as a service, so that programs choose the implementation once.
 *
 * @since 0.1.0
 */
export class Crypto extends Context.Tag("parley/services/Crypto")<Crypto, Primitives.Crypto>() {}

/**
 * Cryptography cannot be had, so no program can run: raised while the layer is built, never later.
 *
 * @since 0.1.0
 */
export class CryptoError extends Data.TaggedError("CryptoError")<{
  /** It loaded, and computes something else. */
  readonly reason: "SelfTest"
  readonly message: string
  readonly cause?: unknown
}> {}

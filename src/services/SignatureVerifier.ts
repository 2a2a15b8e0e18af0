import * as Context from "effect/Context"
import type { Crypto, SignatureCheck } from "../domain/Crypto.js"

/**
 * Checks Ed25519 signatures (RFC 8032) beside the program's own work, for a program that has to go on answering others
 * meanwhile. Judges exactly as `Crypto.verify` does.
 *
 * @since 0.1.0
 */
export class SignatureVerifier extends Context.Tag("parley/services/SignatureVerifier")<
  SignatureVerifier,
  {
    /**
     * Whether all of `checks` are good. The answer comes exactly once, perhaps before the call returns. The bytes must
     * be left as they are until the caller's turn of the event loop is over. A message of more than 65,534 bytes is
     * badly signed.
     */
    readonly verify: (checks: ReadonlyArray<SignatureCheck>, done: (good: boolean) => void) => void
  }
>() {}

/** Verifies on the spot, for programs that nobody else waits for. */
export const immediate = (crypto: Crypto): typeof SignatureVerifier.Service => ({
  verify: (checks, done) =>
    done(checks.every(({ message, publicKey, signature }) => crypto.verify(signature, message, publicKey)))
})

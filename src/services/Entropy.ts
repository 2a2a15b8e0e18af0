import * as Context from "effect/Context"

/**
 * The only source of keys, nonces, cookies and identifiers. The live layer draws from the operating system; test and
 * simulated layers draw from a seed.
 *
 * @since 0.1.0
 */
export class Entropy extends Context.Tag("parley/services/Entropy")<
  Entropy,
  {
    /** `length` (up to 65,536) fresh unpredictable bytes. Synchronous and never fails. */
    readonly bytes: (length: number) => Uint8Array
  }
>() {}

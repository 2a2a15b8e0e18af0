import * as Schema from "effect/Schema"
import type { Fingerprint } from "../../domain/Fingerprint.js"
import type { PeerId } from "../../domain/PeerId.js"

/**
 * Two keys for one nickname: the one that is known under it, and another one that was shown. Fingerprints.
 *
 * @since 0.1.0
 */
export const KeyChange = Schema.Struct({
  known: Schema.String,
  /** Left out where the one that was shown is not remembered. */
  offered: Schema.optionalWith(Schema.String, { exact: true }),
  /** Whether the known one was verified: then nothing goes to either before `trust`. */
  verified: Schema.Boolean
})
/** @since 0.1.0 */
export type KeyChange = typeof KeyChange.Type

/** Whose a nickname is, as far as we are concerned. */
export interface Owner {
  /** The nickname that is theirs: the one in question, or one that looks like it. */
  readonly nick: string
  readonly peer: PeerId
  readonly fingerprint: Fingerprint
  /** Whether our user has compared the key. */
  readonly verified: boolean
}

import * as Schema from "effect/Schema"
import type { Crypto } from "./Crypto.js"

/** Six groups of five digits. What a server says is one may be anything: only what we made ourselves has this type. */
export const Fingerprint = Schema.String.pipe(Schema.pattern(/^[0-9]{5}(?: [0-9]{5}){5}$/), Schema.brand("Fingerprint"))
export type Fingerprint = typeof Fingerprint.Type

/**
 * The fingerprint of an Ed25519 identity key, for people to read to each other: 30 decimal digits in six groups of
 * five.
 *
 * Digits, because every keyboard and every language has them. Each group is 40 hash bits modulo 100,000, which favours
 * no value by more than one part in ten million; six of them hold 99.6 bits, so a key that shows a given fingerprint
 * takes about 2^99 tries. That is a second preimage, the attack that counts: an attacker gains nothing from two keys of
 * its own that look alike.
 */
export const of = (crypto: Crypto, identityKey: Uint8Array): Fingerprint => {
  const digest = crypto.hash(32, [LABEL, identityKey])
  const groups: Array<string> = []
  for (let group = 0; group < GROUPS; group++) {
    let value = 0
    for (const byte of digest.subarray(5 * group, 5 * group + 5)) value = value * 256 + byte
    groups.push(String(value % 100_000).padStart(5, "0"))
  }
  return groups.join(" ") as Fingerprint
}

/** 30 of the 32 hash bytes are used. */
const GROUPS = 6
const LABEL = new TextEncoder().encode("parley fingerprint v1")

import type { Crypto } from "./Crypto.js"
import { groupsOf } from "./Fingerprint.js"
import * as Hex from "./Hex.js"
import { identityKeyOf, type PeerId } from "./PeerId.js"

/**
 * The number of a pair, for two people to compare by voice or by a QR code: 60 decimal digits in twelve groups of five,
 * the same on both sides (docs/protocol.md §1.5). Whoever stands between the two is another pair with each of them.
 *
 * As Signal's safety number (its "numeric fingerprint", version 2) it has 60 digits and takes 5,200 hashes. Unlike it,
 * both keys go into every digit, the lower one first. Signal puts the two keys' own digits one behind the other, which
 * one key that is shown to both sides makes equal in one half: theirs needs a telephone number in each half, and parley
 * has none. Somebody in the middle chooses a key for each side and needs two that meet: 2^99 keys for all twelve
 * groups, 2^50 for six, each at the price of 5,200 hashes.
 */
export const of = (crypto: Crypto, one: PeerId, other: PeerId): string => {
  const keys = [identityKeyOf(one), identityKeyOf(other)].sort((a, b) => (Hex.encode(a) < Hex.encode(b) ? -1 : 1))
  let digest = crypto.hash(HASH_BYTES, [LABEL, ...keys])
  for (let round = 1; round < ROUNDS; round++) digest = crypto.hash(HASH_BYTES, [digest, ...keys])
  return groupsOf(digest, GROUPS)
}

/** Of 64 hash bytes, 60 are used: five a group. */
const HASH_BYTES = 64
const GROUPS = 12
/** As Signal's: 12 bits more of work for whoever makes keys by the million, some 10 ms for us. */
const ROUNDS = 5_200
const LABEL = new TextEncoder().encode("parley pair number v1")

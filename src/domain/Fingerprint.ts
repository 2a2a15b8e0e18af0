import * as Schema from "effect/Schema"
import type { Crypto } from "./Crypto.js"

/**
 * Six groups of five digits. What a server says is one may be anything: only what we made ourselves has this type.
 *
 * @since 0.1.0
 */
export const Fingerprint = Schema.String.pipe(Schema.pattern(/^[0-9]{5}(?: [0-9]{5}){5}$/), Schema.brand("Fingerprint"))
/** @since 0.1.0 */
export type Fingerprint = typeof Fingerprint.Type

/**
 * The fingerprint of an Ed25519 identity key, for people to read to each other: 30 decimal digits in six groups of
 * five.
 *
 * Digits, because every keyboard and every language has them. Each group is 40 hash bits modulo 100,000, which favours
 * no value by more than one part in ten million; six of them hold 99.6 bits, so a key that shows a given fingerprint
 * takes about 2^99 tries. That is a second preimage, the attack that counts: an attacker gains nothing from two keys of
 * its own that look alike.
 *
 * @since 0.1.0
 */
export const of = (crypto: Crypto, identityKey: Uint8Array): Fingerprint =>
  groupsOf(crypto.hash(32, [LABEL, identityKey]), GROUPS) as Fingerprint

/**
 * Groups of five digits, each from five bytes of a hash.
 *
 * @since 0.1.0
 */
export const groupsOf = (digest: Uint8Array, count: number): string => {
  const groups: Array<string> = []
  for (let group = 0; group < count; group++) {
    let value = 0
    for (const byte of digest.subarray(5 * group, 5 * group + 5)) value = value * 256 + byte
    groups.push(String(value % 100_000).padStart(5, "0"))
  }
  return groups.join(" ")
}

/**
 * The fingerprint that somebody has written down, with spaces or hyphens anywhere; `undefined` for other texts.
 *
 * @since 0.1.0
 */
export const parse = (text: string): Fingerprint | undefined => {
  const digits = digitsOf(text)
  if (digits?.length !== DIGITS) return undefined
  return digits.match(/.{5}/g)!.join(" ") as Fingerprint
}

/**
 * The digits in a text of digits, spaces and hyphens, one group of them at least; `undefined` for other texts.
 *
 * @since 0.1.0
 */
export const digitsOf = (text: string): string | undefined => {
  if (text.length > MAX_TEXT || !/^[0-9\s-]*$/.test(text)) return undefined
  const digits = text.replace(/[\s-]/g, "")
  return digits.length < DIGITS / GROUPS ? undefined : digits
}

/**
 * Whether a fingerprint begins with these digits.
 *
 * @since 0.1.0
 */
export const beginsWith = (fingerprint: string, digits: string): boolean =>
  fingerprint.replaceAll(" ", "").startsWith(digits)

const DIGITS = 30
/** Twice what a pair's number takes with a space between all digits. */
const MAX_TEXT = 256
/** 30 of the 32 hash bytes are used. */
const GROUPS = 6
const LABEL = new TextEncoder().encode("parley fingerprint v1")

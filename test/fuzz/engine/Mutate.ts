import type { Rng } from "../../../src/sim/kernel/Rng.js"
import { type Target, toBytes } from "../Target.js"

/** Another input made of one of the corpus, and of a second one where two are mixed; at most `target.most` bytes. */
export const mutate = (rng: Rng, target: Target, input: Uint8Array, other: Uint8Array): Uint8Array => {
  let bytes = input
  for (let times = 1 << rng.below(4); times > 0; times--) {
    const json = target.json === true && rng.chance(0.5) ? mutateLine(rng, bytes, other) : undefined
    bytes = json ?? mutateBytes(rng, target, bytes, other)
  }
  return bytes.length > target.most ? bytes.slice(0, target.most) : bytes
}

const mutateBytes = (rng: Rng, target: Target, bytes: Uint8Array, other: Uint8Array): Uint8Array => {
  const at = rng.below(bytes.length + 1)
  const length = Math.min(bytes.length - at, rng.chance(0.7) ? rng.below(9) : rng.below(bytes.length + 1))
  switch (rng.below(8)) {
    case 0:
      return replace(bytes, at, length, new Uint8Array(0))
    case 1:
      return replace(bytes, at, 0, rng.fill(new Uint8Array(1 + rng.below(8))))
    case 2:
      return replace(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) ^ (1 << rng.below(8))))
    case 3:
      return replace(bytes, at, rng.pick([0, 1, 2, 4, 8]), border(rng))
    case 4:
      return replace(bytes, rng.below(bytes.length + 1), 0, bytes.slice(at, at + length))
    case 5: {
      const from = rng.below(other.length + 1)
      return replace(bytes, at, rng.chance(0.5) ? length : bytes.length, other.slice(from, from + 1 + rng.below(64)))
    }
    case 6: {
      const word = toBytes(target.words === undefined ? "" : rng.pick(target.words))
      return replace(bytes, at, rng.chance(0.5) ? word.length : 0, word)
    }
    default:
      return replace(bytes, at, 1, Uint8Array.of((bytes[at] ?? 0) + rng.between(-4, 4)))
  }
}

const replace = (bytes: Uint8Array, at: number, length: number, by: Uint8Array): Uint8Array => {
  const whole = new Uint8Array(at + by.length + Math.max(0, bytes.length - at - length))
  whole.set(bytes.subarray(0, at))
  whole.set(by, at)
  whole.set(bytes.subarray(at + length), at + by.length)
  return whole
}

/** A number at which something often ends, in 1, 2, 4 or 8 bytes; also as a `varint`, whose first two bits say so. */
const border = (rng: Rng): Uint8Array => {
  const size = rng.pick([1, 2, 4, 8])
  const bits = 8 * size - rng.pick([0, 1, 2, 11])
  const value = (1n << BigInt(Math.max(0, rng.chance(0.5) ? bits : rng.below(8 * size)))) + BigInt(rng.between(-1, 1))
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigUint64(0, value < 0n ? 0n : value)
  const number = bytes.slice(8 - size)
  if (rng.chance(0.5)) number[0]! |= rng.below(4) << 6
  return number
}

/** One line, if it is JSON, with one of its values changed or taken from the other input. */
const mutateLine = (rng: Rng, bytes: Uint8Array, other: Uint8Array): Uint8Array | undefined => {
  const lines = Buffer.from(bytes).toString().split("\n")
  const at = rng.below(lines.length)
  const value = parse(lines[at]!)
  if (typeof value !== "object" || value === null) return undefined
  const places = placesIn({ "": value })
  const { holder, key } = rng.pick(places)
  const donors = placesIn({ "": parse(rng.pick(Buffer.from(other).toString().split("\n"))) })
  const donor = rng.pick(donors)
  switch (rng.below(5)) {
    case 0:
      if (Array.isArray(holder)) holder.splice(Number(key), 1)
      else delete holder[key]
      break
    case 1:
      holder[key] = structuredClone(donor.holder[donor.key])
      break
    case 2:
      if (Array.isArray(holder)) holder.splice(Number(key), 0, structuredClone(holder[key]))
      else holder[donor.key] = structuredClone(donor.holder[donor.key])
      break
    default:
      holder[key] = odd(rng, holder[key])
  }
  lines[at] = JSON.stringify(value)
  return toBytes(lines.join("\n"))
}

type Holder = Record<string, unknown> | Array<unknown>
interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

/** Every place in the value at which another one could stand. */
const placesIn = (holder: Holder): ReadonlyArray<Place> =>
  Object.entries(holder).flatMap(([key, value]) => [
    { holder: holder as Record<string, unknown>, key },
    ...(typeof value === "object" && value !== null ? placesIn(value as Holder) : [])
  ])

const odd = (rng: Rng, value: unknown): unknown => {
  if (typeof value === "string" && rng.chance(0.5))
    return rng.pick([value.repeat(rng.pick([2, 16, 200])), value.slice(1), value + rng.pick(CHARACTERS), [value]])
  if (typeof value === "number" && rng.chance(0.5)) return rng.pick([value + 1, -value, value * 1e6, value + 0.5])
  return rng.pick([null, true, "", 0, -1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 1e308, 0.1, [], {}, [[]], "x".repeat(600)])
}

/** Of each kind that a text can go wrong with: marks, joiners, halves of pairs, wide and growing ones, controls. */
const CHARACTERS = ["\u0301", "\u200d", "\ud83d", "漢", "\ufdfa", "\u202e", "\u001b[2J", "\u0000", "İ", "ﬃ", "👩‍👩‍👧"]

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

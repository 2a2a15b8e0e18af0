/**
 * A stream of random numbers that is a function of its seed (sfc32 by Chris Doty-Humphrey, seeded through the murmur3
 * finaliser). Good enough to explore schedules, no secret to anyone.
 *
 * @since 0.1.0
 */
export class Rng {
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(readonly seed: number) {
    this.#a = mix(seed + 0x9e3779b9)
    this.#b = mix(seed + 0x3c6ef372)
    this.#c = mix(seed + 0xdaa66d2b)
    // Neighbouring seeds start alike; after twelve steps (the author's figure) nothing of that is left.
    for (let i = 0; i < 12; i++) this.u32()
  }

  /** An integer below 2^32. */
  u32(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + sum) | 0
    return sum >>> 0
  }

  /** At least 0, below 1, with 53 random bits as `Math.random` has. */
  unit(): number {
    return (this.u32() * 2_097_152 + (this.u32() >>> 11)) / 9_007_199_254_740_992
  }

  /** An integer at least 0 and below `bound`. */
  below(bound: number): number {
    return Math.floor((this.u32() / 4_294_967_296) * bound)
  }

  /** An integer from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1)
  }

  chance(probability: number): boolean {
    return this.u32() < probability * 4_294_967_296
  }

  pick<A>(choices: ReadonlyArray<A>): A {
    return choices[this.below(choices.length)]!
  }

  fill(bytes: Uint8Array): Uint8Array {
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.u32() & 255
    return bytes
  }

  /**
   * Another stream that depends on this one's seed and on `label` alone: however much is drawn from one, the other
   * stays as it is. This is what lets a host, a draw or a fault be removed without moving all the others.
   */
  fork(label: string): Rng {
    return new Rng(hash(label, mix(this.seed ^ 0x5bd1e995)))
  }
}

/** Spreads the bits of a 32-bit integer (the finaliser of MurmurHash3). */
export const mix = (value: number): number => {
  let x = value | 0
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b)
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35)
  return (x ^ (x >>> 16)) >>> 0
}

/** A 32-bit hash of a text (FNV-1a, then mixed). */
export const hash = (text: string, basis = 0x811c9dc5): number => {
  let h = basis
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193)
  return mix(h)
}

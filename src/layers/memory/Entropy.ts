import * as Layer from "effect/Layer"
import { Entropy } from "../../services/Entropy.js"

/**
 * **For tests alone**: bytes that follow from `seed`, so that a run can be repeated. Whoever sees a few of them knows
 * all the rest. Two programs of one test need different seeds, or they draw the same keys.
 */
export const layer = (seed: number): Layer.Layer<Entropy> => Layer.sync(Entropy, () => ({ bytes: generator(seed) }))

/** Chris Doty-Humphrey's sfc32 (PractRand): small, fast, a period of at least 2^32. */
const generator = (seed: number): ((length: number) => Uint8Array) => {
  let a = 0
  let b = seed | 0
  let c = Math.floor(seed / 2 ** 32) | 0
  let counter = 1
  const next = (): number => {
    const result = (a + b + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + result) | 0
    return result
  }
  // The author's number of rounds until every bit of the seed has reached every bit of the state.
  for (let round = 0; round < 12; round++) next()
  return (length) => {
    const bytes = new Uint8Array(length)
    for (let at = 0, word = 0; at < length; at++, word >>>= 8) {
      if (at % 4 === 0) word = next()
      bytes[at] = word
    }
    return bytes
  }
}

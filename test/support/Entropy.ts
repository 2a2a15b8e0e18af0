import * as Layer from "effect/Layer"
import { Entropy } from "../../src/services/Entropy.js"
import { Rng } from "../../src/sim/kernel/Rng.js"

/** Bytes that follow from `seed`, so that a test draws the same keys each time it runs. */
export const seeded = (seed: number): Layer.Layer<Entropy> =>
  Layer.sync(Entropy, () => {
    const rng = new Rng(seed)
    return { bytes: (length) => rng.fill(new Uint8Array(length)) }
  })

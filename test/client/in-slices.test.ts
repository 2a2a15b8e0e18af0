import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { inSlices } from "../../src/client/InSlices.js"

it("work in slices lets in what waits for its turn, and waits for no clock", async () => {
  let turns = 0
  let turning = true
  const turn = () => {
    turns++
    if (turning) setImmediate(turn)
  }
  setImmediate(turn)
  function* work() {
    const seen: Array<number> = []
    for (let slice = 0; slice < 500; slice++) {
      seen.push(turns)
      yield
    }
    return seen
  }
  const seen = await Effect.runPromise(inSlices(work()))
  turning = false
  // A turn of the event loop between any two of them, and not the many that pass within a millisecond.
  for (let slice = 1; slice < seen.length; slice++) expect(seen[slice]! - seen[slice - 1]!).toBeGreaterThan(0)
  expect(seen.at(-1)! - seen[0]!).toBeLessThan(3 * seen.length)
})

import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { run } from "parley-chat/sim"
import { describe, expect, it } from "vitest"
import { GUESSED, search } from "../../../scenarios/grid/Guessing.js"
import * as Network from "../../../scenarios/grid/Network.js"
import { maxTime } from "../../../scenarios/product/Seeds.js"
import { some } from "../../support/Effort.js"

const meet = async (index: number, time: number, loss: number, portGuessing?: boolean) => {
  const seed = Network.seedOf(index, time)
  const { exit } = await run({ seed, maxTime, link: Network.link(loss) }, search(GUESSED[index]!, portGuessing))
  if (Exit.isFailure(exit)) throw new Error(`${GUESSED[index]!.name}, seed ${seed}: ${Cause.pretty(exit.cause)}`)
  return { ...exit.value, name: GUESSED[index]!.name, seed }
}

describe("a NAT that hides its ports, and a filter that insists on them", () => {
  it.each([0, 0.05])("are brought together by guesses, with a loss of %d", async (loss) => {
    for (let index = 0; index < GUESSED.length; index++)
      for (let time = 1; time <= some(3, 1); time++) {
        const met = await meet(index, time, loss)
        expect(met).toMatchObject({ directMs: expect.any(Number) })
        // Where ports are counted some sixty are tried, and otherwise 1,024 at most for 256 that are open.
        expect(met.inVain).toBeLessThan(met.name.includes("sequence") ? 250 : 1_500)
      }
  })

  it("stay on the relay, and are sent nothing, where one of them wants no guesses", async () => {
    const met = await meet(0, 1, 0, false)
    expect(met.directMs).toBeUndefined()
    expect(met.inVain).toBeLessThan(200)
  })
})

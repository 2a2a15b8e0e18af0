import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { run } from "parley-chat/sim"
import { describe, expect, it } from "vitest"
import { plants } from "../../../scenarios/product/Plants.js"
import { maxTime } from "../../../scenarios/product/Seeds.js"
import { full } from "../../support/Effort.js"

/** A bug that takes more seeds than this to find would get through. */
const SEEDS = 200

/** Of a quick run: the scenarios are those of the others, and whether they find bugs changes rarely. */
const QUICK = 3

describe("a planted bug is found", () => {
  it.each(full ? plants : plants.slice(0, QUICK))("$bug", async ({ put, scenario }) => {
    const takeOut = put()
    try {
      let found: number | undefined
      for (let seed = 1; seed <= SEEDS && found === undefined; seed++) {
        const order = seed % 2 === 0 ? "fifo" : "random"
        const { exit } = await run({ seed, order, maxTime }, Effect.gen(scenario))
        if (Exit.isFailure(exit)) found = seed
      }
      expect(found).toBeDefined()
    } finally {
      takeOut()
    }
  })
})

import * as Cause from "effect/Cause"
import * as Exit from "effect/Exit"
import { run } from "parley-chat/sim"
import { describe, expect, it } from "vitest"
import { meet } from "../../../scenarios/grid/Meeting.js"
import * as Network from "../../../scenarios/grid/Network.js"
import { KINDS, NEIGHBOURS, PAIRS } from "../../../scenarios/grid/Places.js"
import { maxTime } from "../../../scenarios/product/Seeds.js"
import { full } from "../../support/Effort.js"

/**
 * Every pair once on a perfect network and once on a bad one, or a quick look at one in six; `npm run grid` does it
 * with many seeds.
 */
describe("the way that a conversation takes", () => {
  it("is known by theory for every pair of twelve kinds, and for neighbours", () => {
    expect([KINDS.length, PAIRS.length]).toEqual([12, 78])
    const routes = [...PAIRS, ...NEIGHBOURS].map(({ theory }) => theory)
    expect(["direct", "lan", "relay"].map((way) => routes.filter((each) => each === way).length)).toEqual([43, 5, 37])
  })

  it.each([
    // Under an odd seed alice asks, and bob under an even one.
    [0, 1],
    [0.05, 2]
  ])("is that of theory, with a loss of %d (%d)", async (loss, time) => {
    const wrong: Array<string> = []
    for (const [index, arrangement] of [...PAIRS, ...NEIGHBOURS].entries()) {
      if (!full && index % 6 !== time) continue
      const seed = Network.seedOf(index, time)
      const { exit } = await run({ seed, maxTime, link: Network.link(loss) }, meet(arrangement))
      const what = Exit.isFailure(exit) ? Cause.pretty(exit.cause) : exit.value.ways.join(" and ")
      if (what !== `${arrangement.theory} and ${arrangement.theory}`)
        wrong.push(`${arrangement.name} (seed ${seed}): ${what}`)
    }
    expect(wrong).toEqual([])
  })
})

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import { run } from "parley-chat/sim"
import { describe, expect, it } from "vitest"
import * as Network from "../../../scenarios/grid/Network.js"
import { type Arrangement, between, kindOf, NEIGHBOURS } from "../../../scenarios/grid/Places.js"
import * as Talk from "../../../scenarios/grid/Talk.js"
import { maxTime } from "../../../scenarios/product/Seeds.js"
import { full } from "../../support/Effort.js"

const pair = (a: string, b: string): Arrangement => between(kindOf(a), kindOf(b))
const neighbours = (name: string): Arrangement => NEIGHBOURS.find((each) => each.name === name)!

/** What alice and bob are told `AFTER` ms after their conversation began: what theory says, and why not directly. */
const ROWS: ReadonlyArray<readonly [Arrangement, string, string, string]> = [
  [pair("port-restricted", "UDP blocked"), "relay", "The network of bob lets no UDP", "Your network lets no UDP"],
  [pair("UDP blocked", "UDP blocked"), "relay", "Your network lets no UDP", "Your network lets no UDP"],
  [pair("open", "IPv6 alone, behind a firewall"), "relay", "bob has IPv6 alone", "You have IPv6 alone"],
  [pair("symmetric, random ports", "symmetric, random ports"), "relay", "both show a new port", "both show a new port"],
  [pair("port-restricted", "symmetric, random ports"), "either", "The router of bob", "Your router shows a new port"],
  [neighbours("same provider, without hairpin"), "relay", "at the same address", "at the same address"],
  [pair("port-restricted", "port-restricted"), "direct", "answered", "answered"],
  [
    pair("symmetric, and IPv6 behind a firewall", "symmetric, and IPv6 behind a firewall"),
    "direct",
    "answered",
    "answered"
  ],
  [pair("symmetric, and IPv6 behind a firewall", "IPv6 alone, behind a firewall"), "direct", "answered", "answered"]
]

describe("why", () => {
  it.each(ROWS.filter((_, index) => full || index % 3 === 0).map((row) => [row[0].name, row] as const))(
    "tells both sides the truth: %s",
    async (_, [where, expected, alice, bob]) => {
      const scenario = Effect.gen(function* () {
        const talk = yield* Talk.begin(where, Talk.WITHOUT_GUESSES)
        yield* talk.chat(500, AFTER)
        return yield* Effect.all([
          talk.alice.call((client) => client.why("bob")),
          talk.bob.call((client) => client.why("alice"))
        ])
      })
      const { exit } = await run({ seed: 1, maxTime, link: Network.link(0) }, scenario)
      if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
      const said = exit.value.map((answer) => {
        const { expected: theory, lines } = Either.getOrThrow(answer!)
        return { expected: theory, line: lines[1] }
      })
      expect(said).toEqual([
        { expected, line: expect.stringContaining(alice) },
        { expected, line: expect.stringContaining(bob) }
      ])
    }
  )
})

/** Virtual ms: three requests for our own address, and a series of probes. */
const AFTER = 8_000

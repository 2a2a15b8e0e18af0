import { afterAll, beforeAll, describe, it } from "vitest"
import { available, Lab } from "./Lab.js"
import { Table } from "./Table.js"
import { converse, hears, type Kind, type Person, say, settles, shows } from "./Talk.js"

const TOPOLOGY = `
option seed=4
host ann nat=symmetric
host bob
host carl nat=port-restricted delay=25 loss=5
host dora delay=25 loss=5
nat home type=port-restricted
nat cafe type=symmetric lan=192.168.77.0/24
host eve behind=home
host fred
host gina nat=port-restricted
host hugo
`

/** Each conversation suffers something between its first words and the rest. */
const SCENARIOS: ReadonlyArray<{
  readonly what: string
  readonly who: readonly [string, string]
  readonly begin?: (lab: Lab) => Promise<void>
  /** After both sides have spoken into it. */
  readonly end?: (lab: Lab) => Promise<void>
  readonly after: Kind
}> = [
  { what: "5 % loss and 25 ms each way", who: ["carl", "dora"], after: "direct" },
  { what: "a NAT that forgets everything", who: ["ann", "bob"], begin: (lab) => lab.reboot("ann-gw"), after: "direct" },
  { what: "a move to another network", who: ["eve", "fred"], begin: (lab) => lab.move("eve", "cafe"), after: "direct" },
  {
    what: "an unplugged router",
    who: ["gina", "hugo"],
    begin: (lab) => lab.cut("gina-gw"),
    end: async (lab) => {
      await new Promise((resolve) => setTimeout(resolve, OUTAGE))
      await lab.heal("gina-gw")
    },
    after: "direct"
  }
]

/** Milliseconds: long enough for probe timeouts to double, short of the 15 s after which a peer is gone. */
const OUTAGE = 5_000

/** Messages each way after the trouble: several packets and acknowledgements, so that loss has something to lose. */
const MANY = 40

/** Texts of which none is like another, so that one lost or shown twice is seen. */
const texts = (who: string): ReadonlyArray<string> => Array.from({ length: MANY }, (_, at) => `${who} ${at}`)

// Everywhere: a file without a test is an error, and not all machines have laboratories.
it("says different things each time", ({ expect }) => expect(new Set(texts("ann")).size).toBe(MANY))

if (available)
  describe("conversations in trouble on real NATs", () => {
    let lab: Lab
    const people = new Map<string, Person>()
    const table = new Table("Trouble on real NATs: how long until the next message was shown", [
      "trouble",
      "there",
      "back",
      "path after it"
    ])

    beforeAll(async () => {
      lab = await Lab.start(TOPOLOGY)
      for (const person of await lab.people(SCENARIOS.flatMap(({ who }) => who))) people.set(person.nick, person)
    })

    afterAll(async () => {
      await lab.close()
      table.print()
    })

    it.concurrent.for(SCENARIOS)("survive $what", async ({ after, begin, end, what, who }, { expect }) => {
      const [a, b] = [people.get(who[0])!, people.get(who[1])!]
      await converse(a, b, "direct")
      await begin?.(lab)
      const begun = performance.now()
      const delay = () => performance.now() - begun
      say(a, b, ...texts(a.nick))
      say(b, a, ...texts(b.nick))
      await end?.(lab)
      const fromA = ["hello", "are you there?", ...texts(a.nick)]
      const fromB = ["yes", "here I am", ...texts(b.nick)]
      const [there, back] = await Promise.all([
        shows(b, a, fromA.slice(0, 3)).then(delay),
        shows(a, b, fromB.slice(0, 3)).then(delay),
        hears(b, a, fromA),
        hears(a, b, fromB)
      ])
      await Promise.all([settles(a, b, after), settles(b, a, after)])
      table.add(what, there, back, after)
      // Both sides may make new keys at once, on several channels: it stays one connection.
      const gone = [a, b].flatMap(({ program }) => program.events().filter(({ event }) => event === "disconnected"))
      expect(gone).toEqual([])
    })
  })

import { afterAll, beforeAll, describe, it } from "vitest"
import { available, Lab } from "./Lab.js"
import { Table } from "./Table.js"
import { converse, hears, type Person, say, settles } from "./Talk.js"

/** Two whose NATs give each destination another port, and people behind filters that insist on ports. */
const TOPOLOGY = `
host phone nat=symmetric delay=12
host home nat=port-restricted delay=12
host office nat=symmetric delay=12
host flat nat=port-restricted delay=12
host tent nat=symmetric delay=12
host firm fw=stateful delay=12
`

const COUNTS = "snat ip to $OWN : numgen inc mod 20000 offset 41000"
const PAIRS = [
  { who: ["phone", "home"], ports: "drawn from a block", at: "masquerade to :40000-43999 random,fully-random" },
  { who: ["office", "flat"], ports: "counted", at: COUNTS },
  { who: ["tent", "firm"], ports: "counted, and a firewall without a NAT", at: COUNTS }
] as const

/** Makes a NAT do so: natlab's draw from all ports, of which guesses miss the right one in 2 of 100 searches. */
const remake = (rule: string) => `
nft flush chain ip nat post
OWN=$(ip -4 -o addr show dev wan0 | sed 's/.*inet \\([0-9.]*\\).*/\\1/')
nft add rule ip nat post oifname wan0 meta l4proto udp ${rule}
nft add rule ip nat post oifname wan0 masquerade
`

// Everywhere: a file without a test is an error, and not all machines have laboratories.
it("is about NATs of both kinds", ({ expect }) => expect(new Set(PAIRS.map(({ ports }) => ports)).size).toBe(3))

if (available)
  describe("real NATs that hide their ports", () => {
    let lab: Lab
    const people = new Map<string, Person>()
    const table = new Table("Guesses at the ports of real NATs: how long until both were on a direct path", [
      "ports",
      "direct"
    ])

    beforeAll(async () => {
      lab = await Lab.start(TOPOLOGY)
      for (const { at, who } of PAIRS) await lab.at(`${who[0]}-gw`, "sh", "-ec", remake(at))
      for (const person of await lab.people(PAIRS.flatMap(({ who }) => who))) people.set(person.nick, person)
    })

    afterAll(async () => {
      await lab.close()
      table.print()
    })

    it.each(PAIRS)("are found by guesses while the conversation goes on: $ports", async ({ ports, who }) => {
      const [a, b] = [people.get(who[0])!, people.get(who[1])!]
      const begun = performance.now()
      await converse(a, b, "relay")
      await Promise.all([settles(a, b, "direct"), settles(b, a, "direct")])
      table.add(ports, performance.now() - begun)
      say(a, b, "near")
      say(b, a, "nearer")
      await hears(b, a, ["hello", "are you there?", "near"])
      await hears(a, b, ["yes", "here I am", "nearer"])
    })
  })

import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { exactly } from "../../src/core/nat/Behaviour.js"
import * as Expectation from "../../src/core/nat/Expectation.js"
import type { FamilyKind } from "../../src/core/nat/Networks.js"
import { available, Lab } from "./Lab.js"
import { Table } from "./Table.js"
import { converse, explains, type Kind, type Person, settles } from "./Talk.js"

const EI = exactly("endpoint-independent")
const AD = exactly("address-dependent")
const APD = exactly("address-and-port-dependent")

const open = { udp: true, mapping: EI, filtering: EI }
const addressRestricted = { udp: true, mapping: EI, filtering: AD }
const portRestricted = { udp: true, mapping: EI, filtering: APD }
const symmetric = { udp: true, mapping: APD, filtering: APD }

interface Home {
  readonly is: Expectation.Reachability
  /** What `/why` calls its network. */
  readonly word: FamilyKind
  /** The local network of those that share one. */
  readonly lan?: string
}

/** Each home has one client. */
const HOMES: Readonly<Record<string, Home>> = {
  open: { is: open, word: "none" },
  firewall: { is: portRestricted, word: "none" },
  cone: { is: open, word: "easy" },
  address: { is: addressRestricted, word: "easy" },
  port: { is: portRestricted, word: "easy" },
  shifted: { is: portRestricted, word: "easy" },
  symmetric: { is: symmetric, word: "hard" },
  symmetric2: { is: symmetric, word: "hard" },
  double: { is: portRestricted, word: "easy" },
  blocked: { is: { udp: false, mapping: APD, filtering: APD }, word: "blocked" },
  plain1: { is: symmetric, word: "hard", lan: "plain" },
  plain2: { is: symmetric, word: "hard", lan: "plain" },
  turn1: { is: portRestricted, word: "easy", lan: "turn" },
  turn2: { is: portRestricted, word: "easy", lan: "turn" }
}

/** 12 ms from each uplink to the internet: 24 ms to the server and back, 48 ms to another home. */
const TOPOLOGY = `
host open delay=12
host firewall fw=stateful delay=12
host cone nat=full-cone delay=12
host address nat=addr-restricted delay=12
host port nat=port-restricted delay=12
host shifted nat=port-restricted ports=shift delay=12
host symmetric nat=symmetric delay=12
host symmetric2 nat=symmetric delay=12
nat isp type=port-restricted cgn=1 ports=shift delay=12
nat box type=port-restricted behind=isp
host double behind=box
host blocked nat=udp-blocked delay=12
nat plain type=symmetric delay=12
host plain1 behind=plain
host plain2 behind=plain
nat turn type=port-restricted hairpin=1 delay=12
host turn1 behind=turn
host turn2 behind=turn
`

/** Who talks to whom, in which of three ways by theory. */
const PAIRS: ReadonlyArray<readonly [string, string, Kind]> = [
  ["open", "port", "direct"],
  ["open", "symmetric", "direct"],
  ["open", "double", "direct"],
  ["firewall", "shifted", "direct"],
  ["firewall", "symmetric", "relay"],
  ["cone", "symmetric", "direct"],
  ["cone", "plain1", "direct"],
  ["address", "symmetric2", "direct"],
  ["address", "port", "direct"],
  ["port", "shifted", "direct"],
  ["port", "symmetric", "relay"],
  ["symmetric", "symmetric2", "relay"],
  ["double", "port", "direct"],
  ["double", "turn1", "direct"],
  ["double", "symmetric2", "relay"],
  ["blocked", "open", "relay"],
  ["blocked", "turn2", "relay"],
  ["plain1", "plain2", "lan"],
  ["turn1", "turn2", "lan"]
]

/** Milliseconds after which nobody tries a candidate for the first time any more: the last probe leaves at 6 s. */
const SETTLED = 8_000

/** What `/why` has to say of a way that is no relay, and of two networks that need one. */
const reason = (own: FamilyKind, peer: FamilyKind, kind: Kind): string => {
  if (kind !== "relay") return "is reached directly"
  if (own === "blocked" || peer === "blocked") return "lets no UDP through"
  return own === "hard" && peer === "hard" ? "both show a new port" : "shows a new port to everybody"
}

it("expects of each pair what theory does", () => {
  for (const [a, b, kind] of PAIRS) {
    const [left, right] = [HOMES[a]!, HOMES[b]!]
    const shared = left.lan !== undefined && left.lan === right.lan
    expect([a, b, shared ? "lan" : Expectation.expect(left.is, right.is)]).toEqual([a, b, kind])
  }
})

if (available)
  describe("pairs of homes behind real NATs", () => {
    let lab: Lab
    const people = new Map<string, Person>()
    const table = new Table(
      "Real NATs, 48 ms there and back: from the query to the first message shown, and to the path",
      ["pair", "path", "first message", "path up"]
    )

    beforeAll(async () => {
      lab = await Lab.start(TOPOLOGY)
      // What guesses at ports do beyond theory is in `guessing.test.ts`.
      const options = ["--port-guessing", "off"]
      for (const person of await lab.people(Object.keys(HOMES), options)) people.set(person.nick, person)
    })

    afterAll(async () => {
      await lab.close()
      table.print()
    })

    it.concurrent.for(PAIRS)("%s and %s: %s", async ([left, right, kind]) => {
      const [a, b] = [people.get(left)!, people.get(right)!]
      const { first, path } = await converse(a, b, kind)
      table.add(`${left} – ${right}`, kind, first, path)
      if (kind === "relay") await new Promise((resolve) => setTimeout(resolve, SETTLED))
      // Again: a packet under way on another path moves its receiver there until the better one answers (3.4-6).
      await Promise.all([settles(a, b, kind), settles(b, a, kind)])
      const [own, peer] = [HOMES[left]!.word, HOMES[right]!.word]
      await Promise.all([
        explains(a, b, { own, peer, says: reason(own, peer, kind) }),
        explains(b, a, { own: peer, peer: own, says: reason(peer, own, kind) })
      ])
    })
  })

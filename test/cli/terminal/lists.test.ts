import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { KnownNicks } from "../../../src/cli/terminal/KnownNicks.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as PeerList from "../../../src/cli/terminal/PeerList.js"
import { wrap } from "../../../src/cli/terminal/Wrap.js"
import { UNITS } from "../../../src/core/support/Slices.js"
import type { TerminalSize } from "../../../src/services/Terminal.js"
import { some } from "../../support/Effort.js"
import { mostAtOnce, whole } from "../../support/slices.js"

const palette = Palette.make(false)
const KEY = "11111 22222 33333 44444 55555 66666"
const person = (nick: string) => ({ nick, address: "192.0.2.1:1", fingerprint: KEY })
const page = (nicks: ReadonlyArray<string>, argument: string, screen?: TerminalSize) =>
  whole(PeerList.peers(nicks.map(person), PeerList.parse(argument)!, { me: "alice", palette, screen }))
const nicksIn = (lines: ReadonlyArray<string>) =>
  lines.flatMap((line) =>
    line.endsWith("192.0.2.1:1") || line.includes("192.0.2.1:1  ") ? [line.trim().split(/\s+/)[0]] : []
  )

describe("the list of people", () => {
  it("is in the order of the alphabet, and counted", () => {
    const lines = page(["zoë", "bob10", "Élise", "bob9", "alice", "eva"], "")
    expect(nicksIn(lines)).toEqual(["alice", "bob9", "bob10", "Élise", "eva", "zoë"])
    expect(lines.at(-1)).toBe("  6 people")
    expect(page(["bob"], "").at(-1)).toBe("  1 person")
  })

  it("has those with a word in their names, with accents or without", () => {
    expect(nicksIn(page(["bob", "Bobby", "carol"], "BOB"))).toEqual(["bob", "Bobby"])
    expect(nicksIn(page(["bob", "Élise"], "elise"))).toEqual(["Élise"])
    expect(nicksIn(page(["bob", "elise"], "ÉL"))).toEqual(["elise"])
  })

  it("says that nobody is called so, and not that nobody is there", () => {
    expect(page(["bob", "carol"], "x")).toEqual(["of 2 people nobody has that in their nickname"])
    expect(page([], "")).toEqual(["nobody is there"])
  })

  it("shows each person on exactly one page, whole on a screen of any size, and says how to see the next", () => {
    const nick = fc.oneof(fc.stringMatching(/^[a-z]{1,8}$/), fc.stringMatching(/^[a-z]{24,32}$/))
    const width = fc.constantFrom(40, 80, 200)
    fc.assert(
      fc.property(
        fc.uniqueArray(nick, { minLength: 1 }),
        fc.integer({ min: 12, max: 60 }),
        width,
        (all, rows, columns) => {
          const screen = { columns, rows }
          const pages = Number(/page 1 of (\d+)/.exec(page(all, "", screen).join(" "))?.[1] ?? "1")
          const seen = Array.from({ length: pages }, (_, at) => {
            const lines = page(all, String(at + 1), screen)
            expect(lines.reduce((sum, line) => sum + wrap(line, columns).length, 0)).toBeLessThanOrEqual(rows - 2)
            for (const line of lines) if (line.includes(KEY)) expect(wrap(line, columns)).toHaveLength(1)
            return nicksIn(lines)
          }).flat()
          expect([...seen].sort()).toEqual([...all].sort())
        }
      ),
      { numRuns: some(200) }
    )
    const many = Array.from({ length: 30 }, (_, at) => `bob${at}`)
    const screen = { columns: 80, rows: 14 }
    expect(page(many, "", screen).at(-1)).toBe(
      "  30 people, page 1 of 3; /list 2 shows more, /list WORD finds somebody"
    )
    expect(page(many, "bob", screen).at(-1)).toBe("  30 people, page 1 of 3; /list bob 2 shows more")
    expect(page(many, "9", screen).at(-1)).toBe("  30 people, page 3 of 3")
  })

  it("of ten thousand is worked through in slices, and has the page that is shown laid out alone", () => {
    const all = Array.from({ length: 10_000 }, (_, at) => person(`bob${(at * 7_919) % 10_000}`))
    const drawn = new Set<string>()
    const looking = {
      me: "alice",
      palette: {
        ...palette,
        nick: (nick: string) => {
          drawn.add(nick)
          return nick
        }
      },
      screen: { columns: 80, rows: 24 }
    }
    const work = (watched: typeof all) => PeerList.peers(watched, PeerList.parse("bob 3")!, looking)
    expect(mostAtOnce(all, "nick", work)).toBeLessThanOrEqual(UNITS + 1)
    expect(drawn.size).toBe(20)
  })

  it("gives a long nickname, and a long address, a row more and takes nobody else's columns", () => {
    const all = [
      person("bob"),
      person("a-nickname-of-so-many-letters"),
      { ...person("eve"), address: "[2001:db8:1234:5678:9abc:def0:1234:5678]:40000" }
    ]
    expect(PeerList.table(all, { me: "alice", palette, screen: { columns: 80, rows: 24 } })).toEqual([
      [`  bob  192.0.2.1:1  ${KEY}`],
      [`  a-nickname-of-so-many-letters  192.0.2.1:1`, `    ${KEY}`],
      [`  eve  [2001:db8:1234:5678:9abc:def0:1234:5678]:40000`, `    ${KEY}`]
    ])
  })
})

describe("nicknames for completion", () => {
  it("come in the order in which we last talked, and then in that of the alphabet", () => {
    const known = new KnownNicks()
    for (const nick of ["bea", "Bob", "bill", "ben"]) known.add(nick)
    known.spoke("bill")
    known.spoke("Bob")
    known.add("bea")
    expect(known.complete("B")).toEqual(["Bob", "bill", "bea", "ben"])
  })
})

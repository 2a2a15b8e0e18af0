import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { KnownNicks } from "../../../src/cli/terminal/KnownNicks.js"
import * as Palette from "../../../src/cli/terminal/Palette.js"
import * as PeerList from "../../../src/cli/terminal/PeerList.js"

const palette = Palette.make(false)
const person = (nick: string) => ({ nick, address: "192.0.2.1:1", fingerprint: "1" })
const page = (nicks: ReadonlyArray<string>, argument: string, rows = 10) =>
  PeerList.peers(nicks.map(person), PeerList.parse(argument)!, rows, { me: "alice", palette })
const nicksIn = (lines: ReadonlyArray<string>) => lines.slice(0, -1).map((line) => line.trim().split(/\s+/)[0])

describe("the list of people", () => {
  it("is in the order of the alphabet, and counted", () => {
    const lines = page(["zoë", "bob10", "Élise", "bob9", "alice", "eva"], "")
    expect(nicksIn(lines)).toEqual(["alice", "bob9", "bob10", "Élise", "eva", "zoë"])
    expect(lines.at(-1)).toBe("  6 people")
    expect(page(["bob"], "").at(-1)).toBe("  1 person")
  })

  it("has those with a word in their names", () => {
    expect(nicksIn(page(["bob", "Bobby", "carol"], "BOB"))).toEqual(["bob", "Bobby"])
    expect(page(["bob"], "x")).toEqual(["nobody is there"])
  })

  it("shows each person on exactly one page, and says how to see the next", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.stringMatching(/^[a-z]{1,8}$/), { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        (all, rows) => {
          const pages = Math.ceil(all.length / rows)
          const seen = Array.from({ length: pages }, (_, at) => nicksIn(page(all, String(at + 1), rows))).flat()
          expect([...seen].sort()).toEqual([...all].sort())
        }
      )
    )
    const many = Array.from({ length: 30 }, (_, at) => `bob${at}`)
    expect(page(many, "bob").at(-1)).toBe("  30 people, page 1 of 3; /list bob 2 shows more, /list WORD those with it")
    expect(page(many, "9").at(-1)).toBe("  30 people, page 3 of 3")
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

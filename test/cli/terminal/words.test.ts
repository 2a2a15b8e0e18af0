import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parse } from "../../../src/cli/terminal/Words.js"

describe("Words", () => {
  it("takes the three words in any case, with and without a slash", () => {
    for (const line of ["list", "LIST", "/List", " list".trim()]) expect(parse(line)).toEqual({ _tag: "List" })
    for (const line of ["exit", "Exit", "/EXIT", "exit "]) expect(parse(line)).toEqual({ _tag: "Exit" })
    for (const line of ["query bob", "QUERY bob", "/Query  bob "])
      expect(parse(line)).toEqual({ _tag: "Query", nick: "bob" })
  })

  it("takes sentences that begin like a word for text", () => {
    for (const line of ["list of things", "exit strategy", "query bob about it", "hello"])
      expect(parse(line)).toEqual({ _tag: "Say", text: line })
  })

  it("lets any text be said", () => {
    expect(parse(" exit")).toEqual({ _tag: "Say", text: "exit" })
    expect(parse("//list")).toEqual({ _tag: "Say", text: "/list" })
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text.trim() !== "")
        expect(parse(` ${text}`)).toEqual({ _tag: "Say", text })
      })
    )
  })

  it("reads the commands", () => {
    expect(parse("/msg bob  hi  there")).toEqual({ _tag: "Message", to: "bob", text: "hi  there" })
    expect(parse("/trust bob")).toEqual({ _tag: "Trust", nick: "bob" })
    expect(parse("/nick al")).toEqual({ _tag: "Nick", nick: "al" })
    expect(parse("/why bob")).toEqual({ _tag: "Why", nick: "bob" })
    expect(parse("/why")).toEqual({ _tag: "Why", nick: undefined })
    expect(parse("/path bob Relay-Only")).toEqual({ _tag: "Path", nick: "bob", policy: "relay-only" })
    for (const line of ["/path", "/path bob", "/path bob fast", "/path bob relay-only please"])
      expect(parse(line)).toMatchObject({ _tag: "Wrong" })
    const history = (nick?: string, count?: number) => ({ _tag: "History", nick, count })
    expect(parse("/history")).toEqual(history())
    expect(parse("/history bob")).toEqual(history("bob"))
    expect(parse("/history 50")).toEqual(history(undefined, 50))
    expect(parse("/HISTORY bob 50")).toEqual(history("bob", 50))
    expect(parse("/history 50 20")).toEqual(history("50", 20))
    for (const line of ["/history bob 0", "/history bob -1", "/history bob x", "/history bob 1 2", "/search "])
      expect(parse(line)).toMatchObject({ _tag: "Wrong" })
    expect(parse("/history Clear")).toEqual({ _tag: "Forget", nick: undefined, everybody: false })
    expect(parse("/history clear bob")).toEqual({ _tag: "Forget", nick: "bob", everybody: false })
    expect(parse("/history clear ALL")).toEqual({ _tag: "Forget", nick: undefined, everybody: true })
    expect(parse("/search  the old  mill ")).toEqual({ _tag: "Search", words: "the old  mill" })
    expect(parse("/leave")).toEqual({ _tag: "Leave" })
    expect(parse("/help")).toEqual({ _tag: "Help" })
    expect(parse("   ")).toEqual({ _tag: "Nothing" })
  })

  it("says what to type instead", () => {
    expect(parse("query")).toEqual({ _tag: "Wrong", usage: "query NICK" })
    expect(parse("/msg bob")).toEqual({ _tag: "Wrong", usage: "/msg NICK TEXT" })
    expect(parse("/dance")).toEqual({ _tag: "Wrong", usage: "/help" })
  })
})

import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parse } from "../../../src/cli/terminal/CommandLine.js"

const command = (name: string, argument: unknown = null) => expect.objectContaining({ _tag: "Command", name, argument })

describe("the command line of the terminal client", () => {
  it("takes the three words in any case, with and without a slash", () => {
    for (const line of ["list", "LIST", "/List", " list".trim()])
      expect(parse(line)).toEqual(command("list", { word: "", page: 1 }))
    for (const line of ["exit", "Exit", "/EXIT", "exit "]) expect(parse(line)).toEqual(command("exit"))
    for (const line of ["query bob", "QUERY bob", "/Query  bob "]) expect(parse(line)).toEqual(command("query", "bob"))
  })

  it("takes sentences that begin like a word for text", () => {
    for (const line of ["list of things", "exit strategy", "query bob about it", "hello", "quit", "msg bob hi", "help"])
      expect(parse(line)).toEqual({ _tag: "Text", text: line, literal: false })
  })

  it("lets any text be said", () => {
    expect(parse(" exit")).toEqual({ _tag: "Text", text: "exit", literal: true })
    expect(parse("//list")).toEqual({ _tag: "Text", text: "/list", literal: true })
    fc.assert(
      fc.property(fc.string(), (text) => {
        fc.pre(text.trim() !== "")
        expect(parse(` ${text}`)).toEqual({ _tag: "Text", text, literal: true })
      })
    )
  })

  it("reads the commands", () => {
    expect(parse("/msg bob  hi  there")).toEqual(command("msg", { to: "bob", text: "hi  there" }))
    expect(parse("/trust bob 07774 2")).toEqual(command("trust", { nick: "bob", digits: "07774 2" }))
    expect(parse("/trust bob")).toEqual({ _tag: "Wrong", usage: expect.stringContaining("/trust NICK DIGITS") })
    expect(parse("/key")).toEqual(command("key", { nick: undefined }))
    expect(parse("/verify")).toEqual(command("verify", {}))
    expect(parse("/verify bob")).toEqual(command("verify", { nick: "bob" }))
    expect(parse("/verify bob YES")).toEqual(command("verify", { nick: "bob", digits: "YES" }))
    expect(parse("/verify bob 07774 12345")).toEqual(command("verify", { nick: "bob", digits: "07774 12345" }))
    expect(parse("/verify bob no")).toMatchObject({ _tag: "Wrong" })
    expect(parse("/block bob")).toEqual(command("block", "bob"))
    expect(parse(`/block ${"12345 ".repeat(6)}`)).toEqual(command("block", "12345 12345 12345 12345 12345 12345"))
    expect(parse("/block bob carol")).toMatchObject({ _tag: "Wrong" })
    expect(parse("/list b")).toEqual(command("list", { word: "b", page: 1 }))
    expect(parse("/list 2")).toEqual(command("list", { word: "", page: 2 }))
    expect(parse("/list b 3")).toEqual(command("list", { word: "b", page: 3 }))
    for (const line of ["/list a b", "/list a 0", "/list a 1 2"]) expect(parse(line)).toMatchObject({ _tag: "Wrong" })
    expect(parse("/show ALL")).toEqual(command("show", { name: "show", value: "all" }))
    expect(parse("/show none")).toEqual({ _tag: "Wrong", usage: "/show all|focus" })
    expect(parse("/nick al")).toEqual(command("nick", "al"))
    expect(parse("/why bob")).toEqual(command("why", { nick: "bob" }))
    expect(parse("/why")).toEqual(command("why", { nick: undefined }))
    expect(parse("/path bob Relay-Only")).toEqual(command("path", { nick: "bob", policy: "relay-only" }))
    for (const line of ["/path", "/path bob", "/path bob fast", "/path bob relay-only please"])
      expect(parse(line)).toMatchObject({ _tag: "Wrong" })
    const history = (nick?: string, count?: number) => command("history", { nick, count })
    expect(parse("/history")).toEqual(history())
    expect(parse("/history bob")).toEqual(history("bob"))
    expect(parse("/history 50")).toEqual(history(undefined, 50))
    expect(parse("/HISTORY bob 50")).toEqual(history("bob", 50))
    expect(parse("/history 50 20")).toEqual(history("50", 20))
    for (const line of ["/history bob 0", "/history bob -1", "/history bob x", "/history bob 1 2", "/search "])
      expect(parse(line)).toMatchObject({ _tag: "Wrong" })
    expect(parse("/history Clear")).toEqual(command("history", { nick: undefined, everybody: false }))
    expect(parse("/history clear bob")).toEqual(command("history", { nick: "bob", everybody: false }))
    expect(parse("/history clear ALL")).toEqual(command("history", { nick: undefined, everybody: true }))
    expect(parse("/search  the old  mill ")).toEqual(command("search", "the old  mill"))
    expect(parse("/accept")).toEqual(command("accept", { number: undefined }))
    expect(parse("/cancel 12")).toEqual(command("cancel", { number: 12 }))
    expect(parse("/send a b.txt bob")).toEqual(command("send", "a b.txt bob"))
    expect(parse("/leave")).toEqual(command("leave", { nick: undefined }))
    expect(parse("/leave bob")).toEqual(command("leave", { nick: "bob" }))
    expect(parse("/help")).toEqual(command("help", { nick: undefined }))
    expect(parse("/help /msg")).toEqual(command("help", { nick: "msg" }))
    expect(parse("   ")).toEqual({ _tag: "Nothing" })
  })

  it("says what to type instead", () => {
    expect(parse("query")).toEqual({ _tag: "Wrong", usage: "query NICK" })
    expect(parse("/msg bob")).toEqual({ _tag: "Wrong", usage: "/msg NICK TEXT" })
    expect(parse("/resume 0")).toEqual({ _tag: "Wrong", usage: "/resume [N]" })
    expect(parse("/dance")).toEqual({ _tag: "Unknown", name: "dance", nearest: undefined })
    expect(parse("/mgs bob hi")).toEqual({ _tag: "Unknown", name: "mgs", nearest: "msg" })
  })
})

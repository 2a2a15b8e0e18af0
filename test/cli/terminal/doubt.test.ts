import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { distance, nearest } from "../../../src/cli/Nearest.js"
import { Doubts, meantBy } from "../../../src/cli/terminal/Doubt.js"

const knows = (nick: string) => nick === "bob"

describe("what may be meant for the program", () => {
  it.each([
    ["help", "/help"],
    ["Quit", "/quit"],
    ["list b", "/list b"],
    ["exti", "/exit"],
    ["qiut", "/quit"],
    ["qeury bob", "/query bob"],
    ["query", "/query"],
    ["quer carol", "/query carol"],
    ["msg bob are you there", "/msg bob are you there"],
    ["block bob", "/block bob"],
    ["list eve 3", "/list eve 3"],
    [":q", "/quit"],
    [" :wq! ", "/quit"],
    ["history", "/history"],
    ["group join club", "/group join club"],
    ["set bell off", "/set bell off"]
  ])("%s may mean %s", (text, line) => {
    expect(meantBy(text, knows)?.line).toBe(line)
  })

  it.each([
    "hello",
    "why",
    "help!",
    "help me",
    "exit strategy",
    "list of things",
    "send me the file",
    "block carol",
    "group of people",
    "group join the others there",
    "set the table",
    "msg carol hi",
    "block bob and carol",
    ":p",
    ":x",
    "query bob and carol",
    ":q is how one leaves",
    "held",
    "edit",
    "what",
    "help\nme"
  ])("%s is text", (text) => {
    expect(meantBy(text, knows)).toBeUndefined()
  })

  it("is asked about once for each person, and again when something else was said between", () => {
    const doubts = new Doubts()
    expect(doubts.about("exti", "bob", knows)).toBe("/exit")
    expect(doubts.about("exti", "bob", knows)).toBeUndefined()
    expect(doubts.about("exti", "bob", knows)).toBe("/exit")
    expect(doubts.about("hello", "bob", knows)).toBeUndefined()
    expect(doubts.about("exti", "bob", knows)).toBe("/exit")
    expect(doubts.about("exti", "carol", knows)).toBe("/exit")
  })
})

describe("the nearest word", () => {
  const words = ["msg", "history", "help", "block", "unblock"]

  it.each([
    ["mgs", "msg"],
    ["histroy", "history"],
    ["HELPP", "help"],
    ["blcok", "block"],
    ["hi", "history"],
    ["h", undefined],
    ["un", "unblock"],
    ["dance", undefined],
    ["x", undefined]
  ])("to %s is %s", (typed, found) => {
    expect(nearest(typed, words)).toBe(found)
  })

  it("is measured alike from both sides, and is none where the words are the same", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 6 })
    fc.assert(
      fc.property(word, word, (one, other) => {
        expect(distance(one, other, 9)).toBe(distance(other, one, 9))
        expect(distance(one, other, 9) === 0).toBe(one === other)
        expect(distance(one, other, 2)).toBe(Math.min(3, distance(one, other, 9)))
      })
    )
  })
})

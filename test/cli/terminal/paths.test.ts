import * as Effect from "effect/Effect"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as Completion from "../../../src/cli/terminal/Completion.js"
import * as PathWords from "../../../src/cli/terminal/PathWords.js"

describe("PathWords", () => {
  const texts = (line: string) => PathWords.split(line).map(({ text }) => text)

  it("splits as a shell does", () => {
    expect(texts("a  'b c' d\\ e \"f \\\" 'g\" h'i'")).toEqual(["a", "b c", "d e", "f \" 'g", "hi"])
    expect(texts("'not closed yet")).toEqual(["not closed yet"])
    expect(texts("  ")).toEqual([])
    expect(texts("it's.txt bob's")).toEqual(["it's.txt", "bob's"])
    expect(texts("/a/it's.txt '/b/it s' /c/\"d e\" f/'g")).toEqual(["/a/it's.txt", "/b/it s", "/c/d e", "f/'g"])
    expect(PathWords.split(" ab c")).toEqual([
      { text: "ab", start: 1, end: 3 },
      { text: "c", start: 4, end: 5 }
    ])
  })

  it("reads back what it quotes", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("a", " ", "'", '"', "\\", "~", "é"), minLength: 1 }), (path) => {
        expect(texts(PathWords.quoted(path))).toEqual([path])
      })
    )
  })

  it("knows the home folder", () => {
    expect(["~", "~/a", "~b", "a/~"].map((path) => PathWords.expand(path, "/h"))).toEqual(["/h", "/h/a", "~b", "a/~"])
    expect(PathWords.expand("~/a", undefined)).toBe("~/a")
  })
})

describe("Completion", () => {
  const folders: Readonly<Record<string, ReadonlyArray<string>>> = {
    ".": ["report.pdf", "re mark", "rest/", ".hidden", "e\u001bvil"],
    "/h/": ["notes"]
  }
  const complete = (before: string) =>
    Effect.runSync(
      Completion.make({
        groups: Effect.succeed(["#team", "#Tea", "#other"]),
        nicks: (prefix) => ["bob", "rita"].filter((nick) => nick.startsWith(prefix)),
        listFolder: (folder, prefix) =>
          Effect.succeed((folders[folder] ?? []).filter((name) => name.startsWith(prefix))),
        home: "/h"
      })(before)
    )

  it("completes the path behind /send, and nicknames everywhere else", () => {
    expect(complete("/send re")).toEqual({ start: 6, found: ["re\\ mark", "report.pdf", "rest/"] })
    expect(complete('/send "re ')).toEqual({ start: 6, found: ["re\\ mark"] })
    expect(complete("/send ~/n")).toEqual({ start: 6, found: ["~/notes"] })
    expect(complete("/send ")).toEqual({ start: 6, found: ["re\\ mark", "report.pdf", "rest/"] })
    expect(complete("/send .h")).toEqual({ start: 6, found: [".hidden"] })
    expect(complete("/send report.pdf r")).toEqual({ start: 17, found: ["rita"] })
    expect(complete("query r")).toEqual({ start: 6, found: ["rita"] })
    expect(complete("query ")).toEqual({ start: 6, found: ["bob", "rita"] })
    expect(complete("hello ")).toEqual({ start: 6, found: [] })
  })

  it("completes the names of groups, wherever they stand", () => {
    expect(complete("/to #te")).toEqual({ start: 4, found: ["#Tea", "#team"] })
    expect(complete("ask #o")).toEqual({ start: 4, found: ["#other"] })
    expect(complete("a#o")).toEqual({ start: 0, found: [] })
  })

  it("completes commands, and the words that one of them takes", () => {
    expect(complete("/hi")).toEqual({ start: 0, found: ["/history"] })
    expect(complete("/HE")).toEqual({ start: 0, found: ["/help"] })
    expect(complete("/help his")).toEqual({ start: 6, found: ["history"] })
    expect(complete("/show ")).toEqual({ start: 6, found: ["focus", "all"] })
    expect(complete("/msg r")).toEqual({ start: 5, found: ["rita"] })
  })
})

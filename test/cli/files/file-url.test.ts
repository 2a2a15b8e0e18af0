import * as Either from "effect/Either"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { pathOf, pathsOf } from "../../../src/cli/files/FileUrl.js"
import { some } from "../../support/Effort.js"

const path = (text: string) => Either.getOrUndefined(pathOf(text))
const error = (text: string) => Either.getOrUndefined(Either.flip(pathOf(text)))

describe("a file: URL", () => {
  it("is the path that it names, as file managers give it", () => {
    expect(path("file:///home/al/my%20report%20(1).pdf")).toBe("/home/al/my report (1).pdf")
    expect(path("file:///tmp/%E6%97%A5%25.txt")).toBe("/tmp/日%.txt")
    expect(path("file://localhost/a")).toBe("/a")
    expect(path("FILE:///a")).toBe("/a")
    expect(path("file:/a/b")).toBe("/a/b")
    expect(path("file:///a#part")).toBe("/a")
    expect(path("file:///a%23%3f")).toBe("/a#?")
    expect(path("file:///C:/Users/x")).toBe("C:/Users/x")
  })

  it("of another machine, or of no file, is told so", () => {
    expect(error("file://nas/share/x")).toBe("file://nas/share/x is on nas: only files of this machine can be sent")
    expect(error("file://")).toBe("file:// names no file")
    expect(error("file:///a%zz")).toBe("file:///a%zz is not percent-encoded UTF-8")
    expect(error("file:///a%ff")).toBe("file:///a%ff is not percent-encoded UTF-8")
    expect(error("file:///a%2Fb")).toContain("no file has")
    expect(error("file:///a%00b")).toContain("no file has")
    expect(error(`file://\u001b[31m${"x".repeat(900)}/a`)).toMatch(/^[ -~…\ufffd]{1,400}$/)
  })

  it("is mixed with paths, which stay what they are", () => {
    for (const text of ["a", "./file:///a", "file:a", "/x/file:///y", "https://a/b", "~/a%20b", "-"])
      expect(path(text)).toBe(text)
    expect(pathsOf(["a%20b", "file:///a%20b"])).toEqual(Either.right(["a%20b", "/a b"]))
    expect(Either.isLeft(pathsOf(["a", "file://h/x", "file://g/x"]))).toBe(true)
  })

  it("gives back every path that was encoded", () => {
    const segment = fc.string({ unit: "grapheme", minLength: 1 }).filter((text) => !/[/\0]/.test(text))
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 4 }), (segments) => {
        const url = `file:///x/${segments.map(encodeURIComponent).join("/")}`
        expect(path(url)).toBe(`/x/${segments.join("/")}`)
      }),
      { numRuns: some(200) }
    )
  })
})

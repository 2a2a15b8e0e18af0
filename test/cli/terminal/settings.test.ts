import { describe, expect, it } from "vitest"
import { NAMES, parse, parseAll, Settings, TABLE, valuesOf } from "../../../src/cli/terminal/Settings.js"

describe("a setting", () => {
  it("takes each of its values, in any case, and nothing else", () => {
    for (const name of NAMES)
      for (const value of valuesOf(name)) {
        const change = parse(name.toUpperCase(), ` ${value.toUpperCase()}`)
        expect(change).toMatchObject({ name })
      }
    expect(parse("bell", "loud")).toBe("bell is one of all, mentions, off")
    expect(parse("bel", "off")).toContain("there is no setting bel, but show, times, bell")
    expect(parse("words", "x".repeat(201))).toContain("200 characters at most")
    expect(parse("words", "Deploy, Backup")).toEqual({ name: "words", value: "Deploy, Backup" })
  })

  it("is what was said of it last: now, in an earlier run, by an option, by the terminal", () => {
    const settings = new Settings()
    expect([settings.get("bell"), settings.from("bell")]).toEqual([TABLE.bell.values[0], "default"])
    settings.set({ name: "bell", value: "mentions" }, "remembered")
    settings.set({ name: "bell", value: "off" }, "options")
    expect([settings.get("bell"), settings.from("bell")]).toEqual(["mentions", "remembered"])
    settings.set({ name: "bell", value: undefined }, "remembered")
    expect([settings.get("bell"), settings.from("bell")]).toEqual(["off", "options"])
  })

  it("is read from a list, as an option has it", () => {
    expect(parseAll("bell off; words a b, c ;")).toEqual([
      { name: "bell", value: "off" },
      { name: "words", value: "a b, c" }
    ])
    expect(parseAll("bell")).toBe("bell is one of all, mentions, off")
    expect(parseAll("")).toEqual([])
  })
})

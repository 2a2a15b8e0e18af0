import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"
import { clientChecks } from "./client/Checks.js"
import { CLIENT_PLANTS, LAN_PLANTS, SERVER_PLANTS } from "./Plants.js"
import { serverChecks } from "./server/Checks.js"

const read = (path: string): string => readFileSync(fileURLToPath(new URL(path, import.meta.url)), "utf8")

describe("the rules that the conformance suite cites", () => {
  const rules = [...read("../../docs/protocol.md").matchAll(/^- \*\*(\d+(?:\.\d+)?-\d+)\*\*/gm)].map(
    ([, rule]) => rule!
  )
  const all = [...serverChecks, ...clientChecks({ isSlow: true, isWire: false, without: [] })]
  const tried = new Set(all.flatMap(({ also = [], rule }) => [rule, ...also]))
  const left = [
    ...read("./README.md")
      .split("## Rules without a check")[1]!
      .matchAll(/§(\d+(?:\.\d+)?-\d+)/g)
  ].map(([, rule]) => rule!)

  it("are those of the document, and every other one is told with its reason", () => {
    expect([...tried].filter((rule) => !rules.includes(rule))).toEqual([])
    expect(rules.filter((rule) => !tried.has(rule)).sort()).toEqual([...left].sort())
  })

  it("have a check for each planted fault", () => {
    for (const { file, rule } of [...SERVER_PLANTS, ...CLIENT_PLANTS, ...LAN_PLANTS]) {
      expect(all.some((check) => check.rule === rule)).toBe(true)
      expect(readdirSync(fileURLToPath(new URL(`../../src/${file}/..`, import.meta.url)))).toContain(
        file.split("/").at(-1)
      )
    }
  })
})

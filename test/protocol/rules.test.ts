import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../", import.meta.url))
const doc = readFileSync(join(root, "docs/protocol.md"), "utf8")
const rules = [...doc.matchAll(/^- \*\*(\d+(?:\.\d+)?)-(\d+)\*\*/gm)].map(([, section, number]) => ({
  section: section!,
  number: Number(number)
}))
const names = new Set(rules.map(({ number, section }) => `${section}-${number}`))

/** Sections and rules that a text cites: `§3.5`, `§3.5-4`, and further numbers of tables, without the sign. */
const cited = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/§(\d+(?:\.\d+)?-\d+)/g)].map(([, rule]) => rule!)

const sources = (folder: string): ReadonlyArray<string> =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => /\.(ts|md)$/.test(name))
    .map((name) => join(folder, name))

describe("the rules of docs/protocol.md", () => {
  it("stand in their sections in the order of their numbers", () => {
    expect(rules.length).toBeGreaterThan(150)
    expect(names.size).toBe(rules.length)
    for (const [i, { number, section }] of rules.entries()) {
      const before = rules[i - 1]
      if (before?.section === section) expect(number).toBeGreaterThan(before.number)
    }
  })

  it("are there where they are cited", () => {
    for (const file of [...sources("src"), ...sources("docs"), ...sources("test")])
      for (const rule of cited(readFileSync(join(root, file), "utf8")))
        expect(names, `§${rule} in ${file}`).toContain(rule)
    const tables = doc.slice(doc.indexOf("## 6. Tables"))
    for (const [, cell] of tables.matchAll(/\| ([\d.,\s-]+) \|$/gm))
      for (const rule of cell!.split(", ").filter((text) => text.includes("-"))) expect(names).toContain(rule.trim())
  })
})

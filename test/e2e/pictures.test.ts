import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { full } from "../support/Effort.js"
import { temporaryFolder } from "./Program.js"
import { hasTmux } from "./Tmux.js"

const SCRIPT = fileURLToPath(new URL("../../scripts/pictures.mjs", import.meta.url))
const KEPT = fileURLToPath(new URL("../../docs/pictures", import.meta.url))
const NAMES = ["full.svg", "session.svg", "talk.svg"]

/** What can be read in a picture. */
const textOf = (svg: string) =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)]
    .map(([, text = ""]) => text.replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code))))
    .join("")

/** Whether each element that begins ends, in its order, and nothing refers to what is not there. */
const expectWellFormed = (svg: string) => {
  const open: Array<string> = []
  for (const [tag, close, name = "", empty] of svg.matchAll(/<(\/?)([a-z]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    expect(tag.replace(/"[^"]*"/g, "")).not.toMatch(/["&]/)
    if (close === "/") expect(open.pop()).toBe(name)
    else if (empty !== "/") open.push(name)
  }
  expect(open).toEqual([])
  expect(svg.replace(/<[^<>]*>/g, "")).not.toMatch(/[<>]|&(?!#\d+;)/)
  for (const [, id] of svg.matchAll(/href="#(\w+)"/g)) expect(svg).toContain(`id="${id}"`)
}

const expectPictures = (folder: string) => {
  expect(readdirSync(folder).sort()).toEqual(NAMES)
  const [whole = "", session = "", talk = ""] = NAMES.map((name) => readFileSync(join(folder, name), "utf8"))
  for (const svg of [whole, session, talk]) expectWellFormed(svg)
  expect(textOf(talk)).toMatch(/your key is.*tickets\.pdf.*carol wants to talk.*alice ?→ ?bob>/)
  expect(textOf(whole)).toMatch(/→1 bob.*2 carol.*│.*for the way/)
  expect(textOf(session)).toContain("nickname>")
  expect(textOf(session)).toContain("→2 carol")
  expect(session.match(/@keyframes/g)!.length).toBeGreaterThan(20)
}

describe("the pictures", () => {
  it("that the README shows are whole", () => expectPictures(KEPT))

  it.runIf(full && hasTmux)("can be taken anew of the program as it is", async () => {
    const folder = temporaryFolder()
    await promisify(execFile)(process.execPath, [SCRIPT, folder])
    expectPictures(folder)
  })
})

import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import { safePaths } from "../../../src/core/files/SafePaths.js"
import * as FileName from "../../../src/domain/FileName.js"
import * as SafeText from "../../../src/domain/SafeText.js"
import { whole } from "../../support/slices.js"
import type { Target } from "../Target.js"

const DEVICE = /^(?:con|prn|aux|nul|conin\$|conout\$|clock\$|(?:com|lpt)[0-9¹²³]) *(?:\.|$)/iu

const check = (name: string): void => {
  const size = Buffer.byteLength(name)
  assert.ok(size >= 1 && size <= FileName.MAX_BYTES, `${size} bytes`)
  assert.ok(!/[/\\<>:"|?*\0]|[. ]$|^ /u.test(name), `unsafe: ${JSON.stringify(name)}`)
  assert.ok(name !== "." && name !== ".." && !DEVICE.test(name), `unsafe: ${JSON.stringify(name)}`)
  assert.equal(SafeText.line(name), name)
}

/** Names and paths that somebody else gives to files; a line of the input is a path, a folder's behind a `d`. */
export const target: Target = {
  about: ["src/domain/FileName.ts", "src/core/files/SafePaths.ts"],
  inputs: fc.array(fc.fullUnicodeString({ maxLength: 30 }), { maxLength: 5 }).map((lines) => lines.join("\n")),
  words: [
    "../",
    "/",
    "con",
    "NUL.txt",
    ".tar.gz",
    "a (2)",
    ". ",
    "\u202e",
    "\u200d",
    "x".repeat(255),
    "👩‍👩‍👧",
    "e\u0301",
    "d"
  ],
  most: 1_500,
  run: (input) => {
    const text = Buffer.from(input).toString()
    const name = FileName.make(text)
    for (const one of [name, FileName.inFolder(text), FileName.numbered(name, 12)]) check(one)
    assert.ok(!name.startsWith("."))
    assert.equal(FileName.make(name), name, "a safe name stays as it is")
    const entries = text.split("\n").map((line) => ({ path: line.replace(/^d/, ""), folder: line.startsWith("d") }))
    for (const folds of [false, true]) {
      const paths = whole(safePaths(entries, folds))
      if (paths === undefined) continue
      assert.equal(new Set(paths.map((path) => (folds ? FileName.key(path) : path))).size, entries.length)
      for (const path of paths) for (const segment of path.split("/")) if (path !== "") check(segment)
    }
    return []
  }
}

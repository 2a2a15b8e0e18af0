import process from "node:process"
import { expect, it } from "vitest"
import { VERSION } from "../../src/domain/ConfusablesData.js"

// `scripts/confusables.mjs` makes the table anew from a newer confusables.txt.
it("knows what looks alike in the Unicode that this Node knows", () => {
  const major = (version: string | undefined) => Number.parseInt(version ?? "", 10)
  expect(major(VERSION)).toBeGreaterThanOrEqual(major(process.versions.unicode))
})

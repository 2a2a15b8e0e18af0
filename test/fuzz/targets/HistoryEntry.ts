import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as HistoryEntry from "../../../src/core/history/HistoryEntry.js"
import { concat } from "../../../src/protocol/Bytes.js"
import { entriesOf, happening } from "../../core/history/Arbitrary.js"
import type { Target } from "../Target.js"

/** A block of a history, opened. */
export const target: Target = {
  about: ["src/core/history/HistoryEntry.ts"],
  inputs: fc
    .array(happening, { maxLength: 6 })
    .map((happenings) => concat(entriesOf(happenings).map(HistoryEntry.encode))),
  most: 2_000,
  run: (input) => {
    const entries = HistoryEntry.decode(input)
    if (entries === undefined) return []
    assert.deepStrictEqual(HistoryEntry.decode(concat(entries.map(HistoryEntry.encode))), entries)
    return entries.map(({ _tag }) => _tag)
  }
}

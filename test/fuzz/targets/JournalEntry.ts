import * as assert from "node:assert/strict"
import * as fc from "fast-check"
import * as Entry from "../../../src/core/journal/Entry.js"
import { Ledger } from "../../../src/core/journal/Ledger.js"
import { entry } from "../../core/journal/Arbitrary.js"
import type { Target } from "../Target.js"

/** A block of a journal, opened, and what the ledger makes of it. */
export const target: Target = {
  about: ["src/core/journal/Entry.ts", "src/core/journal/Ledger.ts"],
  inputs: fc.array(entry, { maxLength: 6 }).map(Entry.encode),
  most: 2_000,
  run: (input) => {
    const entries = Entry.decode(input)
    if (entries === undefined) return []
    const again = Entry.encode(entries)
    assert.equal(
      again.length,
      entries.reduce((sum, each) => sum + Entry.sizeOf(each), 0)
    )
    assert.deepStrictEqual(Entry.decode(again), entries)
    const ledger = new Ledger()
    for (const each of entries) ledger.apply(each)
    const copy = new Ledger()
    for (const each of ledger.entries()) copy.apply(each)
    if (isOneMessageEach(entries))
      assert.deepStrictEqual([...copy.entries()], [...ledger.entries()], "a journal that is written anew says the same")
    return entries.map(({ _tag }) => _tag)
  }
}

/** Whether each id is that of one message, with one sequence: we alone write a journal, and write nothing else. */
const isOneMessageEach = (entries: ReadonlyArray<Entry.Entry>): boolean => {
  const sequences = new Map<string, number>()
  return entries.every((each) => {
    if (each._tag !== "Accepted") return true
    const message = `${each.peer} ${each.id}`
    const known = sequences.get(message) ?? each.sequence
    sequences.set(message, known)
    return known === each.sequence
  })
}

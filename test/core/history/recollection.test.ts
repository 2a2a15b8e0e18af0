import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { HistoryEntry } from "../../../src/core/history/HistoryEntry.js"
import type { HistoryMessage, HistoryPage } from "../../../src/core/history/HistoryPage.js"
import { Recollection, Recollections, type Wanted } from "../../../src/core/history/Recollection.js"
import { some } from "../../support/Effort.js"
import { entriesOf, happening, idOf } from "./Arbitrary.js"

const recall = (entries: ReadonlyArray<HistoryEntry>, wanted: Wanted): HistoryPage => {
  const recollection = new Recollection(wanted)
  for (const entry of entries.toReversed()) recollection.take(entry)
  return recollection.page
}

/** The same in the simplest way, forwards. */
const modelOf = (
  entries: ReadonlyArray<HistoryEntry>,
  { before = Number.POSITIVE_INFINITY, limit, words = [] }: Wanted
) => {
  type Writable = { -readonly [K in keyof HistoryMessage]: HistoryMessage[K] }
  const all: Array<Writable> = []
  for (const entry of entries) {
    if (entry._tag === "Sent" || entry._tag === "Received") {
      const { at, id, nick, text } = entry
      const sent = entry._tag === "Sent"
      const grouped = entry.group === undefined ? {} : { group: entry.group }
      const written = sent || entry.writtenAt === undefined ? {} : { writtenAt: entry.writtenAt }
      const direction = sent ? "sent" : "received"
      all.push({ at, id, nick, text, direction, state: sent ? "sent" : undefined, ...written, ...grouped })
      continue
    }
    const index = all.findIndex(({ id }) => id === entry.id)
    if (entry._tag === "Delivered") {
      all[index]!.state = all.some(({ state }, i) => i > index && state === "read") ? "read" : "delivered"
    } else for (const message of all.slice(0, index + 1)) if (message.state === "delivered") message.state = "read"
  }
  const holds = (text: string) =>
    words.every((word) => text.normalize("NFC").toLowerCase().includes(word.normalize("NFC").toLowerCase()))
  const fitting = all.filter(({ at, text }) => at < before && holds(text))
  return { messages: fitting.slice(-limit), more: Math.max(0, fitting.length - limit) }
}

const entries = fc.array(happening, { maxLength: 60 }).map(entriesOf)
const wanted: fc.Arbitrary<Wanted> = fc.record(
  {
    limit: fc.integer({ min: 1, max: 12 }),
    words: fc.subarray(["old", "MILL", "\u00e9", "e\u0301", "ss", "STRASSE"], { maxLength: 2 }),
    before: fc.nat(1_000)
  },
  { requiredKeys: ["limit"] }
)

describe("a recollection", () => {
  it("finds what was said, the newest of it, with what became of it, and counts the rest", () => {
    fc.assert(
      fc.property(entries, wanted, (entries, wanted) => {
        expect(recall(entries, wanted)).toEqual(modelOf(entries, wanted))
      }),
      { numRuns: some(500) }
    )
  })

  it("does not mind what is missing at the old end", () => {
    fc.assert(
      fc.property(entries, fc.nat(60), (entries, cut) => {
        const { messages } = recall(entries.slice(cut), { limit: 100 })
        const all = recall(entries, { limit: 100 }).messages
        expect(messages.map(({ id }) => id)).toEqual(all.slice(all.length - messages.length).map(({ id }) => id))
      })
    )
  })

  it("shows once what was shown again after a crash", () => {
    const shown: HistoryEntry = { _tag: "Received", id: idOf(1), nick: "bob", text: "hi", at: 1 }
    const next: HistoryEntry = { ...shown, id: idOf(2) }
    const between: HistoryEntry = { _tag: "Sent", id: idOf(3), nick: "bob", text: "well", at: 2 }
    const { messages } = recall([shown, between, { ...shown, at: 9 }, next], { limit: 9 })
    expect(messages.map(({ id }) => id)).toEqual([between, shown, next].map(({ id }) => id))
  })
})

describe("a message that was read", () => {
  it("is so also where a killed program did not get to write down that it was delivered", () => {
    const sent = (n: number): HistoryEntry => ({ _tag: "Sent", id: idOf(n), nick: "bob", text: "hi", at: n })
    const entries: ReadonlyArray<HistoryEntry> = [
      sent(1),
      { _tag: "Delivered", id: idOf(1) },
      sent(2),
      { _tag: "Read", id: idOf(2) },
      sent(3)
    ]
    expect(recall(entries, { limit: 9 }).messages.map(({ state }) => state)).toEqual(["read", "read", "sent"])
  })
})

describe("pages of several conversations", () => {
  it("come in order of time, each in its own order, however a clock went", () => {
    const page = fc.array(happening, { maxLength: 30 }).map((all) => recall(entriesOf(all), { limit: 8 }))
    fc.assert(
      fc.property(fc.array(page, { maxLength: 4 }), fc.integer({ min: 1, max: 12 }), (pages, limit) => {
        // The texts tell whose a message is.
        const told = pages.map(({ messages, more }, whose) => ({
          more,
          messages: messages.map((message, n) => ({ ...message, text: `${whose} ${n}` }))
        }))
        const together = new Recollections(limit)
        for (const each of told) together.take(each)
        const merged = together.page
        const total = told.reduce((sum, { messages, more }) => sum + messages.length + more, 0)
        expect(merged.messages.length + merged.more).toBe(total)
        expect(merged.messages.length).toBe(
          Math.min(
            limit,
            told.reduce((sum, { messages }) => sum + messages.length, 0)
          )
        )
        for (const [whose, { messages }] of told.entries()) {
          const own = merged.messages.filter(({ text }) => text.startsWith(`${whose} `))
          expect(own).toEqual(messages.slice(messages.length - own.length))
        }
        if (told.every(({ messages }) => messages.every(({ at }, i) => i === 0 || at >= messages[i - 1]!.at)))
          expect(merged.messages.every(({ at }, i) => i === 0 || at >= merged.messages[i - 1]!.at)).toBe(true)
      })
    )
  })
})

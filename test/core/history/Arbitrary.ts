import * as fc from "fast-check"
import type { HistoryEntry } from "../../../src/core/history/HistoryEntry.js"
import type { MessageId } from "../../../src/domain/MessageId.js"
import { messageId } from "../../support/ids.js"

export const idOf = (n: number): MessageId => messageId(n.toString(16).padStart(32, "0"))

/** What may happen in a conversation: a message each way, or something becomes of the nth message of ours. */
export type Happening =
  | { readonly _tag: "Sent" | "Received"; readonly nick: string; readonly text: string; readonly at: number }
  | {
      readonly _tag: "Received"
      readonly nick: string
      readonly text: string
      readonly at: number
      readonly writtenAt: number
    }
  | {
      readonly _tag: "Sent" | "Received"
      readonly nick: string
      readonly text: string
      readonly at: number
      readonly group: string
    }
  | { readonly _tag: "Delivered" | "Read"; readonly nth: number }

const text = fc.oneof(
  fc.constantFrom("the old mill", "THE OLD inn", "a new mill", "Straße", "cafe\u0301", "CAF\u00c9"),
  fc.fullUnicodeString({ minLength: 1, maxLength: 20 })
)

export const happening: fc.Arbitrary<Happening> = fc.oneof(
  fc.record({
    _tag: fc.constantFrom("Sent" as const, "Received" as const),
    nick: fc.constantFrom("bob", "Bob2", "碗"),
    text,
    at: fc.nat(1_000)
  }),
  fc.record({
    _tag: fc.constant("Received" as const),
    nick: fc.constant("bob"),
    text,
    at: fc.nat(1_000),
    writtenAt: fc.maxSafeNat()
  }),
  fc.record({
    _tag: fc.constantFrom("Sent" as const, "Received" as const),
    nick: fc.constant("bob"),
    text,
    at: fc.nat(1_000),
    group: fc.constantFrom("team", "team-2")
  }),
  fc.record({ _tag: fc.constantFrom("Delivered" as const, "Read" as const), nth: fc.nat(9) })
)

/** The entries that a client writes of it: nothing is read before it is delivered, and nothing is told twice. */
export const entriesOf = (happenings: ReadonlyArray<Happening>): ReadonlyArray<HistoryEntry> => {
  const entries: Array<HistoryEntry> = []
  const sent: Array<MessageId> = []
  const delivered = new Set<MessageId>()
  const read = new Set<MessageId>()
  let ids = 0
  for (const one of happenings) {
    if ("text" in one) {
      const id = idOf(++ids)
      if (one._tag === "Sent") sent.push(id)
      entries.push({ ...one, id })
      continue
    }
    const id = sent[one.nth]
    if (id === undefined) continue
    if (one._tag === "Delivered" && !delivered.has(id)) {
      delivered.add(id)
      entries.push({ _tag: "Delivered", id })
    }
    if (one._tag === "Read" && delivered.has(id) && !read.has(id)) {
      read.add(id)
      entries.push({ _tag: "Read", id })
    }
  }
  return entries
}

import * as Schema from "effect/Schema"
import { MessageId } from "../../domain/MessageId.js"

/** What the history offers to programs. */

/** One message as it is remembered. */
export const HistoryMessage = Schema.Struct({
  direction: Schema.Literal("sent", "received"),
  id: MessageId,
  /** What the other side was called then. */
  nick: Schema.String,
  /** ms since 1970 UTC by our clock, when it was said or shown. */
  at: Schema.Number,
  text: Schema.String,
  /** Of ours: what is known to have become of it. `sent`: not more than that we said it. */
  state: Schema.optional(Schema.Literal("sent", "delivered", "read"))
})
export type HistoryMessage = typeof HistoryMessage.Type

/** What was looked for: the newest that fit, oldest first, and how many more fit and are not among them. */
export const HistoryPage = Schema.Struct({ messages: Schema.Array(HistoryMessage), more: Schema.Int })
export type HistoryPage = typeof HistoryPage.Type

/** A screenful. */
export const DEFAULT_LIMIT = 20
/** With messages of the largest size 64 MB, with usual ones less than one. */
export const MAX_LIMIT = 1_000
/** Longer than anybody remembers the words of. */
export const MAX_SEARCH = 256

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** What to look for; everything when nothing is said. */
export const HistoryQuery = Schema.Struct({
  /** With whom: the person we talk to, or talked to last, under this nickname. Everybody when left out. */
  nick: optional(Schema.String.pipe(Schema.maxLength(256))),
  /** Messages at most, 1 to `MAX_LIMIT`; `DEFAULT_LIMIT` when left out. */
  limit: optional(Schema.Int.pipe(Schema.between(1, MAX_LIMIT))),
  /** Words that all occur in the text, in whatever case and order; at most `MAX_SEARCH` characters of them. */
  search: optional(Schema.String.pipe(Schema.maxLength(MAX_SEARCH))),
  /** Only what is older than this, in ms since 1970 UTC. */
  before: optional(Schema.Finite)
})
export type HistoryQuery = typeof HistoryQuery.Type

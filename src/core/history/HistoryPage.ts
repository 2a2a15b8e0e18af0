import * as Schema from "effect/Schema"
import { MessageId } from "../../domain/MessageId.js"

/** What the history offers to programs. */

/**
 * One message as it is remembered.
 *
 * @since 0.1.0
 */
export const HistoryMessage = Schema.Struct({
  direction: Schema.Literal("sent", "received"),
  id: MessageId,
  /** The other side's nickname at that time. */
  nick: Schema.String,
  /** ms since 1970 UTC by our clock, when it was said or shown. */
  at: Schema.Number,
  text: Schema.String,
  /** What we called the group that it was said in, if in one; `nick` of our own is then that, after a `#`. */
  group: Schema.optionalWith(Schema.String, { exact: true }),
  /** Only for messages of theirs: when they wrote it, in ms since 1970 UTC, if that is known. */
  writtenAt: Schema.optionalWith(Schema.Number, { exact: true }),
  /** Only for our messages: how far they are known to have come. `sent`: no more is known than that we said it. */
  state: Schema.optional(Schema.Literal("sent", "delivered", "read"))
})
/** @since 0.1.0 */
export type HistoryMessage = typeof HistoryMessage.Type

/**
 * The answer to a query: the newest messages that fit, oldest first, and how many (`more`) also fit and are left out.
 *
 * @since 0.1.0
 */
export const HistoryPage = Schema.Struct({ messages: Schema.Array(HistoryMessage), more: Schema.Int })
/** @since 0.1.0 */
export type HistoryPage = typeof HistoryPage.Type

/**
 * Messages on a page unless the query says otherwise: a screenful.
 *
 * @since 0.1.0
 */
export const DEFAULT_LIMIT = 20
/**
 * Messages on a page at most: 64 MB if all have the largest size, less than one MB with usual ones.
 *
 * @since 0.1.0
 */
export const MAX_LIMIT = 1_000
/** Characters of a search: more than a person remembers of a message. */
export const MAX_SEARCH = 256

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/**
 * What to look for. A condition that is left out does not narrow the search.
 *
 * @since 0.1.0
 */
export const HistoryQuery = Schema.Struct({
  /** Only the conversation with the person we talk to, or talked to last, under this nickname; `#NAME` is a group. */
  nick: optional(Schema.String.pipe(Schema.maxLength(256))),
  /** Messages at most, 1 to `MAX_LIMIT`; `DEFAULT_LIMIT` when left out. */
  limit: optional(Schema.Int.pipe(Schema.between(1, MAX_LIMIT))),
  /**
   * Words that must all occur in the text, in upper or lower case and in any order; at most `MAX_SEARCH` characters
   * together.
   */
  search: optional(Schema.String.pipe(Schema.maxLength(MAX_SEARCH))),
  /** Only messages older than this, in ms since 1970 UTC. */
  before: optional(Schema.Finite)
})
/** @since 0.1.0 */
export type HistoryQuery = typeof HistoryQuery.Type

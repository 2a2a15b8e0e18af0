import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

/**
 * What an operator asks of a running server over its own socket (`--admin`), one line of JSON each way: a request, its
 * answer, and the next request. It is between a server and the `parley server admin` of the same version, and no part
 * of the protocol that others write programs for.
 */

const text = (most: number) => Schema.String.pipe(Schema.minLength(1), Schema.maxLength(most))
const time = Schema.Number.pipe(Schema.between(1, 10 * 366 * 86_400_000))
const from = { after: Schema.optionalWith(Schema.Int.pipe(Schema.nonNegative()), { exact: true }) }
const reason = { reason: Schema.optionalWith(text(200), { exact: true }) }

const Rate = Schema.Struct({
  burst: Schema.Number.pipe(Schema.between(1, 1e12)),
  perSecond: Schema.Number.pipe(Schema.greaterThan(0), Schema.lessThanOrEqualTo(1e12))
})
/** A count, bytes or ms, or a rate. */
export const LimitValue = Schema.Union(Schema.Number.pipe(Schema.between(1, 1e12)), Rate)
export type LimitValue = typeof LimitValue.Type

export const AdminRequest = Schema.Union(
  /** `match`: a part of a nickname, an address or a holder. */
  Schema.TaggedStruct("Who", { match: Schema.optionalWith(text(64), { exact: true }), ...from }),
  Schema.TaggedStruct("Kick", { whom: text(128), ...reason }),
  Schema.TaggedStruct("Ban", { what: text(128), forMs: Schema.optionalWith(time, { exact: true }), ...reason }),
  Schema.TaggedStruct("Allow", { what: text(128) }),
  Schema.TaggedStruct("Bans", from),
  Schema.TaggedStruct("Reserve", { nick: text(256) }),
  Schema.TaggedStruct("Release", { nick: text(256) }),
  Schema.TaggedStruct("Reserved", from),
  Schema.TaggedStruct("Limits", {
    set: Schema.optionalWith(Schema.Record({ key: text(64), value: LimitValue }), { exact: true })
  }),
  Schema.TaggedStruct("AddToken", { name: text(64) }),
  Schema.TaggedStruct("RevokeToken", { which: text(64) }),
  Schema.TaggedStruct("Tokens", from),
  Schema.TaggedStruct("Drain", { forMs: time }),
  Schema.TaggedStruct("Stats", {})
)
export type AdminRequest = typeof AdminRequest.Type

/** Somebody who is connected. Times are ms since 1970 UTC. */
export const AdminSession = Schema.Struct({
  session: Schema.String,
  address: Schema.String,
  nick: Schema.optionalWith(Schema.String, { exact: true }),
  fingerprint: Schema.optionalWith(Schema.String, { exact: true }),
  holder: Schema.optionalWith(Schema.String, { exact: true }),
  since: Schema.Number
})
export type AdminSession = typeof AdminSession.Type

const AdminBan = Schema.Struct({
  what: Schema.String,
  since: Schema.Number,
  until: Schema.optionalWith(Schema.Number, { exact: true }),
  reason: Schema.optionalWith(Schema.String, { exact: true })
})
const AdminToken = Schema.Struct({ name: Schema.String, id: Schema.String, since: Schema.Number })
/** Where the next page begins, if there may be more. */
const next = { next: Schema.optionalWith(Schema.Int, { exact: true }) }

/** Of a server with several nodes: how many others do the same now, and how many have not said so yet. */
const nodes = {
  nodes: Schema.optionalWith(Schema.Struct({ told: Schema.Int, silent: Schema.Int }), { exact: true })
}

export const AdminAnswer = Schema.Union(
  Schema.TaggedStruct("Sessions", { sessions: Schema.Array(AdminSession), ...next }),
  Schema.TaggedStruct("Bans", { bans: Schema.Array(AdminBan), ...next }),
  Schema.TaggedStruct("Reserved", { nicks: Schema.Array(Schema.String), ...next }),
  Schema.TaggedStruct("Tokens", { tokens: Schema.Array(AdminToken), ...next }),
  Schema.TaggedStruct("Limits", { limits: Schema.Record({ key: Schema.String, value: LimitValue }) }),
  /** `token` is told this once. */
  Schema.TaggedStruct("Token", { name: Schema.String, id: Schema.String, token: Schema.String, ...nodes }),
  Schema.TaggedStruct("Stats", { stats: Schema.Unknown }),
  /** `what` it was about, in its one way to be written; sessions that it ended; whether it outlives a restart. */
  Schema.TaggedStruct("Done", {
    what: Schema.optionalWith(Schema.String, { exact: true }),
    ended: Schema.Int,
    kept: Schema.Boolean,
    ...nodes
  }),
  Schema.TaggedStruct("Refused", {
    code: Schema.Literal("Unreadable", "NotFound", "NotPossible"),
    message: Schema.String
  })
)
export type AdminAnswer = typeof AdminAnswer.Type

/** Bytes of a request. */
export const MAX_ADMIN_REQUEST = 8_192
/** Bytes of an answer. */
export const MAX_ADMIN_ANSWER = 262_144

/** The request on this line; `undefined` for anything else. */
export const decodeAdminRequest = (line: string): AdminRequest | undefined => decoded(requestOf(line))

/** The answer on this line; `undefined` for anything else. */
export const decodeAdminAnswer = (line: string): AdminAnswer | undefined => decoded(answerOf(line))

export const encodeAdmin = (message: AdminRequest | AdminAnswer): string => `${JSON.stringify(message)}\n`

const decoded = <A>(result: Either.Either<A, unknown>): A | undefined =>
  Either.isRight(result) ? result.right : undefined
const requestOf = Schema.decodeUnknownEither(Schema.parseJson(AdminRequest))
const answerOf = Schema.decodeUnknownEither(Schema.parseJson(AdminAnswer))

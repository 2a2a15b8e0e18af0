import * as Schema from "effect/Schema"
import { TransferId } from "../files/Content.js"

const optional = <A, I>(schema: Schema.Schema<A, I>) => Schema.optionalWith(schema, { exact: true })

/** @since 0.1.0 */
export const TransferState = Schema.Literal(
  /** Ours, being read for the offer. */
  "preparing",
  /** Ours: the other side has not answered. Theirs: `accept` or `decline` it. */
  "offered",
  /** Accepted, without a connection to go on with, or on the way to one. */
  "waiting",
  "active",
  "paused",
  /** All bytes are there: being put in its place, or (ours) not confirmed yet. */
  "finishing",
  /** Stored at the other side, or here. The last state, as are the next three. */
  "done",
  "declined",
  /** By either side. */
  "cancelled",
  "failed"
)
/** @since 0.1.0 */
export type TransferState = typeof TransferState.Type

/**
 * A snapshot. Names are as the other side sent them: pass them through `SafeText` before they reach a screen.
 *
 * @since 0.1.0
 */
export const Transfer = Schema.Struct({
  id: TransferId,
  /** The other side. */
  nick: Schema.String,
  /** Of the other side's key, which a handshake has proven where the transfer is theirs. */
  fingerprint: Schema.String,
  direction: Schema.Literal("out", "in"),
  kind: Schema.Literal("file", "folder"),
  /** What the sender calls it; one path segment. */
  name: Schema.String,
  /** Bytes in all files together. */
  size: Schema.Number,
  /** 1 for a file. */
  files: Schema.Int,
  state: TransferState,
  /** Bytes that are there and verified, of `size`; while `preparing`, bytes that were read. */
  transferred: Schema.Number,
  /** Bytes a second over the last few seconds; 0 while nothing moves. */
  rate: Schema.Number,
  /**
   * While it goes, or would go, over the server's relay; `seconds`: until it is there, about, where that is known. Not
   * in the first two seconds of a path, in which a direct one is found as a rule.
   */
  relay: optional(Schema.Struct({ seconds: optional(Schema.Int) })),
  /** Ours: links, devices and the like in the folder, which are not sent; left out when there are none. */
  skipped: optional(Schema.Int),
  /** The first of those, by name and reason. */
  left: optional(Schema.Array(Schema.String)),
  /** Theirs: files that can be run, and what tools may run by themselves; left out when there are none. */
  executables: optional(Schema.Int),
  risks: optional(Schema.Array(Schema.Literal("git", "direnv", "tools", "startup"))),
  /** Theirs: files that have another name here, as theirs was unsafe or the disk cannot tell it from another. */
  renamed: optional(Schema.Int),
  /** Which side has paused it. */
  pausedBy: optional(Schema.Literal("us", "them", "both")),
  /** Where it lies: the source, or what it was stored as (once `done`). */
  path: optional(Schema.String),
  /** Why it `failed`, in one line for people. */
  message: optional(Schema.String)
})
/** @since 0.1.0 */
export type Transfer = typeof Transfer.Type

/**
 * Whether it is over, one way or another.
 *
 * @since 0.1.0
 */
export const isOver = ({ state }: Transfer): boolean => OVER.has(state)

const OVER: ReadonlySet<TransferState> = new Set(["done", "declined", "cancelled", "failed"])

/**
 * Transfers that have ended and are still listed: a screenful or two.
 *
 * @since 0.1.0
 */
export const MAX_FINISHED = 64

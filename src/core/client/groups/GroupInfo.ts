import * as Schema from "effect/Schema"
import { GroupId } from "../../../domain/GroupId.js"
import { MessageId } from "../../../domain/MessageId.js"

/**
 * What a group is called for people and programs.
 *
 * @since 0.1.0
 */
export const GroupName = Schema.Struct({
  id: GroupId,
  /** As our user calls it: no two groups of theirs are called the same. */
  name: Schema.String
})
/** @since 0.1.0 */
export type GroupName = typeof GroupName.Type

/**
 * Somebody else in a group.
 *
 * @since 0.1.0
 */
export const GroupMember = Schema.Struct({
  /** What we know them as, or else what they are called in the group. */
  nick: Schema.String,
  fingerprint: Schema.String,
  /** Our user has asked for them: what is said in the group goes to them as soon as they have asked, too. */
  asked: Schema.Boolean,
  /** Nothing goes to them, and nothing of them is heard. */
  blocked: Schema.Boolean,
  /** Whether their program knows groups: others are shown each text with the group's name. Absent where not known. */
  knowsGroups: Schema.optionalWith(Schema.Boolean, { exact: true })
})
/** @since 0.1.0 */
export type GroupMember = typeof GroupMember.Type

/**
 * A group as our user knows it.
 *
 * @since 0.1.0
 */
export const GroupInfo = Schema.Struct({
  ...GroupName.fields,
  /** `invited`: our user has not joined, so nothing of theirs goes to the group. */
  state: Schema.Literal("invited", "joined", "left"),
  /** Everybody but our user, as far as we know. */
  members: Schema.Array(GroupMember)
})
/** @since 0.1.0 */
export type GroupInfo = typeof GroupInfo.Type

/**
 * A text was taken for a group.
 *
 * @since 0.1.0
 */
export const GroupSent = Schema.Struct({
  group: GroupName,
  /** The same for all members. */
  id: MessageId,
  /** To whom it goes: delivery is told for each of them. */
  to: Schema.Array(Schema.String),
  /** Members who do not get it: not asked for, blocked, or too much waits for them. */
  without: Schema.Array(Schema.String)
})
/** @since 0.1.0 */
export type GroupSent = typeof GroupSent.Type

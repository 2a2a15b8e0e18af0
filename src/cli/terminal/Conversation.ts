import type { PathInfo } from "../../core/peer/Route.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { SafeText } from "../../domain/SafeText.js"

/** A conversation as the screen knows it. */
export interface Conversation {
  /** As the peer writes it, sanitized. */
  nick: SafeText
  /** We have asked for them, so we may write. */
  asked: boolean
  connected: boolean
  /** How they are reached, as was last said. */
  way: PathInfo["kind"] | undefined
  /** Messages of ours that are on their way. */
  readonly undelivered: Set<string>
  /** Messages of an earlier run that are on their way, of as many that were. */
  kept: { left: number; readonly of: number } | undefined
  /** It was said that they take their time. */
  overdue: boolean
  /** The last message of ours, and whether it was read. */
  last: { readonly id: string; read: boolean } | undefined
  /** The last message of theirs that was shown, until we have done something after it. */
  unread: MessageId | undefined
  /** It was said how to answer. */
  hinted: boolean
  /** It was said that there is a history. */
  recalled: boolean
  /** The fingerprint that was last said to be theirs. */
  told: string | undefined
  /** Our user has compared their key. */
  verified: boolean
  /** The number of the pair that was shown, to be compared. */
  compared: string | undefined
}

export const make = (nick: SafeText): Conversation => ({
  nick,
  asked: false,
  connected: false,
  way: undefined,
  undelivered: new Set(),
  kept: undefined,
  overdue: false,
  last: undefined,
  unread: undefined,
  hinted: false,
  recalled: false,
  told: undefined,
  verified: false,
  compared: undefined
})

/** Messages of ours that have not arrived, those of earlier runs included. */
export const undelivered = (peer: Conversation): number => peer.undelivered.size + (peer.kept?.left ?? 0)

/** What has become of the last messages of ours; nothing when they are delivered. */
export const mark = ({ kept, last, overdue, undelivered }: Conversation): string => {
  if (overdue || kept !== undefined) return " waiting…"
  if (undelivered.size > 0) return " …"
  return last?.read === true ? " (read)" : ""
}

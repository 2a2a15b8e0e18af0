import type { PathInfo } from "../../core/peer/Route.js"
import type { MessageId } from "../../domain/MessageId.js"
import type { SafeText } from "../../domain/SafeText.js"
import type { Sent } from "./Delivery.js"
import { Transcript } from "./Transcript.js"

/** A conversation as the screen knows it. */
export interface Conversation {
  /** As the peer writes it, sanitized. */
  nick: SafeText
  /** What people type to turn to it; the same as long as it lasts. */
  readonly number: number
  /** We have asked for them, so we may write. */
  asked: boolean
  connected: boolean
  /** How they are reached, as was last heard. */
  path: PathInfo | undefined
  /** Whether that is straight or through the relay, as was last said. */
  told: "direct" | "relay" | undefined
  /** When it went from the one to the other last, in ms since 1970 UTC. */
  turned: number | undefined
  /** Messages of ours that are on their way. */
  readonly undelivered: Map<string, Sent>
  /** Messages of an earlier run that are on their way, of as many that were. */
  kept: { left: number; readonly of: number } | undefined
  /** It was said that they take their time. */
  overdue: boolean
  /** The last message of ours. */
  last: Sent | undefined
  /** The last message of theirs that was shown, until we have done something after it. */
  unread: MessageId | undefined
  /** What came while another conversation, or none, was in focus. */
  news: News
  /** It was said how to answer. */
  hinted: boolean
  /** It was said that there is a history. */
  recalled: boolean
  /** The fingerprint that was last said to be theirs. */
  toldKey: string | undefined
  /** Our user has compared their key. */
  verified: boolean
  /** What they say about being away, sanitized; `undefined` when they are there. */
  away: SafeText | undefined
  /** What was last said of that, and when. */
  toldAway: { readonly words: string; readonly at: number } | undefined
  /** The number of the pair that was shown, to be compared. */
  compared: string | undefined
  readonly transcript: Transcript
}

/** How much was said that the person has not turned to, and how much it matters. Times are ms since 1970 UTC. */
export interface News {
  readonly count: number
  readonly weight: Weight
  /** When the first of it came. */
  readonly since: number
  /** When a line was last printed of it. */
  readonly told: number
}

/** How much something matters, the more the higher: a text, a text that names us, somebody who calls. */
export const Weight = { none: 0, text: 1, mention: 2, call: 3 } as const
export type Weight = (typeof Weight)[keyof typeof Weight]

export const NO_NEWS: News = { count: 0, weight: Weight.none, since: 0, told: 0 }

export const make = (nick: SafeText, number: number): Conversation => ({
  nick,
  number,
  asked: false,
  connected: false,
  path: undefined,
  told: undefined,
  turned: undefined,
  undelivered: new Map(),
  kept: undefined,
  overdue: false,
  last: undefined,
  unread: undefined,
  news: NO_NEWS,
  hinted: false,
  recalled: false,
  toldKey: undefined,
  verified: false,
  away: undefined,
  toldAway: undefined,
  compared: undefined,
  transcript: new Transcript()
})

/** Whether it is one of several people; no nickname begins as a group's name does. */
export const isGroup = ({ nick }: Pick<Conversation, "nick">): boolean => nick.startsWith("#")

/** Messages of ours that have not arrived, those of earlier runs included. */
export const undelivered = (peer: Conversation): number => peer.undelivered.size + (peer.kept?.left ?? 0)

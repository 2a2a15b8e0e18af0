import type * as Effect from "effect/Effect"
import type { Recent } from "./Views.js"
import type { Printed } from "./Wrap.js"

/**
 * What the screen asks of the program each time it draws: pure, and cheap, as it is asked at every key. All of it is
 * sanitized, with colours at most.
 */
export interface View {
  /** What stands before the draft. */
  readonly prompt: () => string
  /** Rows of what was said last by us, whose marks may still change; each of at most `columns` cells. */
  readonly held: (columns: number) => ReadonlyArray<string>
  /** Rows above the draft, each of at most `columns` cells; the last of them says how things are. */
  readonly status: (columns: number) => ReadonlyArray<string>
  /** Whom the draft is for: each conversation has its own. Empty outside of conversations. */
  readonly conversation: string
  /** Says that messages came faster than they could be shown. */
  readonly skipped: (from: string, count: number) => string
  /** Conversations are seen whole from now on, beside a list of all, or no longer. */
  readonly showWhole: (isFull: boolean) => void
  /** All conversations, in the order of their numbers. */
  readonly list: () => ReadonlyArray<Listed>
  /** Everything that is remembered of the conversation that the draft is for. */
  readonly recent: () => Recent
  /** What is older than that time, in ms since 1970 UTC, of a conversation, if anything is kept. */
  readonly earlier: (conversation: string, before: number) => Effect.Effect<Earlier>
  readonly dim: (text: string) => string
  /** Whether the wheel of the mouse is wanted on a full screen. */
  readonly mouse: boolean
}

/** `since`: when the first of it was said, in ms since 1970 UTC; nothing older is kept without it. */
export interface Earlier {
  readonly printed: ReadonlyArray<Printed>
  readonly since: number | undefined
}

/** A conversation in a list. */
export interface Listed {
  readonly number: number
  readonly nick: string
  /** What is new, in a few characters. */
  readonly news: string
  readonly inFocus: boolean
  readonly paint: (text: string) => string
}

/** What a key asks of the program, and not of the line that is being typed. */
export type Action =
  /** The conversation with this number, from 1 to 9. */
  | { readonly _tag: "Switch"; readonly number: number }
  | { readonly _tag: "NextUnread" }
  /** To the full screen, or back. */
  | { readonly _tag: "Full" }
  | { readonly _tag: "Page"; readonly direction: "up" | "down" }
  /** The wheel of the mouse. */
  | { readonly _tag: "Scroll"; readonly direction: "up" | "down" }

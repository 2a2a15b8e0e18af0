/**
 * What the screen asks of the program each time it draws: pure, and cheap, as it is asked at every key. All of it is
 * sanitized, with colours at most.
 */
export interface View {
  /** What stands before the draft. */
  readonly prompt: () => string
  /** Rows above the draft, each of at most `columns` cells; the last of them says how things are. */
  readonly status: (columns: number) => ReadonlyArray<string>
  /** Whom the draft is for: each conversation has its own. Empty outside of conversations. */
  readonly conversation: string
  /** Says that messages came faster than they could be shown. */
  readonly skipped: (from: string, count: number) => string
}

/** What a key asks of the program, and not of the line that is being typed. */
export type Action =
  /** The conversation with this number, from 1 to 9. */
  | { readonly _tag: "Switch"; readonly number: number }
  | { readonly _tag: "NextUnread" }
  | { readonly _tag: "Page"; readonly direction: "up" | "down" }
  /** The wheel of the mouse. */
  | { readonly _tag: "Scroll"; readonly direction: "up" | "down" }

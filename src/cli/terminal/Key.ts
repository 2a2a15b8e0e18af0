import type { Action } from "./View.js"

/** What a person did at the keyboard, or the terminal has answered. */
export type Key =
  | { readonly _tag: "Text"; readonly text: string }
  /** Pasted at once (bracketed paste), so line breaks in it do not submit. */
  | { readonly _tag: "Paste"; readonly text: string }
  /** More was pasted than `MAX_PASTE`: so many bytes, none of which are kept. */
  | { readonly _tag: "Overlong"; readonly bytes: number }
  | { readonly _tag: "Press"; readonly name: KeyName }
  /** A key that has nothing to do with the line. */
  | { readonly _tag: "Ask"; readonly action: Action }
  | { readonly _tag: "Answer"; readonly answer: Answer }

/** What the person did. */
export type Stroke = Exclude<Key, { readonly _tag: "Answer" }>

export type KeyName =
  | "enter"
  | "newline"
  | "tab"
  | "backspace"
  | "delete"
  | "left"
  | "right"
  | "up"
  | "down"
  | "home"
  | "end"
  | "wordLeft"
  | "wordRight"
  | "killWordLeft"
  | "killWordRight"
  | "killLine"
  | "killToEnd"
  | "yank"
  | "yankPop"
  | "undo"
  | "transpose"
  | "upperCase"
  | "lowerCase"
  | "capitalize"
  | "search"
  | "escape"
  | "redraw"
  | "interrupt"
  | "suspend"
  | "endOfInput"

/** What a terminal says when it is asked. */
export type Answer =
  /** Where the cursor is, counted from 0 (CPR). */
  | { readonly _tag: "Position"; readonly row: number; readonly column: number }
  /** The name of the terminal, and its version as a rule (XTVERSION). */
  | { readonly _tag: "Name"; readonly name: string }
  /** The colour that it writes on (OSC 11): how bright it is, from 0 to 1. */
  | { readonly _tag: "Background"; readonly brightness: number }
  /** It has the focus of the keyboard, or has lost it: told whenever that changes. */
  | { readonly _tag: "Focus"; readonly has: boolean }
  /** It has answered all that was asked before (DA1). */
  | { readonly _tag: "Attributes" }

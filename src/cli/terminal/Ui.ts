import type * as Effect from "effect/Effect"
import type { InputLine } from "../../core/history/InputLines.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import type { TerminalClosed } from "../../services/Terminal.js"
import type { Action } from "./View.js"
import type { Printed } from "./Wrap.js"

/** How lines reach the person and come from them: on a screen (`EditorUi`), or line by line (`PlainUi`). */
export interface Ui {
  /**
   * Has lines and paragraphs (sanitized, coloured at most) printed in their order, and the prompt drawn as it is then:
   * with the next frame. Of messages that come faster than they can be read, some are told as a number.
   */
  readonly print: (lines: ReadonlyArray<Printed>) => Effect.Effect<void, TerminalClosed>
  /** Reads until the person ends the input. */
  readonly read: <E>(handlers: Handlers<E>) => Effect.Effect<InputEnd, TerminalClosed | E>
  /** Has these lines of earlier runs called back by the keys that do so. */
  readonly recall: (lines: ReadonlyArray<InputLine>) => Effect.Effect<void>
  /** Turns to a screen of its own, or back from it; whether there is one. */
  readonly full: Effect.Effect<boolean, TerminalClosed>
  /** Empties the screen, where there is one: whether it did. What was said stays where it is kept. */
  readonly clear: Effect.Effect<boolean, TerminalClosed>
  /** Whether something stands in the draft. */
  readonly begun: () => boolean
  /** Puts text back that was typed and not sent, unless something else has been typed for the same conversation. */
  readonly restore: (text: string) => Effect.Effect<void, TerminalClosed>
}

/** Who hears of what the person does. */
export interface Handlers<E> {
  readonly line: (line: string) => Effect.Effect<void, E>
  readonly action: (action: Action) => Effect.Effect<void, E>
  /** Ctrl-C, or Ctrl-D, on an empty line, `again` with no other key before it: whether the input ends with it. */
  readonly leave: (again: boolean) => Effect.Effect<boolean, E>
}

/** `interrupt`: the person wants to go now. `end`: there is no more input, but what was typed still counts. */
export type InputEnd = "interrupt" | "end"

/** The longest message and a command before it. */
export const MAX_INPUT = MAX_MESSAGE + 1024

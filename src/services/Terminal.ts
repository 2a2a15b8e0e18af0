import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { Signal } from "../domain/TerminalSignal.js"

/**
 * The standard streams of the program: a person's terminal, or the pipes of another program. It alone writes to them,
 * and every text passes `domain/TerminalText` on the way, whatever it was made of: nobody's name, message or file can
 * give the terminal an order.
 */
export class Terminal extends Context.Tag("parley/services/Terminal")<
  Terminal,
  {
    /**
     * Whether a person sits at both ends and the screen understands cursor movement (a TTY whose TERM is not `dumb`).
     */
    readonly interactive: boolean
    /** Whether a person's keyboard is standard input. */
    readonly inputIsTty: boolean
    /** Whether a screen is standard output, where bytes that are no text do harm. */
    readonly outputIsTty: boolean
    /** Whether a screen is standard error, so that somebody may be watching. */
    readonly errorIsTty: boolean
    /** Whether output may be coloured: a capable TTY, and the user did not ask otherwise (`NO_COLOR`). */
    readonly colors: boolean
    /** Whether it could be, had the user not asked otherwise. */
    readonly canColor: boolean
    /** Bits of a colour, where there are colours: 4 for sixteen colours, 8 for those of xterm, 24 for all. */
    readonly colorDepth: number
    /** What the terminal writes on, as far as its environment says (`COLORFGBG`). */
    readonly background: "dark" | "light" | undefined
    /** Whether signs beyond ASCII may be shown, as far as the locale says. */
    readonly unicode: boolean
    /** Whether the terminal is known to answer, or to ignore, what it is asked who it is. */
    readonly answers: boolean
    /** Cells of the screen now; 80 x 24 when unknown. */
    readonly size: () => TerminalSize
    /** One element each time the size changed. */
    readonly resizes: Stream.Stream<TerminalSize>
    /**
     * Bytes of standard input as they come; ends with standard input. Nothing is read ahead of the consumer, who must
     * be the only one.
     */
    readonly input: Stream.Stream<Uint8Array>
    /** Keys arrive one by one, unechoed, Ctrl-C included, as long as the scope lives. Nothing happens without a TTY. */
    readonly raw: Effect.Effect<void, never, Scope.Scope>
    /**
     * Stops the program as a shell's Ctrl-Z does, with the terminal as it was before `raw`; done when the shell has
     * continued it and the keys arrive one by one again, at once where there is no shell that could continue it.
     * Nothing happens without a TTY.
     */
    readonly suspend: Effect.Effect<void>
    /**
     * Done when the screen is worth drawing again: some 16 ms after the last time, and not before the keys that have
     * arrived by now are in `input`.
     */
    readonly nextFrame: Effect.Effect<void>
    /**
     * To be done between pieces of work: once the program has been busy for some ms, it is done only when the keys that
     * have arrived by then are in `input`. Costs nothing otherwise.
     */
    readonly breathe: Effect.Effect<void>
    /** One element each time somebody asks the program to end (SIGINT), which then nobody else hears of. */
    readonly interrupts: Stream.Stream<void>
    /** One element each time somebody asks the program to stop: while this is listened to, `suspend` has to do it. */
    readonly stops: Stream.Stream<void>
    /** One element each time the program was continued after a stop: what was set on the screen may be gone. */
    readonly continued: Stream.Stream<void>
    /**
     * Writes text without any sequence of control to standard output, after all that was written before; done when the
     * system has taken the last byte, so a slow reader slows the writer down. After a failure all later writes fail
     * too: output is whole up to some point.
     */
    readonly write: (text: string) => Effect.Effect<void, TerminalClosed>
    /**
     * `write` for text with colours, where `canColor` is set, and with moves of the cursor, where `interactive` is.
     * Only what draws the screen has a use for it, and cleans what it draws before.
     */
    readonly paint: (text: string) => Effect.Effect<void, TerminalClosed>
    /** Asks the terminal; its answers come with `input`. No text can do that: an answer looks as if it was typed. */
    readonly ask: (question: Question) => Effect.Effect<void, TerminalClosed>
    /** Turns the terminal to another screen, or has it tell of the wheel of the mouse. No text can do that. */
    readonly order: (order: Order) => Effect.Effect<void, TerminalClosed>
    /**
     * Fetches the attention of whoever is not looking, where the screen is known to bear it; nothing happens elsewhere.
     * The window has its own title back when the program ends, however it does, and while it is stopped.
     */
    readonly signal: (signal: Signal) => Effect.Effect<void, TerminalClosed>
    /** `write` for bytes that need not be text; fails where standard output is a screen. */
    readonly writeBytes: (bytes: Uint8Array) => Effect.Effect<void, TerminalClosed>
    /**
     * Done when what was written is where a full disk can take it back no more; fails when it is not. Only a regular
     * file can be asked; for everything else what `write` said is all that can be known.
     */
    readonly flush: Effect.Effect<void, TerminalClosed>
    /** Writes text without any sequence of control to standard error, best effort. */
    readonly writeError: (text: string) => Effect.Effect<void>
    /**
     * Draws a line on standard error over the one that was drawn before, where standard error is a screen; an empty one
     * wipes it.
     */
    readonly drawStatus: (line: string) => Effect.Effect<void>
  }
>() {}

/**
 * Where the cursor is (DSR 6, which every terminal with moves of the cursor answers). Or who the terminal is: its name
 * and the colour that it writes on, which not all tell, and then what it can do, which all do (XTVERSION, OSC 11, DA1).
 */
export type Question = "position" | "identity"

/** The questions as a terminal understands them. */
export const QUESTIONS: Readonly<Record<Question, string>> = {
  position: "\u001b[6n",
  identity: "\u001b[>q\u001b]11;?\u0007\u001b[c"
}

/**
 * `full`: to the screen without a scrollback, which begins empty. `normal`: back, where the cursor is where it was;
 * `normalBelow`: below all that stands there, as the cursor may be elsewhere after the size has changed.
 */
export type Order = "full" | "normal" | "normalBelow" | "mouse" | "noMouse"

/**
 * The orders as a terminal understands them: xterm's 1049; clicks and the wheel (1000), told in a form without limits
 * (1006). Terminals without another screen are left with an empty one.
 */
export const ORDERS: Readonly<Record<Order, string>> = {
  full: "\u001b[?1049h\u001b[2J\u001b[H",
  normal: "\u001b[2J\u001b[H\u001b[?1049l",
  normalBelow: "\u001b[2J\u001b[H\u001b[?1049l\u001b[999B\r\n",
  mouse: "\u001b[?1000h\u001b[?1006h",
  noMouse: "\u001b[?1006l\u001b[?1000l"
}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/**
 * Standard output takes nothing more. `HungUp`: its reader went away (EPIPE, a terminal's EIO): the program has nobody
 * to talk to and should end quietly. `Failed`: what was written is not there (a full disk, a broken device, no standard
 * output from the start): somebody has to be told.
 */
export class TerminalClosed extends Data.TaggedError("TerminalClosed")<{
  readonly reason: "HungUp" | "Failed"
  readonly message: string
  readonly cause?: unknown
}> {
  static readonly hungUp = (cause: unknown) =>
    new TerminalClosed({ reason: "HungUp", message: "standard output was closed", cause })

  static readonly isScreen = new TerminalClosed({
    reason: "Failed",
    message: "standard output is a screen, where bytes that are no text do harm"
  })
}

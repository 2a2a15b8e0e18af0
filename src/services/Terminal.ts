import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"

/** The standard streams of the program: a person's terminal, or the pipes of another program. */
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
    /** Writes to standard output; done when the system has taken the text, so a slow reader slows the writer down. */
    readonly write: (text: string) => Effect.Effect<void, TerminalClosed>
    /** `write` for bytes that need not be text. */
    readonly writeBytes: (bytes: Uint8Array) => Effect.Effect<void, TerminalClosed>
    /** Writes to standard error, best effort. */
    readonly writeError: (text: string) => Effect.Effect<void>
  }
>() {}

export interface TerminalSize {
  readonly columns: number
  readonly rows: number
}

/** Nobody reads standard output any more (EPIPE): the program has nobody to talk to and should end quietly. */
export class TerminalClosed extends Data.TaggedError("TerminalClosed")<{ readonly cause: unknown }> {
  override readonly message = "standard output was closed"
}

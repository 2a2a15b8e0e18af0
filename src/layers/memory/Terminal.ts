import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Mailbox from "effect/Mailbox"
import * as Stream from "effect/Stream"
import * as TerminalSignal from "../../domain/TerminalSignal.js"
import * as TerminalText from "../../domain/TerminalText.js"
import { ORDERS, QUESTIONS, type Terminal, TerminalClosed, type TerminalSize } from "../../services/Terminal.js"

/** A terminal in memory, and the hands and eyes of the person before it. */
export interface MemoryTerminal {
  readonly terminal: Terminal["Type"]
  /** Presses keys, or writes to the pipe. */
  readonly type: (text: string) => void
  /** Ends standard input. */
  readonly end: () => void
  /** Ctrl-C, where it is no key. */
  readonly interrupt: () => void
  readonly resize: (size: TerminalSize) => void
  /** From now on nobody reads standard output. */
  readonly close: () => void
  /** All that was written to standard output so far. */
  readonly output: () => string
  readonly errors: () => string
  /** Waits until the output since the start contains `text`. */
  readonly shows: (text: string) => Effect.Effect<void>
}

export const make = (
  options: {
    readonly interactive?: boolean
    /** As `interactive` when left out. */
    readonly inputIsTty?: boolean
    readonly colors?: boolean
    readonly size?: TerminalSize
    /** When the next frame may be drawn: at once when left out. */
    readonly nextFrame?: Effect.Effect<void>
  } = {}
): Effect.Effect<MemoryTerminal> =>
  Effect.gen(function* () {
    const { input, interrupts, resizes } = yield* events
    const watchers = new Map<Deferred.Deferred<void>, string>()
    const { colors = false, interactive = false, nextFrame = Effect.yieldNow() } = options
    let { size = { columns: 80, rows: 24 } } = options
    let closed = false
    let [output, errors] = ["", ""]
    const write = (text: string) =>
      Effect.suspend(() => {
        if (closed) return Effect.fail(TerminalClosed.hungUp("closed"))
        output += text
        for (const [deferred, awaited] of watchers) {
          if (!output.includes(awaited)) continue
          watchers.delete(deferred)
          Deferred.unsafeDone(deferred, Effect.void)
        }
        return Effect.void
      })
    const tell = (text: string) =>
      Effect.sync(() => {
        errors += text
      })
    const [decoder, signalled] = [new TextDecoder(), signals()]

    const terminal: Terminal["Type"] = {
      interactive,
      inputIsTty: options.inputIsTty ?? interactive,
      outputIsTty: interactive,
      errorIsTty: interactive,
      colors,
      canColor: colors || interactive,
      size: () => size,
      resizes: Mailbox.toStream(resizes),
      input: Mailbox.toStream(input),
      interrupts: Mailbox.toStream(interrupts),
      ...NO_SHELL,
      nextFrame,
      write: (text) => write(TerminalText.plain(text)),
      paint: (text) => write(TerminalText.painted(text, { colors: colors || interactive, cursor: interactive })),
      ask: (question) => write(QUESTIONS[question]),
      order: (order) => write(ORDERS[order]),
      signal: (signal) => write(interactive ? signalled(signal) : ""),
      writeBytes: (bytes) => (interactive ? TerminalClosed.isScreen : write(decoder.decode(bytes, { stream: true }))),
      writeError: (text) => tell(TerminalText.plain(text)),
      drawStatus: (line) => (interactive ? tell(`\r${TerminalText.plain(line)}${ERASE_REST}`) : Effect.void)
    }
    return {
      terminal,
      type: (text) => input.unsafeOffer(encoder.encode(text)),
      end: () => input.unsafeDone(Exit.void),
      interrupt: () => interrupts.unsafeOffer(undefined),
      resize: (next) => {
        size = next
        resizes.unsafeOffer(next)
      },
      close: () => {
        closed = true
      },
      output: () => output,
      errors: () => errors,
      shows: (text) =>
        Effect.gen(function* () {
          if (output.includes(text)) return
          const deferred = yield* Deferred.make<void>()
          watchers.set(deferred, text)
          yield* Deferred.await(deferred)
        })
    }
  })

/** What the person does. */
const events = Effect.all({
  input: Mailbox.make<Uint8Array>(),
  interrupts: Mailbox.make<void>(),
  resizes: Mailbox.make<TerminalSize>()
})

const encoder = new TextEncoder()

/** The sequences of signals, one after the other. */
const signals = () => {
  let isTitled = false
  return (signal: TerminalSignal.Signal): string => {
    const sequence = TerminalSignal.encode(signal, isTitled)
    if (signal._tag === "Title") isTitled = signal.text !== undefined
    return sequence
  }
}

const NO_SHELL = {
  colorDepth: 4,
  unicode: true,
  background: undefined,
  flush: Effect.void,
  answers: false,
  raw: Effect.void,
  suspend: Effect.void,
  breathe: Effect.void,
  stops: Stream.empty,
  continued: Stream.empty
}

const ERASE_REST = "\u001b[K"

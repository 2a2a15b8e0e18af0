import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import { LineReader } from "../LineReader.js"
import * as Glyphs from "./Glyphs.js"
import { MAX_INPUT, type Ui } from "./Ui.js"
import type { View } from "./View.js"
import { flat, type Printed } from "./Wrap.js"

/**
 * Lines in, lines out, for pipes, simple terminals and screen readers: nothing is drawn anew, and no control
 * characters. Whoever sits before it is told what is asked for, each time that it is something else, and is asked, as
 * at an editor, before Ctrl-C ends what goes on; a pipe has nobody to be asked.
 */
export const make = (view: Pick<View, "prompt">): Effect.Effect<Ui, never, Terminal> =>
  Effect.map(Terminal, (terminal) => {
    /** The prompt that was shown last. */
    let asked = ""
    /** The prompt stands on the last line, and nothing behind it yet. */
    let isOpen = false
    /** Pieces of input that have come. */
    let come = 0
    /** Everything that was typed before the first prompt has come; its echo stands above that. */
    let isAsking = false

    const isAscii = () => !terminal.unicode && terminal.outputIsTty
    const own = (text: string) => (isAscii() ? Glyphs.ascii(text) : text)
    const linesOf = (printed: Printed) => flat(isAscii() ? Glyphs.asciiPrinted(printed) : printed)
    const write = (text: string): Effect.Effect<void, TerminalClosed> =>
      Effect.suspend(() => {
        const prompt = isAsking ? own(view.prompt()) : ""
        const isNew = prompt !== asked
        if (text === "" && !isNew) return Effect.void
        const shown = `${isOpen ? "\n" : ""}${text}${isNew ? prompt : ""}`
        isOpen = isNew && prompt !== ""
        asked = prompt
        return terminal.paint(shown)
      })

    return {
      print: (lines) =>
        Effect.zipRight(write(lines.length === 0 ? "" : `${lines.flatMap(linesOf).join("\n")}\n`), terminal.breathe),
      ...NO_EDITOR,
      read: (handlers) => {
        const reader = new LineReader(MAX_INPUT)
        const accept = (lines: ReturnType<LineReader["push"]>) =>
          Effect.forEach(
            lines,
            (line) =>
              line._tag === "Line"
                ? handlers.line(line.text)
                : Effect.ignore(write(`* a line has at most ${MAX_INPUT} bytes\n`)),
            { discard: true }
          )
        const take = (chunk: Uint8Array) => {
          come++
          const lines = reader.push(chunk)
          // Whoever has typed a line stands at the beginning of the next one.
          if (lines.length > 0) isOpen = false
          return accept(lines)
        }
        const reading = Stream.runForEach(terminal.input, take).pipe(
          Effect.zipRight(Effect.suspend(() => accept(reader.end()))),
          Effect.as("end" as const)
        )
        if (!terminal.inputIsTty) return reading
        const ask = Effect.suspend(() => {
          isAsking = true
          return write("")
        })
        const resting = rested(terminal.nextFrame, () => come)
        const asking = Effect.zipLeft(reading, Effect.zipRight(resting, ask), { concurrent: true })
        const leaves = Effect.suspend(() => {
          // The terminal has written "^C".
          isOpen = true
          return handlers.leave(true)
        })
        const left = Stream.runForEachWhile(terminal.interrupts, () => Effect.map(leaves, (does) => !does))
        return Effect.raceFirst(asking, Effect.as(left, "interrupt" as const))
      }
    }
  })

/** Done when all that was typed by now has come, which a terminal gives a line at a time; `come` counts the pieces. */
const rested = (nextFrame: Effect.Effect<void>, come: () => number): Effect.Effect<void> =>
  Effect.suspend(() => {
    const before = come()
    return Effect.flatMap(nextFrame, () => (come() > before ? rested(nextFrame, come) : Effect.void))
  })

const NO_EDITOR = {
  restore: () => Effect.void,
  begun: () => false,
  recall: () => Effect.void,
  full: Effect.succeed(false),
  clear: Effect.succeed(false)
} as const

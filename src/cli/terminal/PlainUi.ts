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

    const isAscii = () => !terminal.unicode && terminal.outputIsTty
    const own = (text: string) => (isAscii() ? Glyphs.ascii(text) : text)
    const linesOf = (printed: Printed) => flat(isAscii() ? Glyphs.asciiPrinted(printed) : printed)
    const write = (text: string): Effect.Effect<void, TerminalClosed> =>
      Effect.suspend(() => {
        const prompt = terminal.inputIsTty ? own(view.prompt()) : ""
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
      restore: () => Effect.void,
      begun: () => false,
      recall: () => Effect.void,
      full: Effect.succeed(false),
      clear: Effect.succeed(false),
      read: (handlers) => {
        const reader = new LineReader(MAX_INPUT)
        const accept = (lines: ReturnType<LineReader["push"]>) =>
          Effect.forEach(
            lines,
            (line) => {
              // Whoever has typed a line stands at the beginning of the next one.
              isOpen = false
              return line._tag === "Line"
                ? handlers.line(line.text)
                : Effect.ignore(write(`* a line has at most ${MAX_INPUT} bytes\n`))
            },
            { discard: true }
          )
        const reading = write("").pipe(
          Effect.zipRight(Stream.runForEach(terminal.input, (chunk) => accept(reader.push(chunk)))),
          Effect.zipRight(Effect.suspend(() => accept(reader.end()))),
          Effect.as("end" as const)
        )
        if (!terminal.inputIsTty) return reading
        const leaves = Effect.suspend(() => {
          // The terminal has written "^C".
          isOpen = true
          return handlers.leave(true)
        })
        const left = Stream.runForEachWhile(terminal.interrupts, () => Effect.map(leaves, (does) => !does))
        return Effect.raceFirst(reading, Effect.as(left, "interrupt" as const))
      }
    }
  })

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import { LineReader } from "../LineReader.js"
import type { ChatModel } from "./ChatModel.js"
import type { Completion } from "./Completion.js"
import { type Key, KeyDecoder } from "./Keys.js"
import { LineEditor } from "./LineEditor.js"
import { CLEAR, type InputView, PASTE_OFF, PASTE_ON, Screen } from "./Screen.js"
import { flat, type Printed, wrap } from "./Wrap.js"

/** How lines reach the person and come from them. */
export interface Ui {
  /** Prints lines and paragraphs (sanitized, coloured at most), and the prompt as it is now. */
  readonly print: (lines: ReadonlyArray<Printed>) => Effect.Effect<void, TerminalClosed>
  /** Reads until the person ends the input. */
  readonly read: <E>(onLine: (line: string) => Effect.Effect<void, E>) => Effect.Effect<InputEnd, TerminalClosed | E>
}

/** `interrupt`: the person wants to go now. `end`: there is no more input, but what was typed still counts. */
export type InputEnd = "interrupt" | "end"

/** A line editor on a terminal. The terminal is given back as it was when the scope closes. */
export const interactive = (
  chat: ChatModel,
  completion: (before: string) => Effect.Effect<Completion>
): Effect.Effect<Ui, never, Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const editor = new LineEditor()
    const screen = new Screen()
    // Drawing goes by steps from the state before to the state after: two at a time would garble the screen.
    const turn = yield* Effect.makeSemaphore(1)

    const write = (make: () => string) => turn.withPermits(1)(Effect.suspend(() => terminal.write(make())))
    /** What is to be sent if the person says so. */
    let asked: { readonly text: string; readonly lines: number } | undefined
    const view = (columns: number): InputView => ({
      // A line that is quite full would wrap on some terminals.
      status: chat.transfers.status(columns - 1),
      ...(asked === undefined
        ? { prompt: chat.prompt(), before: editor.before, after: editor.after }
        : { prompt: `send ${asked.lines} lines? (y/n) `, before: "", after: "" })
    })
    const draw = (lines: ReadonlyArray<Printed>) =>
      write(() => {
        const size = terminal.size()
        const rows = lines.flatMap((line) => wrap(line, size.columns))
        return screen.draw(rows, view(size.columns), size)
      })

    yield* terminal.raw
    yield* Effect.ignore(terminal.write(PASTE_ON))
    yield* Effect.addFinalizer(() => Effect.ignore(write(() => `${screen.wipe(terminal.size())}${PASTE_OFF}`)))
    yield* Effect.forkScoped(Stream.runForEach(terminal.resizes, () => Effect.ignore(draw([]))))

    const complete = Effect.gen(function* () {
      const { before } = editor
      const { found, start } = yield* completion(before)
      const typed = before.slice(start)
      const common = commonPrefix(found)
      const only = found.length === 1 ? found[0]! : undefined
      if (common.length > typed.length || only !== undefined) {
        editor.before = before.slice(0, start)
        editor.insert(only === undefined || only.endsWith("/") ? common : `${only} `)
        return yield* draw([])
      }
      if (found.length > 0) yield* draw([`  ${found.slice(0, MAX_OFFERED).join("  ")}`])
    })

    /** The text, once the person has agreed to it; it goes back to the line when the answer is no. */
    const answered = (key: Key): string | undefined => {
      const { text } = asked!
      const answer = key._tag === "Text" ? key.text.toLowerCase() : key._tag === "Press" ? key.name : ""
      if (answer === "y") {
        asked = undefined
        return text
      }
      if (answer === "n" || answer === "interrupt") {
        asked = undefined
        editor.set(text)
      }
      return undefined
    }

    const read: Ui["read"] = (onLine) =>
      Effect.gen(function* () {
        const decoder = new KeyDecoder()
        let end: InputEnd = "end"
        yield* draw([])
        yield* Stream.runForEachWhile(terminal.input, (chunk) =>
          Effect.gen(function* () {
            for (const key of decoder.push(chunk)) {
              if (asked !== undefined) {
                const text = answered(key)
                yield* draw([])
                if (text !== undefined) yield* onLine(text)
                continue
              }
              const action = editor.handle(key)
              switch (action._tag) {
                case "None":
                  break
                case "Submit":
                  yield* draw([])
                  yield* onLine(action.text)
                  break
                case "Confirm":
                  asked = action
                  break
                case "Complete":
                  yield* complete
                  break
                case "Redraw":
                  yield* write(() => {
                    screen.wipe(terminal.size())
                    return CLEAR
                  })
                  break
                case "Interrupt":
                  if (!action.empty) break
                  end = "interrupt"
                  return false
                case "EndOfInput":
                  return false
              }
            }
            yield* draw([])
            return true
          })
        )
        return end
      })

    return { print: draw, read }
  })

/** Lines in, lines out, for pipes and simple terminals: no prompt and no control characters. */
export const plain: Effect.Effect<Ui, never, Terminal> = Effect.map(Terminal, (terminal) => ({
  print: (lines) => (lines.length === 0 ? Effect.void : terminal.write(`${lines.flatMap(flat).join("\n")}\n`)),
  read: (onLine) => {
    const reader = new LineReader(MAX_INPUT)
    const accept = (lines: ReturnType<LineReader["push"]>) =>
      Effect.forEach(
        lines,
        (line) =>
          line._tag === "Line"
            ? onLine(line.text)
            : Effect.ignore(terminal.write(`* a line has at most ${MAX_INPUT} bytes\n`)),
        { discard: true }
      )
    return terminal.input.pipe(
      Stream.runForEach((chunk) => accept(reader.push(chunk))),
      Effect.zipRight(Effect.suspend(() => accept(reader.end()))),
      Effect.as("end" as const)
    )
  }
}))

/** The longest message and a command before it. */
const MAX_INPUT = SafeText.MAX_TEXT + 1024
/** Completions shown at a time: a few rows. */
const MAX_OFFERED = 40

const commonPrefix = (words: ReadonlyArray<string>): string => {
  let prefix = words[0] ?? ""
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}

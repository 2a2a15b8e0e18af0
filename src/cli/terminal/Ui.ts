import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
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

    const giveBack = Effect.ignore(write(() => `${screen.wipe(terminal.size())}${PASTE_OFF}`))
    /** After a stop other programs have written to the screen: the bottom lines are drawn anew below. */
    const takeAgain = Effect.ignore(
      Effect.zipRight(
        write(() => {
          screen.wipe(terminal.size())
          return PASTE_ON
        }),
        draw([])
      )
    )
    const suspend = Effect.zipRight(giveBack, Effect.zipRight(terminal.suspend, takeAgain))
    yield* terminal.raw
    yield* Effect.ignore(terminal.write(PASTE_ON))
    yield* Effect.addFinalizer(() => giveBack)
    yield* Effect.forkScoped(Stream.runForEach(terminal.resizes, () => Effect.ignore(draw([]))))
    yield* Effect.forkScoped(Stream.runForEach(terminal.stops, () => suspend))
    yield* Effect.forkScoped(Stream.runForEach(terminal.continued, () => takeAgain))

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

    const refuse = (length: number) =>
      draw([`* that is ${length} characters, and a message has at most ${MAX_MESSAGE} bytes: ${AS_A_FILE}`])

    /** Does what a key asks for; gives how the input ends, if it does. */
    const press = <E>(key: Key, onLine: (line: string) => Effect.Effect<void, E>) =>
      Effect.gen(function* () {
        if (asked !== undefined) {
          const text = answered(key)
          yield* draw([])
          if (text !== undefined) yield* onLine(text)
          return
        }
        const action = editor.handle(key)
        switch (action._tag) {
          case "None":
            return
          case "Submit":
            if (isTooLong(action.text)) {
              editor.set(action.text)
              return yield* refuse(action.text.length)
            }
            yield* draw([])
            return yield* onLine(action.text)
          case "Confirm":
            asked = action
            return
          case "Overlong":
            return yield* refuse(action.length)
          case "Complete":
            return yield* complete
          case "Suspend":
            return yield* suspend
          case "Redraw":
            return yield* write(() => {
              screen.wipe(terminal.size())
              return CLEAR
            })
          case "Interrupt":
            return action.empty ? "interrupt" : undefined
          case "EndOfInput":
            return "end"
        }
      })

    const read: Ui["read"] = (onLine) =>
      Effect.gen(function* () {
        const decoder = new KeyDecoder()
        const oneAtATime = yield* Effect.makeSemaphore(1)
        let end: InputEnd = "end"
        const pressAll = (keys: () => ReadonlyArray<Key>) =>
          Effect.gen(function* () {
            for (const key of keys()) {
              const ended = yield* press(key, onLine)
              if (ended === undefined) continue
              end = ended
              return false
            }
            yield* draw([])
            return true
          }).pipe(oneAtATime.withPermits(1))
        /** What was pasted stands on the line even when its end mark never comes; the person decides about it. */
        const endPaste = Effect.zipRight(
          Effect.sleep(PASTE_PAUSE),
          pressAll(() => decoder.endPaste())
        )
        let waiting: Fiber.Fiber<unknown, unknown> | undefined
        yield* draw([])
        yield* Stream.runForEachWhile(terminal.input, (chunk) =>
          Effect.gen(function* () {
            if (waiting !== undefined) yield* Fiber.interrupt(waiting)
            const goesOn = yield* pressAll(() => decoder.push(chunk))
            waiting = decoder.isPasting ? yield* Effect.forkScoped(endPaste) : undefined
            return goesOn
          })
        )
        return end
      }).pipe(Effect.scoped)

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
const MAX_INPUT = MAX_MESSAGE + 1024
/** Without input for that long a paste has ended, whatever its terminal forgot to say. */
const PASTE_PAUSE = "2 seconds"
const AS_A_FILE = "nothing of it was taken; put it in a file and say /send PATH"

/** Whether nobody can be sent this line, or what a command in it says. */
const isTooLong = (line: string): boolean =>
  new TextEncoder().encode(line).length > (line.startsWith("/") ? MAX_INPUT : MAX_MESSAGE)

/** Completions shown at a time: a few rows. */
const MAX_OFFERED = 40

const commonPrefix = (words: ReadonlyArray<string>): string => {
  let prefix = words[0] ?? ""
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}

import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import stringWidth from "string-width"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import { LineReader } from "../LineReader.js"
import type { Completion } from "./Completion.js"
import { Drafts } from "./Drafts.js"
import { type Key, KeyDecoder } from "./Keys.js"
import type { EditorAction, LineEditor } from "./LineEditor.js"
import { CLEAR, type InputView, PASTE_OFF, PASTE_ON, Screen } from "./Screen.js"
import type { Action, View } from "./View.js"
import { flat, type Printed, wrap } from "./Wrap.js"

/** How lines reach the person and come from them. */
export interface Ui {
  /** Prints lines and paragraphs (sanitized, coloured at most), and the prompt as it is now. */
  readonly print: (lines: ReadonlyArray<Printed>) => Effect.Effect<void, TerminalClosed>
  /** Reads until the person ends the input. */
  readonly read: <E>(handlers: Handlers<E>) => Effect.Effect<InputEnd, TerminalClosed | E>
  /** Puts text back that was typed and not sent, unless something else has been typed for the same conversation. */
  readonly restore: (text: string) => Effect.Effect<void, TerminalClosed>
}

/** Who hears of what the person does. */
export interface Handlers<E> {
  readonly line: (line: string) => Effect.Effect<void, E>
  readonly action: (action: Action) => Effect.Effect<void, E>
  /** Ctrl-C, or Ctrl-D, on an empty line: whether the input ends with it. */
  readonly leave: Effect.Effect<boolean, E>
}

/** `interrupt`: the person wants to go now. `end`: there is no more input, but what was typed still counts. */
export type InputEnd = "interrupt" | "end"

/** A line editor on a terminal. The terminal is given back as it was when the scope closes. */
export const interactive = (
  view: View,
  completion: (before: string) => Effect.Effect<Completion>
): Effect.Effect<Ui, never, Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const ui = new EditorUi({ terminal, view, completion, turn: yield* Effect.makeSemaphore(1) })
    yield* terminal.raw
    yield* Effect.ignore(terminal.paint(PASTE_ON))
    yield* Effect.addFinalizer(() => ui.giveBack)
    yield* Effect.forkScoped(Stream.runForEach(terminal.resizes, () => Effect.ignore(ui.print([]))))
    yield* Effect.forkScoped(Stream.runForEach(terminal.stops, () => ui.suspend))
    yield* Effect.forkScoped(Stream.runForEach(terminal.continued, () => ui.takeAgain))
    return ui
  })

class EditorUi implements Ui {
  readonly #terminal: Terminal["Type"]
  readonly #program: View
  readonly #completion: (before: string) => Effect.Effect<Completion>
  readonly #turn: Effect.Semaphore
  readonly #drafts = new Drafts()
  readonly #screen = new Screen()
  /** What is to be sent if the person says so. */
  #asked: { readonly text: string; readonly lines: number } | undefined

  /** What could stand at the cursor, until the next key. */
  #offered: ReadonlyArray<string> = []

  constructor(parts: {
    readonly terminal: Terminal["Type"]
    readonly view: View
    readonly completion: (before: string) => Effect.Effect<Completion>
    /** Drawing goes by steps from the state before to the state after: two at a time would garble the screen. */
    readonly turn: Effect.Semaphore
  }) {
    this.#terminal = parts.terminal
    this.#program = parts.view
    this.#completion = parts.completion
    this.#turn = parts.turn
  }

  readonly print = (lines: ReadonlyArray<Printed>): Effect.Effect<void, TerminalClosed> =>
    this.#write(() => {
      const size = this.#terminal.size()
      const rows = lines.flatMap((line) => wrap(line, size.columns))
      return this.#screen.draw(rows, this.#view(size.columns), size)
    })

  readonly restore = (text: string): Effect.Effect<void, TerminalClosed> =>
    Effect.suspend(() => {
      if (this.#editor.text === "") this.#editor.set(text)
      return this.print([])
    })

  readonly read = <E>(handlers: Handlers<E>): Effect.Effect<InputEnd, TerminalClosed | E> =>
    Effect.gen(this, function* () {
      const decoder = new KeyDecoder()
      const oneAtATime = yield* Effect.makeSemaphore(1)
      let end: InputEnd = "end"
      const pressAll = (keys: () => ReadonlyArray<Key>) =>
        Effect.gen(this, function* () {
          for (const key of keys()) {
            const ended = yield* this.#press(key, handlers)
            if (ended === undefined) continue
            end = ended
            return false
          }
          yield* this.print([])
          return true
        }).pipe(oneAtATime.withPermits(1))
      /** What was pasted stands on the line even when its end mark never comes; the person decides about it. */
      const endPaste = Effect.zipRight(
        Effect.sleep(PASTE_PAUSE),
        pressAll(() => decoder.endPaste())
      )
      let waiting: Fiber.Fiber<unknown, unknown> | undefined
      yield* this.print([])
      yield* Stream.runForEachWhile(this.#terminal.input, (chunk) =>
        Effect.gen(function* () {
          if (waiting !== undefined) yield* Fiber.interrupt(waiting)
          const goesOn = yield* pressAll(() => decoder.push(chunk))
          waiting = decoder.isPasting ? yield* Effect.forkScoped(endPaste) : undefined
          return goesOn
        })
      )
      return end
    }).pipe(Effect.scoped)

  /** Leaves nothing of the bottom lines, and has pastes no longer marked. */
  get giveBack(): Effect.Effect<void> {
    return Effect.ignore(this.#write(() => `${this.#screen.wipe(this.#terminal.size())}${PASTE_OFF}`))
  }

  /** After a stop other programs have written to the screen: the bottom lines are drawn anew below. */
  get takeAgain(): Effect.Effect<void> {
    const wiped = this.#write(() => {
      this.#screen.wipe(this.#terminal.size())
      return PASTE_ON
    })
    return Effect.ignore(Effect.zipRight(wiped, this.print([])))
  }

  get suspend(): Effect.Effect<void> {
    return Effect.zipRight(this.giveBack, Effect.zipRight(this.#terminal.suspend, this.takeAgain))
  }

  get #editor(): LineEditor {
    return this.#drafts.of(this.#program.conversation)
  }

  #write(make: () => string): Effect.Effect<void, TerminalClosed> {
    return this.#turn.withPermits(1)(Effect.suspend(() => this.#terminal.paint(make())))
  }

  #view(columns: number): InputView {
    const { after, before } = this.#editor
    // A line that is quite full would wrap on some terminals.
    const status = this.#program.status(columns - 1)
    return {
      status: this.#offered.length === 0 ? status : [...status, menu(this.#offered, columns - 1)],
      ...(this.#asked === undefined
        ? { prompt: this.#program.prompt(), before, after }
        : { prompt: `send ${this.#asked.lines} lines? (y/n) `, before: "", after: "" })
    }
  }

  /** Does what a key asks for; gives how the input ends, if it does. */
  #press<E>(key: Key, handlers: Handlers<E>): Effect.Effect<InputEnd | undefined, TerminalClosed | E> {
    return Effect.gen(this, function* () {
      this.#offered = []
      if (this.#asked !== undefined) {
        const text = this.#answered(key, this.#asked.text)
        yield* this.print([])
        if (text !== undefined) yield* handlers.line(text)
        return undefined
      }
      const action = this.#editor.handle(key)
      switch (action._tag) {
        case "Interrupt":
          return action.empty && (yield* handlers.leave) ? "interrupt" : undefined
        case "EndOfInput":
          return (yield* handlers.leave) ? "end" : undefined
        default:
          yield* this.#act(action, handlers)
          return undefined
      }
    })
  }

  #act<E>(
    action: Exclude<EditorAction, { readonly _tag: "Interrupt" | "EndOfInput" }>,
    handlers: Handlers<E>
  ): Effect.Effect<void, TerminalClosed | E> {
    switch (action._tag) {
      case "None":
        return Effect.void
      case "Submit":
        if (!isTooLong(action.text)) return Effect.zipRight(this.print([]), handlers.line(action.text))
        this.#editor.set(action.text)
        return this.#refuse(action.text.length)
      case "Confirm":
        this.#asked = action
        return Effect.void
      case "Overlong":
        return this.#refuse(action.length)
      case "Complete":
        return this.#complete
      case "Ask":
        return handlers.action(action.action)
      case "Suspend":
        return this.suspend
      case "Redraw":
        return this.#write(() => {
          this.#screen.wipe(this.#terminal.size())
          return CLEAR
        })
    }
  }

  /** The text, once the person has agreed to it; it goes back to the line when the answer is no. */
  #answered(key: Key, text: string): string | undefined {
    const answer = key._tag === "Text" ? key.text.toLowerCase() : key._tag === "Press" ? key.name : ""
    if (answer === "y" || answer === "n" || answer === "interrupt") this.#asked = undefined
    if (answer === "n" || answer === "interrupt") this.#editor.set(text)
    return answer === "y" ? text : undefined
  }

  #refuse(length: number): Effect.Effect<void, TerminalClosed> {
    return this.print([`* that is ${length} characters, and a message has at most ${MAX_MESSAGE} bytes: ${AS_A_FILE}`])
  }

  get #complete(): Effect.Effect<void, TerminalClosed> {
    return Effect.gen(this, function* () {
      const { before } = this.#editor
      const { found, start } = yield* this.#completion(before)
      const typed = before.slice(start)
      const common = commonPrefix(found)
      const only = found.length === 1 ? found[0]! : undefined
      if (common.length > typed.length || only !== undefined) {
        this.#editor.before = before.slice(0, start)
        this.#editor.insert(only === undefined || only.endsWith("/") ? common : `${only} `)
        return yield* this.print([])
      }
      this.#offered = found
      yield* this.print([])
    })
  }
}

/** Lines in, lines out, for pipes and simple terminals: no prompt and no control characters. */
export const plain: Effect.Effect<Ui, never, Terminal> = Effect.map(Terminal, (terminal) => ({
  print: (lines) => (lines.length === 0 ? Effect.void : terminal.paint(`${lines.flatMap(flat).join("\n")}\n`)),
  restore: () => Effect.void,
  read: (handlers) => {
    const reader = new LineReader(MAX_INPUT)
    const accept = (lines: ReturnType<LineReader["push"]>) =>
      Effect.forEach(
        lines,
        (line) =>
          line._tag === "Line"
            ? handlers.line(line.text)
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

/** Whether this line, or the text of a command in it, is more than a message can hold. */
const isTooLong = (line: string): boolean =>
  new TextEncoder().encode(line).length > (line.startsWith("/") ? MAX_INPUT : MAX_MESSAGE)

/** As many of what is offered as there is room for, in one row. */
const menu = (offered: ReadonlyArray<string>, columns: number): string => {
  let row = ""
  for (const [index, name] of offered.entries()) {
    const more = index + 1 < offered.length ? `  … ${offered.length - index - 1} more` : ""
    const next = `${row}  ${name}`
    if (stringWidth(next + more) > columns) return index === 0 ? "" : `${row}  … ${offered.length - index} more`
    row = next
  }
  return row
}

const commonPrefix = (words: ReadonlyArray<string>): string => {
  let prefix = words[0] ?? ""
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}

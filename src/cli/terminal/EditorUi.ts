import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import stringWidth from "string-width"
import type { InputLine } from "../../core/history/InputLines.js"
import * as SafeText from "../../domain/SafeText.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import { Terminal, type TerminalClosed } from "../../services/Terminal.js"
import type { Completion } from "./Completion.js"
import { Drafts } from "./Drafts.js"
import type { Answer, Key, Stroke } from "./Key.js"
import { KeyDecoder } from "./Keys.js"
import type { InputView } from "./Layout.js"
import type { EditorAction, LineEditor } from "./LineEditor.js"
import * as Painter from "./Painter.js"
import { type Handlers, type InputEnd, MAX_INPUT, type Ui } from "./Ui.js"
import type { Action, View } from "./View.js"
import { cut, type Printed } from "./Wrap.js"

/** A line editor on a terminal. The terminal is given back as it was when the scope closes. */
export const make = ({
  completion,
  heard = () => {},
  keep = () => Effect.void,
  view
}: {
  readonly view: View
  readonly completion: (before: string) => Effect.Effect<Completion>
  /** Hears what the terminal says of itself. */
  readonly heard?: (answer: Answer) => void
  /** Takes each line that was typed by hand, for later runs. */
  readonly keep?: (line: InputLine) => Effect.Effect<void>
}): Effect.Effect<Ui, never, Terminal | Scope.Scope> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal
    const drafts = new Drafts()
    const state: State = { question: undefined, offered: [] }
    const painter = yield* Painter.make(terminal, {
      view,
      typed: (columns) => typed(view, drafts.of(view.conversation), state, columns)
    })
    const scope = yield* Effect.scope
    const ui = new EditorUi({ terminal, view, completion, heard, keep, drafts, state, painter, scope })
    yield* terminal.raw
    yield* Effect.ignore(terminal.paint(SET))
    if (terminal.answers) yield* Effect.ignore(terminal.ask("identity"))
    yield* Effect.addFinalizer(() => Effect.zipRight(painter.leave(UNSET), ui.drain))
    yield* painter.run
    yield* Effect.forkScoped(Stream.runForEach(terminal.stops, () => ui.suspend))
    yield* Effect.forkScoped(Stream.runForEach(terminal.continued, () => ui.continued))
    return ui
  })

/** What stands between the person and the line. */
interface State {
  /** Whether to send so many lines, until it is answered. Texts that are no answer wait for it. */
  question: { readonly lines: number; readonly editor: LineEditor; readonly waiting: Array<Typed> } | undefined
  /** What could stand at the cursor, until the next key. */
  offered: ReadonlyArray<string>
}

/** What puts text into the draft. */
type Typed = Extract<Stroke, { readonly text: string }>

/** What the editor is made of. */
interface Parts {
  readonly terminal: Terminal["Type"]
  readonly view: View
  readonly completion: (before: string) => Effect.Effect<Completion>
  readonly heard: (answer: Answer) => void
  readonly keep: (line: InputLine) => Effect.Effect<void>
  readonly drafts: Drafts
  readonly state: State
  readonly painter: Painter.Painter
  readonly scope: Scope.Scope
}

class EditorUi implements Ui {
  readonly #parts: Parts
  /** The terminal has answered all that it was asked at the beginning. */
  #answered = false
  #isSuspending = false
  /** The last key asked to leave. */
  #isLeaving = false
  /** Older messages are being looked for. */
  #isLooking = false

  constructor(parts: Parts) {
    this.#parts = parts
  }

  readonly print = (lines: ReadonlyArray<Printed>): Effect.Effect<void, TerminalClosed> =>
    this.#parts.painter.print(lines)

  readonly recall = (lines: ReadonlyArray<InputLine>): Effect.Effect<void> =>
    Effect.sync(() => this.#parts.drafts.precede(lines))

  readonly clear: Effect.Effect<boolean, TerminalClosed> = Effect.suspend(() =>
    Effect.as(this.#parts.painter.clear, true)
  )

  readonly full: Effect.Effect<boolean, TerminalClosed> = Effect.suspend(() => {
    const { painter, view } = this.#parts
    const isFull = !painter.isFull
    view.showWhole(isFull)
    return Effect.as(isFull ? painter.enter : painter.return, true)
  })

  readonly begun = (): boolean => this.#editor.text !== ""

  readonly restore = (text: string): Effect.Effect<void, TerminalClosed> =>
    Effect.suspend(() => {
      if (this.#editor.text === "") this.#editor.set(text)
      return this.#parts.painter.type
    })

  readonly read = <E>(handlers: Handlers<E>): Effect.Effect<InputEnd, TerminalClosed | E> =>
    Effect.gen(this, function* () {
      const decoder = new KeyDecoder()
      const oneAtATime = yield* Effect.makeSemaphore(1)
      let end: InputEnd = "end"
      const pressAll = (keys: () => ReadonlyArray<Key>) =>
        Effect.gen(this, function* () {
          for (const key of keys()) {
            if (key._tag === "Answer") {
              this.#hear(key.answer)
              continue
            }
            const ended = yield* this.#press(key, handlers)
            if (ended === undefined) continue
            end = ended
            return false
          }
          yield* this.#parts.painter.type
          return true
        }).pipe(oneAtATime.withPermits(1))
      let waiting: Fiber.Fiber<unknown, unknown> | undefined
      yield* this.#parts.painter.draw
      yield* Stream.runForEachWhile(this.#parts.terminal.input, (chunk) =>
        Effect.gen(function* () {
          if (waiting !== undefined) yield* Fiber.interrupt(waiting)
          const goesOn = yield* pressAll(() => decoder.push(chunk))
          const { patience } = decoder
          waiting =
            patience === undefined
              ? undefined
              : yield* Effect.forkScoped(
                  Effect.zipRight(Effect.sleep(patience), Effect.uninterruptible(pressAll(() => decoder.expire())))
                )
          return goesOn
        })
      )
      return end
    }).pipe(Effect.scoped)

  /** Takes in what the terminal still has to answer: the shell would take it for typed. */
  get drain(): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (!this.#parts.terminal.answers || this.#answered) return Effect.void
      const decoder = new KeyDecoder()
      return this.#parts.terminal.input.pipe(
        Stream.runForEachWhile((chunk) =>
          Effect.sync(() => {
            for (const key of decoder.push(chunk)) if (key._tag === "Answer") this.#hear(key.answer)
            return !this.#answered
          })
        ),
        // The end of the program cannot be interrupted, but this wait for a terminal that never answers.
        Effect.interruptible,
        Effect.timeoutOption(ANSWER),
        Effect.asVoid
      )
    })
  }

  get suspend(): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      this.#isSuspending = true
      const { isFull } = this.#parts.painter
      yield* this.#parts.painter.leave(UNSET)
      yield* this.#parts.terminal.suspend
      this.#isSuspending = false
      yield* this.#parts.painter.takeAgain(SET)
      if (isFull) yield* Effect.ignore(this.#parts.painter.enter)
    })
  }

  /** Somebody else has stopped us and had us go on; our own stop ends in `suspend`. */
  get continued(): Effect.Effect<void> {
    return Effect.suspend(() => (this.#isSuspending ? Effect.void : this.#parts.painter.takeAgain(SET)))
  }

  get #editor(): LineEditor {
    return this.#parts.drafts.of(this.#parts.view.conversation)
  }

  /** What the terminal says of itself. */
  #hear(answer: Answer): void {
    if (answer._tag === "Position") this.#parts.painter.heard(answer)
    if (answer._tag === "Name") this.#parts.painter.knows(answer.name)
    if (answer._tag === "Attributes") this.#answered = true
    this.#parts.heard(answer)
  }

  /** Does what a key asks for; gives how the input ends, if it does. */
  #press<E>(key: Stroke, handlers: Handlers<E>): Effect.Effect<InputEnd | undefined, TerminalClosed | E> {
    return Effect.gen(this, function* () {
      this.#parts.state.offered = []
      const again = this.#isLeaving
      this.#isLeaving = false
      if (key._tag === "Press" && key.name === "escape") this.#parts.painter.toEnd()
      if (this.#parts.state.question !== undefined) return yield* this.#answer(key, handlers)
      const action = this.#editor.handle(key)
      switch (action._tag) {
        case "Interrupt":
          if (!action.empty) return undefined
          this.#isLeaving = true
          return (yield* handlers.leave(again)) ? "interrupt" : undefined
        case "EndOfInput":
          this.#isLeaving = true
          return (yield* handlers.leave(again)) ? "end" : undefined
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
        return this.#submit(this.#editor, handlers)
      case "Confirm":
        this.#parts.state.question = { lines: action.lines, editor: this.#editor, waiting: [] }
        return Effect.void
      case "Overlong":
        return this.#refuse(action.bytes)
      case "Complete":
        return this.#complete
      case "Ask":
        return this.#ask(action.action, handlers)
      case "Suspend":
        return this.suspend
      case "Redraw":
        return this.#parts.painter.clear
    }
  }

  /** What turns the screen is done here and at once; everything else is for the program. */
  #ask<E>(action: Action, handlers: Handlers<E>): Effect.Effect<void, TerminalClosed | E> {
    if (action._tag === "Full") return Effect.asVoid(this.full)
    if (action._tag !== "Page" && action._tag !== "Scroll") {
      this.#parts.drafts.turned()
      return handlers.action(action)
    }
    return Effect.flatMap(
      this.#parts.painter.scroll(action._tag === "Page" ? "page" : "wheel", action.direction),
      (wanted) => (wanted === undefined || this.#isLooking ? Effect.void : this.#look(wanted))
    )
  }

  /** Looks for what is older, while the keys go on. */
  #look({ before, conversation }: { readonly conversation: string; readonly before: number }): Effect.Effect<void> {
    const { painter, scope, view } = this.#parts
    this.#isLooking = true
    const look = view.earlier(conversation, before).pipe(
      Effect.tap(() => Effect.sync(() => (this.#isLooking = false))),
      Effect.flatMap((earlier) => Effect.ignore(painter.found(conversation, earlier)))
    )
    return Effect.asVoid(Effect.forkIn(look, scope))
  }

  #submit<E>(editor: LineEditor, handlers: Handlers<E>): Effect.Effect<void, TerminalClosed | E> {
    const { text } = editor
    if (isTooLong(text)) return this.#refuse(Buffer.byteLength(text))
    const { drafts, keep, painter, view } = this.#parts
    const kept = editor.isTyped ? keep({ conversation: view.conversation, text }) : Effect.void
    editor.accepted()
    drafts.submitted()
    painter.toEnd()
    return painter.type.pipe(Effect.zipRight(handlers.line(text)), Effect.zipRight(kept))
  }

  /**
   * Yes or no to the question, as long as nothing else was typed: a word with a "y" in it is no answer. What else is
   * typed goes to the draft when there is one. Keys that show nothing are no answer either, and do not wait: an Enter
   * would ask again, and the next key be taken for the answer to that.
   */
  #answer<E>(key: Stroke, handlers: Handlers<E>): Effect.Effect<InputEnd | undefined, TerminalClosed | E> {
    return Effect.gen(this, function* () {
      const { editor, waiting } = this.#parts.state.question!
      const name = key._tag === "Press" ? key.name : key._tag === "Text" ? key.text.toLowerCase() : ""
      const isNo = name === "interrupt" || name === "escape"
      if (isNo || (waiting.length === 0 && (name === "y" || name === "n"))) {
        this.#parts.state.question = undefined
        if (name === "y") yield* this.#submit(editor, handlers)
        for (const later of waiting) {
          const ended = yield* this.#press(later, handlers)
          if (ended !== undefined) return ended
        }
      } else if (key._tag === "Text" || key._tag === "Paste") {
        if (waiting.length < MAX_TYPED_AHEAD) waiting.push(key)
      } else if (name === "backspace") waiting.pop()
      else if (name === "suspend") yield* this.suspend
      else if (name === "redraw") yield* this.#parts.painter.clear
      else if (key._tag === "Ask" && (key.action._tag === "Page" || key.action._tag === "Scroll"))
        yield* this.#ask(key.action, handlers)
      return undefined
    })
  }

  #refuse(bytes: number): Effect.Effect<void, TerminalClosed> {
    return this.print([`* that is ${bytes} bytes, and a message has at most ${MAX_MESSAGE}: ${AS_A_FILE}`])
  }

  get #complete(): Effect.Effect<void, TerminalClosed> {
    return Effect.gen(this, function* () {
      const { before } = this.#editor
      const { found, start } = yield* this.#parts.completion(before)
      const typed = before.slice(start)
      const common = commonPrefix(found)
      const only = found.length === 1 ? found[0]! : undefined
      if (common.length > typed.length || only !== undefined) {
        this.#editor.before = before.slice(0, start)
        this.#editor.insert(only === undefined || only.endsWith("/") ? common : `${only} `)
      } else this.#parts.state.offered = found
    })
  }
}

const typed = (view: View, editor: LineEditor, { offered, question }: State, columns: number): InputView => {
  // A line that is quite full would wrap on some terminals.
  const status = view.status(columns - 1)
  const rows = offered.length === 0 ? status : [...status, menu(offered, columns - 1)]
  if (question !== undefined) {
    const ahead = question.waiting.map(({ text }) => text).join("")
    const how = question.waiting.length === 0 ? "y/n" : "Ctrl-C: no"
    return { status: rows, prompt: `send ${question.lines} lines? (${how}) `, before: ahead, after: "" }
  }
  const { after, before, searching } = editor
  return {
    status: rows,
    prompt:
      searching === undefined
        ? view.prompt()
        : `${searching.found ? "search" : "not found"} '${SafeText.line(searching.words, MAX_WORDS)}': `,
    before,
    after
  }
}

/** What is pasted is marked, so that line breaks in it are told from the Enter key; and the focus is told. */
const SET = "\u001b[?2004h\u001b[?1004h"
const UNSET = "\u001b[?2004l\u001b[?1004l"

/** A terminal is that slow only at the other end of the world. */
const ANSWER = "300 millis"

/** Keys that wait for an answer: more than anybody types without looking. */
const MAX_TYPED_AHEAD = 256
/** Characters shown of what is looked for. */
const MAX_WORDS = 40
const AS_A_FILE = "nothing of it was taken; put it in a file and say /send PATH"

/** Whether this line, or the text of a command in it, is more than a message can hold. */
const isTooLong = (line: string): boolean =>
  new TextEncoder().encode(line).length > (line.startsWith("/") ? MAX_INPUT : MAX_MESSAGE)

/** As many of what is offered as there is room for, in one row; of paths in one folder, what stands behind that. */
const menu = (offered: ReadonlyArray<string>, columns: number): string => {
  const folder = commonPrefix(offered).lastIndexOf("/") + 1
  let row = ""
  for (const [index, name] of offered.entries()) {
    const more = index + 1 < offered.length ? `  … ${offered.length - index - 1} more` : ""
    // The slash of a command is no folder.
    const next = `${row}  ${folder > 1 ? name.slice(folder) : name}`
    if (stringWidth(next + more) > columns)
      return index === 0 ? cut(next, columns - stringWidth(more)) + more : `${row}  … ${offered.length - index} more`
    row = next
  }
  return row
}

const commonPrefix = (words: ReadonlyArray<string>): string => {
  let prefix = words[0] ?? ""
  for (const word of words) while (!word.startsWith(prefix)) prefix = prefix.slice(0, -1)
  return prefix
}

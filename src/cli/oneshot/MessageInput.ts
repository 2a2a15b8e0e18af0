import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Bytes from "../../protocol/Bytes.js"
import { MAX_MESSAGE } from "../../protocol/ChatRecord.js"
import { Terminal } from "../../services/Terminal.js"
import { ExitCode } from "../ExitCode.js"
import { ProgramError } from "../ProgramError.js"

/**
 * The message that is meant by `text` on the command line: itself; all of standard input without the line break at its
 * end for `-`, and for none unless standard input is the keyboard, where a person would wonder why nothing happens.
 */
export const read = (text: string | undefined): Effect.Effect<string, ProgramError, Terminal> =>
  Effect.flatMap(Terminal, ({ inputIsTty }) => {
    if (text !== undefined && text !== "-") return check(text)
    return text === undefined && inputIsTty
      ? wrong("say what to send, or - to type it here and end with Ctrl-D")
      : fromInput
  })

/** Reads no more than what can be sent. */
const fromInput: Effect.Effect<string, ProgramError, Terminal> = Effect.gen(function* () {
  const { input } = yield* Terminal
  const chunks: Array<Uint8Array> = []
  let size = 0
  yield* Stream.runForEachWhile(input, (chunk) =>
    Effect.sync(() => {
      chunks.push(chunk)
      size += chunk.length
      return size <= MAX_MESSAGE + LINE_BREAK
    })
  )
  if (size > MAX_MESSAGE + LINE_BREAK) return yield* wrong(TOO_LONG)
  const text = Bytes.toText(Bytes.concat(chunks))
  if (text === undefined)
    return yield* wrong("standard input is not UTF-8 text: send it as a file (parley send-file -)")
  return yield* check(text.replace(/\r?\n$/, ""))
})

/** The text, if a message can hold it. */
const check = (text: string): Effect.Effect<string, ProgramError> => {
  if (text === "") return wrong("there is nothing to send: the message is empty")
  return new TextEncoder().encode(text).length > MAX_MESSAGE ? wrong(TOO_LONG) : Effect.succeed(text)
}

const wrong = (message: string) => new ProgramError({ message, exitCode: ExitCode.usage, code: "BadMessage" })

const TOO_LONG = `a message has at most ${MAX_MESSAGE / 1024} KiB: send it as a file (parley send-file)`

/** Bytes of the longest line break, which is not part of the message. */
const LINE_BREAK = 2

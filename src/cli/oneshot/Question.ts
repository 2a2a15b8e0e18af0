import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as SafeText from "../../domain/SafeText.js"
import { Terminal } from "../../services/Terminal.js"

/** Asks on standard error and waits for a line; whatever begins with y is a yes, the end of input a no. */
export const ask = (question: string): Effect.Effect<boolean, never, Terminal> =>
  Effect.gen(function* () {
    const { input, writeError } = yield* Terminal
    yield* writeError(`${SafeText.line(question)} (y/n) `)
    const decoder = new TextDecoder()
    let line = ""
    yield* Stream.runForEachWhile(input, (chunk) =>
      Effect.sync(() => {
        line += decoder.decode(chunk, { stream: true })
        return !line.includes("\n") && line.length < MAX_ANSWER
      })
    )
    return /^\s*y/i.test(line)
  })

/** Characters of an answer that are looked at. */
const MAX_ANSWER = 256

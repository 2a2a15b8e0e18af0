import type * as Effect from "effect/Effect"
import * as SafeText from "../domain/SafeText.js"
import type { Terminal } from "../services/Terminal.js"

/** What is wrong, in one line on standard error, whatever the sentence was made of. */
export const tell = ({ writeError }: Terminal["Type"], message: string): Effect.Effect<void> =>
  writeError(`parley: ${SafeText.line(message.trim().replace(/\s*\n\s*/g, " "), MAX_COMPLAINT)}\n`)

/** UTF-16 code units: a path of 4,096 and the sentence around it. */
const MAX_COMPLAINT = 6 * SafeText.MAX_LINE

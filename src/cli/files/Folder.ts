import * as Effect from "effect/Effect"
import * as SafeText from "../../domain/SafeText.js"
import { Files } from "../../services/Files.js"
import { ProgramError } from "../ProgramError.js"

/** Fails when nothing can be put into the folder: better said at the start than when somebody has sent something. */
export const check = (path: string): Effect.Effect<void, ProgramError, Files> =>
  Effect.flatMap(Files, ({ directory }) =>
    Effect.mapError(
      directory(path),
      ({ message }) => new ProgramError({ message: SafeText.line(message), code: "File" })
    )
  )

import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as SafeText from "../../domain/SafeText.js"
import { Files } from "../../services/Files.js"
import { ProgramError } from "../ProgramError.js"

/**
 * Fails when nothing can be put into the folder: people want to know that at the start, and not when something was sent
 * to them.
 */
export const check = (path: string): Effect.Effect<void, ProgramError, Files> =>
  Effect.flatMap(Files, ({ directory }) =>
    Effect.mapError(
      directory(path),
      ({ message }) => new ProgramError({ message: SafeText.line(message), code: "File" })
    )
  )

/**
 * Names in `folder` that begin with `prefix`, those of folders with a slash at the end; none where it cannot be read.
 */
export type ListFolder = (folder: string, prefix: string) => Effect.Effect<ReadonlyArray<string>>

/** Looks into folders for the completion of paths. */
export const list: Effect.Effect<ListFolder, never, FileSystem.FileSystem> = Effect.map(
  FileSystem.FileSystem,
  (files) => (folder, prefix) =>
    files.readDirectory(folder).pipe(
      Effect.map((names) => names.filter((name) => name.startsWith(prefix)).slice(0, MAX_LOOKED_AT)),
      Effect.flatMap((names) =>
        Effect.forEach(names, (name) =>
          Effect.map(Effect.option(files.stat(`${folder}/${name}`)), (info) =>
            info._tag === "Some" && info.value.type === "Directory" ? `${name}/` : name
          )
        )
      ),
      Effect.orElseSucceed(() => [])
    )
)

/** Names that are looked at closer: far more than a person chooses from. */
const MAX_LOOKED_AT = 200

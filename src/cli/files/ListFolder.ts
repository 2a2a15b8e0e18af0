import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type { ListFolder } from "../terminal/Completion.js"

/** Looks into folders for the completion of paths. */
export const make: Effect.Effect<ListFolder, never, FileSystem.FileSystem> = Effect.map(
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

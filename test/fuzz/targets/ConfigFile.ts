import * as assert from "node:assert/strict"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import * as ConfigFile from "../../../src/cli/ConfigFile.js"
import { table } from "../../../src/cli/commands/Table.js"
import * as SafeText from "../../../src/domain/SafeText.js"
import * as UserFolders from "../../../src/domain/UserFolders.js"
import * as MemoryTerminal from "../../../src/layers/memory/Terminal.js"
import { Terminal } from "../../../src/services/Terminal.js"
import type { Target } from "../Target.js"

const options = table.map((row) => row.options)
const keys = options.flatMap((some) => Object.keys(some))
const value = fc.oneof(fc.string({ maxLength: 10 }), fc.integer(), fc.constantFrom(null, true, [], {}))

/** The configuration file, with the options of all commands. */
export const target: Target = {
  about: ["src/cli/ConfigFile.ts"],
  inputs: fc.dictionary(fc.constantFrom(...keys), value, { maxKeys: 4 }).map((file) => JSON.stringify(file)),
  words: keys.map((key) => `"${key}":`),
  json: true,
  most: 1_000,
  run: (input) => {
    const readFileString = () => Effect.succeed(Buffer.from(input).toString())
    const terminal = Effect.runSync(MemoryTerminal.make()).terminal
    const read = ConfigFile.sources(options, "config.json", {
      env: {},
      folders: UserFolders.of({}, "linux"),
      exposure: () => Effect.succeed(undefined)
    }).pipe(
      Effect.provide(FileSystem.layerNoop({ readFileString })),
      Effect.provideService(Terminal, terminal),
      Effect.either
    )
    const result = Effect.runSync(read)
    if (Either.isRight(result)) return ["good"]
    const { message } = result.left
    assert.ok(message.length <= 2 * input.length + 2_000, "what is wrong is said in short")
    return [SafeText.line(message.replace(/.*malformed: /, ""), 30).replace(/^[^:]*/, "")]
  }
}

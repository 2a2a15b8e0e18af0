import * as assert from "node:assert/strict"
import * as Arbitrary from "effect/Arbitrary"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import * as Command from "../../../src/cli/json/Command.js"
import * as Line from "../../../src/cli/json/Line.js"
import type { Target } from "../Target.js"
import { check } from "./SafeText.js"

/** One line of `client --json`. */
export const target: Target = {
  about: ["src/cli/json/Command.ts", "src/cli/json/Line.ts"],
  inputs: Arbitrary.make(Schema.encodedSchema(Command.Command)).map((command) => JSON.stringify(command)),
  words: ['"cmd":"', '"ref":', '"nick":"', '"text":"', '"id":"', "1e999", "\\ud83d", "[[[["],
  json: true,
  most: 3_000,
  run: (input) => {
    const decoded = Command.decode(Buffer.from(input).toString())
    if (Either.isLeft(decoded)) {
      const line = Line.encode({ event: "error", message: decoded.left.message, ref: decoded.left.ref })
      check(line.slice(0, -1))
      return [decoded.left.message.slice(0, 16)]
    }
    const line = Line.encode(decoded.right)
    check(line.slice(0, -1))
    assert.deepStrictEqual(said(Command.decode(line)), said(decoded))
    return [decoded.right.cmd]
  }
}

/** As JSON has it, where -0 is 0. */
const said = (decoded: Either.Either<unknown, unknown>): unknown => JSON.parse(JSON.stringify(decoded))

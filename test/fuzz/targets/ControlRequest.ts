import * as assert from "node:assert/strict"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { toText } from "../../../src/protocol/Bytes.js"
import * as Control from "../../../src/protocol/Control.js"
import * as ControlCodec from "../../../src/protocol/ControlCodec.js"
import { request } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const decodeBySchema = Schema.decodeUnknownEither(Control.Request)
const isRequest = Schema.is(Control.Request)
const isRefusal = Schema.is(Schema.encodedSchema(Control.Refusal))

/** One line of a client, as a server reads it. */
export const target: Target = {
  about: ["src/protocol/ControlCodec.ts"],
  inputs: request,
  words: ['"_tag":"', '"id":', '"nick":"', '"endpoints":[', "[[[[[", '{"a":', "\\u0000", "\\ud83d", "__proto__"],
  json: true,
  most: Control.MAX_REQUEST_LINE,
  run: (input) => {
    const line = toText(input)
    if (line === undefined) return []
    const decoded = ControlCodec.decodeRequest(line)
    if (Either.isLeft(decoded)) {
      const { left } = decoded
      assert.ok(isRefusal(left), "a refusal is one that the protocol knows")
      const written = ControlCodec.encodeMessage(left)
      assert.equal(written.indexOf("\n"), written.length - 1)
      assert.ok(written.length <= 1_024, "a refusal is short")
      return [left._tag]
    }
    const value = decoded.right
    assert.ok(isRequest(value))
    assert.deepStrictEqual(said(decodeBySchema(JSON.parse(line))), said(decoded), "the Schema says the same")
    assert.deepStrictEqual(said(ControlCodec.decodeRequest(JSON.stringify(value))), said(decoded))
    return [`is ${value._tag}`]
  }
}

/** Without the members that are left out: whether they are there as `undefined` is nothing. */
const said = (decoded: Either.Either<unknown, unknown>): unknown => JSON.parse(JSON.stringify(decoded))

import * as assert from "node:assert/strict"
import * as Schema from "effect/Schema"
import * as ServerCodec from "../../../src/core/control/ServerCodec.js"
import { toText } from "../../../src/protocol/Bytes.js"
import * as Control from "../../../src/protocol/Control.js"
import * as ControlCodec from "../../../src/protocol/ControlCodec.js"
import { serverMessage } from "../../protocol/Arbitrary.js"
import type { Target } from "../Target.js"

const encode = Schema.encodeSync(Control.ServerMessage)

/** One line of a server, as a client reads it. */
export const target: Target = {
  about: ["src/core/control/ServerCodec.ts"],
  inputs: serverMessage,
  words: ['"_tag":"', '"id":', '"nick":"', '"candidates":[', '"relay":{"token":"', "[[[[[", "\\ud83d", "1e999", "-0"],
  json: true,
  most: 4_096,
  run: (input) => {
    const line = toText(input)
    if (line === undefined) return []
    const decoded = ServerCodec.decode(line)
    if (decoded._tag !== "Message") return [decoded._tag]
    const { message } = decoded
    const again = ServerCodec.decode(ControlCodec.encodeMessage(encode(message)))
    assert.ok(again._tag === "Message", "what was read can be written")
    assert.deepStrictEqual(encode(again.message), encode(message))
    return [message._tag]
  }
}

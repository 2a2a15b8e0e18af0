import * as Schema from "effect/Schema"
import { ServerMessage } from "../../src/protocol/Control.js"

export type Message = typeof ServerMessage.Type

export const decodeSync = Schema.decodeUnknownSync(Schema.parseJson(ServerMessage))

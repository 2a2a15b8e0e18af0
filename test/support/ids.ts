import { MessageId } from "../../src/domain/MessageId.js"
import { PeerId } from "../../src/domain/PeerId.js"

/** Ids that a reader can tell apart, for tests of parts that never look into an id. */
export const messageId = (text: string | number): MessageId => MessageId.make(String(text), true)
export const peerId = (text: string): PeerId => PeerId.make(text, true)

import { TransferId } from "../../src/core/files/Content.js"
import { ChannelId } from "../../src/domain/ChannelId.js"
import { Fingerprint } from "../../src/domain/Fingerprint.js"
import { MessageId } from "../../src/domain/MessageId.js"
import { PeerId } from "../../src/domain/PeerId.js"

/** Ids that a reader can tell apart, for tests of parts that never look into an id. */
export const messageId = (text: string | number): MessageId => MessageId.make(String(text), true)
export const channelId = (text: string): ChannelId => ChannelId.make(text, true)
export const fingerprint = (text: string): Fingerprint => Fingerprint.make(text, true)
/** A well-formed one for each number. */
export const transferId = (number: number): TransferId => TransferId.make(number.toString(16).padStart(32, "0"))
export const peerId = (text: string): PeerId => PeerId.make(text, true)

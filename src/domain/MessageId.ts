import * as Schema from "effect/Schema"
import * as Hex from "./Hex.js"

/**
 * What a message is confirmed, repeated and kept under: 16 random bytes as lower-case hexadecimal.
 *
 * @since 0.1.0
 */
export const MessageId = Schema.String.pipe(Schema.pattern(/^[0-9a-f]{32}$/), Schema.brand("MessageId"))
/** @since 0.1.0 */
export type MessageId = typeof MessageId.Type

/** The id that is these `MESSAGE_ID_BYTES`. */
export const messageIdOf = (bytes: Uint8Array): MessageId => Hex.encode(bytes) as MessageId

export const messageIdBytes = (id: MessageId): Uint8Array => Hex.decode(id)!

/** So many that no two messages are ever given the same one by chance. */
export const MESSAGE_ID_BYTES = 16

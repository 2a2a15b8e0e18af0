import * as Bytes from "../../../protocol/Bytes.js"
import { CONNECTION_BYTES } from "../../../protocol/Handshake.js"
import type { AssociationContext } from "../AssociationContext.js"
import type { Connection } from "../Connection.js"
import type { Conversation } from "../chat/Conversation.js"
import type { Epoch } from "../keys/Epoch.js"
import type { Route } from "../Route.js"
import { mac1Of, type Received, verifyMac1 } from "./Handshake.js"
import * as Terms from "./HandshakeTerms.js"
import type { OpenIntroduction } from "./OpenIntroduction.js"

/**
 * Answers the handshakes that a peer begins. It remembers the last HS1 that it answered on each introduction, and how:
 * the same bytes get the same answer, so a peer whose HS2 was lost is served, and a replay changes nothing.
 */
export class HandshakeResponder {
  readonly #context: AssociationContext
  readonly #conversation: Conversation
  /** An answer is forgotten with its introduction. */
  readonly #answered = new WeakMap<OpenIntroduction, Answered>()

  constructor(context: AssociationContext, conversation: Conversation) {
    this.#context = context
    this.#conversation = conversation
  }

  /**
   * `true` when `packet` is the HS1 that was answered last on this introduction. Then the answer is sent again, if the
   * connection that it made is alive.
   */
  repeat(introduction: OpenIntroduction, packet: Uint8Array, route: Route): boolean {
    const answered = this.#answered.get(introduction)
    if (answered === undefined || !Bytes.equal(answered.request, packet)) return false
    if (answered.connection.ended === undefined) this.#context.transmit({ route, data: answered.reply.slice() })
    return true
  }

  /** Whether an HS1 is worth a look: its `mac1` is right, and it was not opened before. */
  isNews(introduction: OpenIntroduction, packet: Uint8Array): boolean {
    const { crypto, staticKeys } = this.#context
    return (
      verifyMac1(crypto, introduction.pairKey, staticKeys.publicKey, packet) &&
      !introduction.opened.has(Bytes.toHex(mac1Of(packet)))
    )
  }

  /**
   * The answer to an HS1 that was accepted, which gives new keys to the connection `rekeys` or, without one, makes a
   * new connection. `undefined` when the key agreement fails.
   */
  answer(received: Received, rekeys: Connection | undefined, now: number): Answer | undefined {
    const { entropy, indexes } = this.#context
    const { attempt, connection } = received.payload
    const localId = rekeys?.localId ?? entropy.bytes(CONNECTION_BYTES)
    const index = indexes.allocate()
    const reply = received.reply(Terms.payload(this.#context, this.#conversation, attempt, localId, connection), index)
    if (reply === undefined) return undefined
    return { reply: reply.packet, localId, epoch: Terms.epochOf(this.#context, reply.result, index, false, now) }
  }

  /** `request` was answered with `reply`, for this connection. */
  remember(introduction: OpenIntroduction, request: Uint8Array, reply: Uint8Array, connection: Connection): void {
    this.#answered.set(introduction, { request: request.slice(), reply, connection })
  }
}

export interface Answer {
  /** HS2. */
  readonly reply: Uint8Array
  /** The name of our end of the connection. */
  readonly localId: Uint8Array
  readonly epoch: Epoch
}

interface Answered {
  readonly request: Uint8Array
  readonly reply: Uint8Array
  readonly connection: Connection
}

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PeerId } from "../core/peer/Api.js"
import { ClientError } from "./Client.js"
import type { Conversation, Conversations } from "./Conversations.js"
import type { EventQueue } from "./EventQueue.js"
import type { Introducer } from "./Introducer.js"
import type { ServerLink } from "./ServerLink.js"

/**
 * Asks again, one at a time and at the pace that the server allows, for peers that we asked for and lost: after an outage of the
 * server, a timeout, a peer's restart. What fails here is tried again at the next of these occasions.
 */
export interface Healer {
  readonly heal: (peer: PeerId) => void
  /** Everybody we asked for who is not connected and did not say goodbye. */
  readonly healAll: () => void
}

export const make = (
  conversations: Conversations,
  events: EventQueue,
  server: ServerLink,
  introducer: Introducer
): Effect.Effect<Healer, never, Scope.Scope> =>
  Effect.gen(function* () {
    /** Bounded by the number of conversations. */
    const waiting = new Set<PeerId>()
    const work = yield* Effect.makeLatch(false)

    const heal = (peer: PeerId) => {
      if (conversations.get(peer)?.asked !== true) return
      waiting.add(peer)
      work.unsafeOpen()
    }

    const askAgain = (conversation: Conversation) =>
      Effect.async<Conversation | ClientError>((resume) =>
        introducer.askAgain(conversation, (result) => resume(Effect.succeed(result)))
      )

    yield* Effect.forkScoped(
      Effect.gen(function* () {
        while (true) {
          yield* work.await
          const next = waiting.values().next()
          if (next.done === true) {
            work.unsafeClose()
            continue
          }
          waiting.delete(next.value)
          const conversation = conversations.get(next.value)
          // Without a server there is no introduction to be had; the next registration comes back to all of them.
          if (conversation?.asked !== true || !server.up()) continue
          const result = yield* askAgain(conversation)
          if (!(result instanceof ClientError)) continue
          if (result.code === "RateLimited") {
            waiting.add(conversation.peer)
            yield* Effect.sleep(Duration.millis(Math.min(Math.max(result.retryAfterMs ?? 0, PAUSE), LONGEST_PAUSE)))
          } else if (result.code === "KeyChanged") {
            const { code, message } = result
            events.offer({ _tag: "Failed", code, message, peer: conversation.nick })
          }
        }
      })
    )

    return {
      heal,
      healAll: () => {
        for (const { asked, connected, departed, peer } of conversations.all())
          if (asked && !connected && !departed) heal(peer)
      }
    }
  })

/** Milliseconds: the pace at which a server lets queries through once the first ten are spent. */
const PAUSE = 1_000
/** A minute: what a server may ask for at most, so that one reply cannot stop the healing. */
const LONGEST_PAUSE = 60_000

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { ClientError } from "../core/client/ClientError.js"
import type { Conversation, Conversations } from "../core/client/Conversations.js"
import type { PendingPeers } from "../core/client/PendingPeers.js"
import type { PeerId } from "../domain/PeerId.js"
import type { EventQueue } from "./EventQueue.js"
import type { Introducer } from "./Introducer.js"
import type { ServerLink } from "./ServerLink.js"

/**
 * Asks again, one at a time and at the pace that the server allows, for peers that we asked for and lost: after an
 * outage of the server, a timeout, a peer's restart; and for those that messages of an earlier process wait for. What
 * fails here is tried again at the next of these occasions.
 */
export interface Healer {
  readonly heal: (peer: PeerId) => void
  /** Who is called so, if messages of an earlier process wait for them. */
  readonly healKept: (nick: string) => void
  /**
   * Everybody we asked for, or have kept messages for, who is not connected, or only over the relay, and did not say
   * goodbye.
   */
  readonly healAll: () => void
}

export const make = (
  conversations: Conversations,
  events: EventQueue,
  server: ServerLink,
  introducer: Introducer,
  kept: PendingPeers
): Effect.Effect<Healer, never, Scope.Scope> =>
  Effect.gen(function* () {
    /** Bounded by the number of conversations and of peers in the journal. */
    const waiting = new Set<PeerId>()
    const work = yield* Effect.makeLatch(false)

    const heal = (peer: PeerId) => {
      if (!isWanted(peer)) return
      waiting.add(peer)
      work.unsafeOpen()
    }

    const isWanted = (peer: PeerId) => conversations.get(peer)?.asked === true || kept.nickOf(peer) !== undefined

    const ask = (peer: PeerId) =>
      Effect.async<Conversation | ClientError>((resume) => {
        const done = (result: Conversation | ClientError) => resume(Effect.succeed(result))
        const nick = kept.nickOf(peer)
        if (nick === undefined) introducer.askAgain(conversations.get(peer)!, done)
        else introducer.resume(nick, peer, () => isWanted(peer), done)
      })

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
          const peer = next.value
          // Without a server there is no introduction to be had; the next registration comes back to all of them.
          if (!isWanted(peer) || !server.up()) continue
          const nick = conversations.get(peer)?.nick ?? kept.nickOf(peer)!
          const result = yield* ask(peer)
          if (!(result instanceof ClientError)) continue
          if (result.code === "RateLimited") {
            waiting.add(peer)
            yield* Effect.sleep(Duration.millis(Math.min(Math.max(result.retryAfterMs ?? 0, PAUSE), LONGEST_PAUSE)))
          } else if (result.code === "KeyChanged") {
            const { code, message } = result
            events.offer({ _tag: "Failed", code, message, nick })
          }
        }
      })
    )

    return {
      heal,
      healKept: (nick) => {
        const peer = kept.byNick(nick)
        if (peer !== undefined && kept.nickOf(peer) !== undefined) heal(peer)
      },
      healAll: () => {
        for (const { asked, connected, departed, path, peer } of conversations.all())
          if (asked && !departed && (!connected || path === "relay")) heal(peer)
        for (const peer of kept.all()) if (kept.nickOf(peer) !== undefined) heal(peer)
      }
    }
  })

/** Milliseconds: the pace at which a server lets queries through once the first ten are spent. */
const PAUSE = 1_000
/** A minute: what a server may ask for at most, so that one reply cannot stop the healing. */
const LONGEST_PAUSE = 60_000

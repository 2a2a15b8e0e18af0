import type { Effect } from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { YieldWrap } from "effect/Utils"
import type { Sim } from "parley-chat/sim"
import { Introducer } from "../../src/core/client/Introducer.js"
import { Reintroduction } from "../../src/core/client/Reintroduction.js"
import { Conversation } from "../../src/core/peer/chat/Conversation.js"
import { Peers } from "../../src/core/peer/Peers.js"
import { Path } from "../../src/core/peer/path/Path.js"
import { ReceiveStream } from "../../src/core/peer/stream/ReceiveStream.js"
import { SendStream } from "../../src/core/peer/stream/SendStream.js"
import { RegistryMachine } from "../../src/core/rendezvous/RegistryMachine.js"
import * as Hostile from "./Hostile.js"
import * as Nicknames from "./Nicknames.js"
import * as Outages from "./Outages.js"
import * as Swarm from "./Swarm.js"

/** A bug that somebody might well make, and the scenario that is to find it. */
export interface Plant {
  readonly bug: string
  readonly scenario: () => Generator<YieldWrap<Effect<unknown, unknown, Sim | Scope>>, unknown, never>
  /** Puts the bug into the product. Gives what takes it out again. */
  readonly put: () => () => void
}

export const plants: ReadonlyArray<Plant> = [
  {
    bug: "a message that comes again is shown again",
    scenario: Outages.readerDies,
    put: () => {
      const seen = new WeakMap<Conversation, Set<string>>()
      return patch(
        Conversation.prototype,
        "onText",
        (onText) =>
          function (this: Conversation, id, text, ...rest) {
            const ids = seen.get(this) ?? new Set()
            seen.set(this, ids)
            const again = ids.has(id)
            ids.add(id)
            const result = onText.call(this, id, text, ...rest)
            if (again) this["emit"]({ _tag: "Message", peer: this.peer, id, text })
            return result
          }
      )
    }
  },
  {
    bug: "bytes that come early are taken for the next ones",
    scenario: Swarm.twoPeople,
    put: () =>
      patch(
        ReceiveStream.prototype,
        "receive",
        (receive) =>
          function (this: ReceiveStream, offset, data, limit) {
            return receive.call(this, Math.min(offset, this.offset), data, limit)
          }
      )
  },
  {
    bug: "a message is acknowledged when it arrives, not when it was shown",
    scenario: Swarm.twoPeople,
    put: () => {
      const arrived = new WeakMap<Peers, number>()
      return patch(
        Peers.prototype,
        "pollEvent",
        (pollEvent) =>
          function (this: Peers) {
            const event = pollEvent.call(this)
            if (event?._tag === "Message") this.delivered(event.peer, event.id, arrived.get(this) ?? 0)
            return event
          }
      )
    }
  },
  {
    bug: "being asked for counts as asking",
    scenario: Swarm.twoPeople,
    put: () =>
      patch(
        Introducer.prototype,
        "incoming",
        (incoming) =>
          function (this: Introducer, offered, now) {
            incoming.call(this, offered, now)
            const conversation = this["client"].conversations.byNick(offered.nick)
            if (conversation !== undefined) this.consent(conversation, now)
          }
      )
  },
  {
    bug: "an answer that comes after the goodbye opens the conversation again",
    scenario: Swarm.fickle,
    put: () => patch(Reintroduction.prototype, "isWanted", () => () => true)
  },
  {
    bug: "a changed key is trusted before anybody was asked",
    scenario: Outages.lostKey,
    put: () =>
      patch(
        Introducer.prototype,
        "handleAnswer",
        (handleAnswer) =>
          function (this: Introducer, purpose, answer, isWanted, now) {
            const outcome = handleAnswer.call(this, purpose, answer, isWanted, now)
            const error = outcome._tag === "Changed" ? outcome.error : undefined
            const offered = error?._tag === "KeyChanged" ? error.change?.offered : undefined
            if (offered === undefined) return outcome
            this.trust(purpose.nick, offered, now)
            return handleAnswer.call(this, purpose, answer, isWanted, now)
          }
      )
  },
  {
    bug: "a session that was lost keeps its nickname for ever",
    scenario: Nicknames.handToHand,
    put: () =>
      patch(
        RegistryMachine.prototype,
        "release",
        (release) =>
          function (this: RegistryMachine, session, hold, now) {
            if (!hold) release.call(this, session, hold, now)
          }
      )
  },
  {
    bug: "a nickname is not held for its owner",
    scenario: Nicknames.handToHand,
    put: () =>
      patch(
        RegistryMachine.prototype,
        "release",
        (release) =>
          function (this: RegistryMachine, session, _hold, now) {
            release.call(this, session, false, now)
          }
      )
  },
  {
    bug: "lost packets are not sent again",
    scenario: Swarm.twoPeople,
    put: () => patch(SendStream.prototype, "onLost", () => () => {})
  },
  {
    bug: "what was under way when a connection broke is forgotten",
    scenario: Outages.readerDies,
    put: () => patch(Conversation.prototype, "restart", () => () => {})
  },
  {
    bug: "a confirmation is forgotten now and then",
    scenario: Hostile.badNetwork,
    put: () => {
      let count = 0
      return patch(
        Conversation.prototype,
        "written",
        (written) =>
          function (this: Conversation, entry) {
            if (entry._tag !== "Shown" || ++count % 10 !== 0) written.call(this, entry)
          }
      )
    }
  },
  {
    bug: "a path is trusted for ever",
    scenario: Outages.roaming,
    put: () => patch(Path.prototype, "trusted", () => () => true)
  }
]

/** Puts another method in the place of one. */
const patch = <T extends object, K extends keyof T>(
  target: T,
  key: K,
  make: (original: T[K]) => T[K]
): (() => void) => {
  const original = target[key]
  target[key] = make(original)
  return () => {
    target[key] = original
  }
}

import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import { type RulePacket, Sim } from "parley-chat/sim"
import { PacketType } from "../../src/protocol/DataPacket.js"
import type { Arrangement } from "./Places.js"
import * as Talk from "./Talk.js"

/** A conversation in which nobody says anything. */
export interface Idle {
  /** Packets that the busier side sends for it in a minute. */
  readonly packetsPerMinute: number
  /** What the first message after the silence took, in virtual ms. */
  readonly nextMs: number
  /** Path changes and interruptions while nobody said anything. */
  readonly changes: number
}

/** Two people who talk for a moment and are silent for ten minutes. */
export const idle = (where: Arrangement): Effect.Effect<Idle, unknown, Sim | Scope> =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const talk = yield* Talk.begin(where)
    yield* talk.chat(500, 2_000)
    yield* talk.delivered(10_000)
    yield* Effect.sleep(CALM)
    const sent = { alice: 0, bob: 0 }
    yield* sim.rule((packet) => {
      if (isOfTheConversation(packet)) sent[packet.from as "alice" | "bob"]++
      return "pass"
    })
    const people = [talk.alice, talk.bob].map((person) => talk.watch(person))
    const changes = () => people.reduce((sum, each) => sum + each.changes, 0)
    const before = changes()
    yield* Effect.sleep(MINUTES * 60_000)
    const packets = Math.max(sent.alice, sent.bob)
    const changed = changes() - before
    const at = sim.now()
    yield* Effect.all([talk.say(talk.alice), talk.say(talk.bob)])
    yield* talk.delivered(10_000)
    const nextMs = Math.max(...people.map(({ messagesAt }) => messagesAt.at(-1)! - at))
    return { packetsPerMinute: packets / MINUTES, nextMs, changes: changed }
  })

/**
 * To the peer, or to the relay for it, by UDP or over the control link; questions to the reflector serve all peers at
 * once.
 */
const isOfTheConversation = ({ data, from, protocol, to }: RulePacket): boolean => {
  if (from === "server") return false
  if (protocol === "tcp") return Buffer.from(data).includes('"Relay"')
  return to !== "server" || data[0] === PacketType.relay
}

/** Virtual ms after the last word from which on there are keepalives only. */
const CALM = 60_000
const MINUTES = 10

import * as Effect from "effect/Effect"
import type { Scope } from "effect/Scope"
import type { Sim } from "parley-chat/sim"
import type { Arrangement, Way } from "./Places.js"
import * as Talk from "./Talk.js"

/** What came of one conversation. Times are virtual ms from the moment at which both sides had been introduced. */
export interface Meeting {
  /** On which path each side was in the end; `undefined` for none. */
  readonly ways: readonly [Way | undefined, Way | undefined]
  /** Until the first message, which was written at that moment, was shown. */
  readonly firstMs: number
  /** Until both sides were on a path that is no relay, and stayed there. */
  readonly directMs: number | undefined
}

/**
 * The real server and two real clients, one of which (bob under even seeds) asks for the other and writes at once;
 * later the other asks back and answers. All laws hold all the while, or the run fails; it fails as well when a message
 * is not delivered.
 */
export const meet = (where: Arrangement): Effect.Effect<Meeting, unknown, Sim | Scope> =>
  Effect.gen(function* () {
    const talk = yield* Talk.gather(where)
    const { alice, bob, sim } = talk
    const [asker, asked] = sim.seed % 2 === 0 ? [bob, alice] : [alice, bob]
    const [askers, askeds] = [talk.watch(asker), talk.watch(asked)]

    yield* Talk.asks(asker, asked)
    const introduced = sim.now()
    yield* talk.say(asker)
    yield* sim.eventually("the first message is shown", () => askeds.messagesAt.length > 0, "20 seconds")
    const since = Math.max(introduced, askeds.incomingAt ?? 0)
    const isDirect = () => askers.directAt !== undefined && askeds.directAt !== undefined
    if (where.theory === "relay") yield* Effect.sleep(PATIENCE)
    else yield* sim.eventually("both are on a direct path", isDirect, "40 seconds")

    yield* Talk.asks(asked, asker)
    yield* Effect.all([talk.say(asked), talk.say(asker)])
    yield* talk.delivered(10_000)
    yield* Effect.sleep(AFTERWARDS)
    return {
      ways: [talk.watch(alice).way, talk.watch(bob).way],
      firstMs: askeds.messagesAt[0]! - since,
      directMs: isDirect() ? Math.max(0, askers.directAt! - since, askeds.directAt! - since) : undefined
    }
  })

/** Virtual ms after which a direct path that theory denies would have come up. */
const PATIENCE = 8_000
/** Virtual ms in which a path that was chosen too early would be left again. */
const AFTERWARDS = 2_000

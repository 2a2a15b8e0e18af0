import * as Effect from "effect/Effect"
import { run } from "../../src/sim/Run.js"
import { settles } from "../product/Settling.js"
import * as Town from "../product/Town.js"
import { NAMES, peerOf, type Script, TROUBLE_MS } from "./Script.js"

/**
 * Plays a script with whole clients and the whole server, programs on machines: what `Callbacks.play` does without
 * them.
 */
export const play = (script: Script) => run(script.world, scenario(script))

const scenario = ({ deeds, faults, nat, outages }: Script) =>
  Effect.gen(function* () {
    const town = yield* Town.make({
      people: NAMES,
      punctual: true,
      person: (name) => ({
        client: { portMapping: false },
        ...(name === "bob" && nat !== undefined ? { host: { nat } } : {})
      })
    })
    const { server, sim } = town
    yield* sim.follow(faults)
    const failing = Effect.forEach(
      outages,
      ({ atMs, forMs, how }) =>
        Effect.delay(Effect.uninterruptible(server[how]), atMs).pipe(
          Effect.zipRight(Effect.delay(server.restart, forMs))
        ),
      { concurrency: "unbounded" }
    ).pipe(Effect.timeoutOption(TROUBLE_MS))
    const doing = Effect.forEach(
      deeds,
      ({ atMs, length, what, who }) => {
        const [person, peer] = [town.person(who), town.person(peerOf(who))]
        const deed = {
          ask: () => person.query(peer),
          say: () => person.say(peer, length),
          leave: () => person.leave(peer)
        }
        return Effect.delay(Effect.suspend(deed[what]), atMs)
      },
      { concurrency: "unbounded" }
    ).pipe(Effect.timeoutOption(TROUBLE_MS))
    yield* Effect.all([failing, doing, Effect.sleep(TROUBLE_MS)], { concurrency: "unbounded" })
    yield* sim.quiesce
    yield* Effect.unless(server.restart, () => server.machine.running)
    yield* settles(town)
    return town.ledger.stats
  })

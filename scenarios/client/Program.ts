import * as Effect from "effect/Effect"
import { run } from "../../src/sim/Run.js"
import { settles } from "../product/Settling.js"
import * as Town from "../product/Town.js"
import { isPunctual, type Script } from "./Script.js"

/**
 * Plays a script with whole clients and the whole server, programs on machines: what `Callbacks.play` does without
 * them.
 */
export const play = (script: Script) => run(script.world, scenario(script))

const scenario = (script: Script) =>
  Effect.gen(function* () {
    const { deeds, faults, outages, people, troubleMs } = script
    const town = yield* Town.make({
      people: people.map(({ name }) => name),
      punctual: isPunctual(script),
      person: (name) => {
        const nat = people.find((person) => person.name === name)!.nat
        return { client: { portMapping: false }, ...(nat === undefined || nat === "home" ? {} : { host: { nat } }) }
      }
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
    ).pipe(Effect.timeoutOption(troubleMs))
    const doing = Effect.forEach(
      deeds,
      ({ atMs, length, to, what, who }) => {
        const [person, peer] = [town.person(who), town.person(to)]
        const deed = {
          ask: () => person.query(peer),
          say: () => person.say(peer, length),
          leave: () => person.leave(peer),
          // Groups are for those who have a ledger of them.
          ...{ gather: nothing, join: nothing, tell: nothing, depart: nothing },
          quit: () => Effect.as(Effect.zipRight(person.exit, Effect.delay(person.start, length)), "ok")
        }
        return Effect.delay(Effect.suspend(deed[what]), atMs)
      },
      { concurrency: "unbounded" }
    ).pipe(Effect.timeoutOption(troubleMs))
    yield* Effect.all([failing, doing, Effect.sleep(troubleMs)], { concurrency: "unbounded" })
    yield* sim.quiesce
    yield* Effect.unless(server.restart, () => server.machine.running)
    yield* settles(town)
    return town.ledger.stats
  })

const nothing = () => Effect.succeed("ok")

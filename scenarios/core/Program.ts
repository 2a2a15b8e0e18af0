import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Alarm from "../../src/services/Alarm.js"
import { Crypto } from "../../src/services/Crypto.js"
import { Datagrams } from "../../src/services/Datagrams.js"
import * as Time from "../../src/services/Time.js"
import type { Network } from "../../src/sim/network/Network.js"
import { run } from "../../src/sim/Run.js"
import { Sim } from "../../src/sim/Sim.js"
import { type Action, LENGTH_MS, type Person, type Script } from "./Script.js"
import { Talker } from "./Talker.js"

/**
 * Plays a script as programs of Effect, each on a simulated machine of its own with the services that the product has.
 */
export const play = async (script: Script, watch: (network: Network) => void): Promise<ReadonlyArray<Talker>> => {
  const talkers: Array<Talker> = []
  const scenario = Effect.gen(function* () {
    const sim = yield* Sim
    watch(sim.world.network)
    for (const { person, actions } of script.people) {
      const talk = program(script, person, actions, (talker) => talkers.push(talker))
      yield* sim.host(person.name, { ipv4: person.endpoint.address }, talk)
    }
    yield* Effect.sleep(LENGTH_MS)
  })
  const { exit } = await run(script.world, scenario)
  if (Exit.isFailure(exit)) throw new Error(Cause.pretty(exit.cause))
  return script.people.map(({ person }) => talkers.find((talker) => talker.person === person)!)
}

const program = (script: Script, person: Person, actions: ReadonlyArray<Action>, onStart: (talker: Talker) => void) =>
  Effect.gen(function* () {
    const datagrams = yield* Datagrams
    const crypto = yield* Crypto
    const time = yield* Time.make
    const socket = yield* datagrams.bind({
      family: "ipv4",
      port: person.endpoint.port,
      onDatagram: (from, data) => talker.receive(from, data),
      onIdle: () => talker.drain()
    })
    const alarm = yield* Alarm.make((now) => talker.ring(now))
    const talker = new Talker(script, person, { crypto, now: time.monotonic, send: socket.send, alarm: alarm.set })
    onStart(talker)
    for (const action of actions) {
      yield* Effect.sleep(action.pauseMs)
      talker.act(action)
    }
    yield* Effect.never
  }).pipe(Effect.scoped)

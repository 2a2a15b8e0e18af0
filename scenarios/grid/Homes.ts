import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import { type Fault, Nat, Sim } from "parley-chat/sim"
import { examine } from "../../src/cli/doctor/Diagnosis.js"
import * as Report from "../../src/cli/doctor/Report.js"
import type { ClientOptions } from "../../src/client/ClientOptions.js"
import type { Why } from "../../src/core/client/Why.js"
import { PortMapping } from "../../src/services/PortMapping.js"
import { services } from "../../src/sim/Machine.js"
import { pointAt } from "../../src/sim/network/AddressBook.js"
import type { Person } from "../product/Person.js"
import type { TownOptions } from "../product/Town.js"
import { type Arrangement, between, type Kind, kindOf, NEIGHBOURS, type Way } from "./Places.js"
import * as Talk from "./Talk.js"

/** Two homes, as people have them, and the truth about the way between them. */
export interface Homes {
  readonly name: string
  readonly place: Arrangement["place"]
  /** `none`: there is no way, and nobody is connected. */
  readonly theory: Way | "none"
  /** Whose router forwards ports. */
  readonly forwards?: ReadonlyArray<string>
  readonly faults?: ReadonlyArray<Fault>
  readonly server?: TownOptions["server"]
  readonly serverHost?: TownOptions["serverHost"]
  /** Both say so many characters some times, and hear them. */
  readonly words?: number
  readonly client?: Readonly<Record<string, ClientOptions>>
}

/** What one side is told: by `/why` of the other, and by `doctor` of itself. */
export interface Told {
  readonly why: Why
  readonly doctor: Report.Report
}

/** What both are told `afterMs` after they have asked for each other and are where theory says. */
export const look = (homes: Homes, afterMs: number) =>
  Effect.gen(function* () {
    const sim = yield* Sim
    const { faults = [], theory } = homes
    for (const fault of faults) yield* sim.begin(fault)
    const talk = yield* Talk.gather(
      { ...homes, theory: theory === "none" ? "relay" : theory },
      {
        ...(homes.server === undefined ? {} : { server: homes.server }),
        ...(homes.serverHost === undefined ? {} : { serverHost: homes.serverHost }),
        person: (name) => ({
          // What is to be explained is why theory does not let them past the relay.
          client: { portGuessing: false, ...homes.client?.[name] },
          ...(homes.forwards?.includes(name) === true ? { mapping: mappingOf(sim, name) } : {})
        })
      }
    )
    yield* Talk.asks(talk.alice, talk.bob)
    yield* Talk.asks(talk.bob, talk.alice)
    if (theory !== "none") yield* talk.arrives(theory, 40_000)
    for (let time = 0; time < (homes.words === undefined ? 0 : TIMES); time++) {
      yield* Effect.zip(talk.say(talk.alice, homes.words), talk.say(talk.bob, homes.words))
      yield* talk.delivered(20_000)
    }
    yield* Effect.sleep(afterMs)
    const way = talk.way
    const alice = yield* told(talk, talk.alice, homes)
    return { way, alice, bob: yield* told(talk, talk.bob, homes) }
  })

const told = (talk: Talk.Talk, person: Person, { forwards }: Homes) =>
  Effect.gen(function* () {
    const peer = person === talk.alice ? talk.bob : talk.alice
    const why = Either.getOrThrow((yield* person.call((client) => client.why(peer.nick)))!)
    const { host, process } = person.host.machine
    const asks = examine({ servers: [{ host: "server", port: 9090 }], stun: [], portMapping: true }, () => Effect.void)
    const findings = yield* (
      forwards?.includes(person.name) === true
        ? Effect.provideService(asks, PortMapping, mappingOf(talk.sim, person.name))
        : asks
    ).pipe(Effect.provide(Layer.succeedContext(services(talk.sim.world, host, undefined, process))))
    return { why, doctor: Report.make(findings) } satisfies Told
  })

/** The router in front of this machine forwards what it is asked for, and claims its own outer address. */
const mappingOf = (sim: Sim["Type"], name: string): Context.Tag.Service<PortMapping> => ({
  forward: ({ onExternal, port }) =>
    Effect.gen(function* () {
      const { ipv4, router } = sim.world.machines.get(name)!.host
      const { nat } = router!
      yield* Effect.acquireRelease(
        Effect.sync(() => nat.forward(pointAt(ipv4!, port), port)),
        (close) => Effect.sync(close)
      )
      onExternal(sim.world.network.book.endpoint(pointAt(nat.outer, port)))
      return { renew: () => {} }
    })
})

/** As often as a size of packets is tried, and a little more. */
const TIMES = 5

/** The router of this behaviour, and nothing else. */
export const behind = (config: Nat.NatConfig): Kind => ({
  ...kindOf("port-restricted"),
  place: () => Effect.succeed({ nat: config })
})

/** Ports are not kept, and nothing is turned round. */
export const shifted = (config: Nat.NatConfig): Nat.NatConfig => ({ ...config, ports: "random", hairpin: false })

/** A provider's NAT and one at home. */
export const double = (outer: Nat.NatConfig, inner: Nat.NatConfig): Kind => ({
  ...kindOf("port-restricted"),
  place: (host) =>
    Effect.gen(function* () {
      const sim = yield* Sim
      const carrier = yield* sim.router(`${host}/carrier`, outer, { prefix: "100.64.0." })
      return { nat: yield* sim.router(`${host}/home`, inner, { behind: carrier }) }
    })
})

/** A phone in a provider's network, and a home in the same. */
export const PHONE_AND_HOME: Arrangement["place"] = Effect.gen(function* () {
  const sim = yield* Sim
  const carrier = yield* sim.router("carrier", shifted(Nat.carrierGrade), { prefix: "100.64.0." })
  return [{ nat: carrier }, { nat: yield* sim.router("home", Nat.portRestricted, { behind: carrier }) }] as const
})

export const neighbours = (name: string): Arrangement => NEIGHBOURS.find((each) => each.name === name)!

export const homes = (
  name: string,
  theory: Homes["theory"],
  where: readonly [Kind, Kind] | Arrangement["place"],
  rest: Omit<Homes, "name" | "theory" | "place"> = {}
): Homes => ({ name, theory, place: Effect.isEffect(where) ? where : between(...where).place, ...rest })
